//! How fast gigabytes are searched for tens of thousands of people, beside ripgrep looking for fixed strings.

#[allow(dead_code, reason = "no cache is involved")]
mod common;
#[path = "worlds/rng.rs"]
mod rng;
#[path = "worlds/residue.rs"]
mod world;

use anyhow::{Result, ensure};
use common::{Contender, Number, Setup, in_turn, measure::Job, report};
use crosscheck::residue::{HitKind, Options, Place, scan};
use std::{env, path::Path, process::Command};

const GB: Number = ("gb", 2, 1, "Billions of bytes of plain text (--quick: 20 million)");
const SUBJECTS: Number = ("subjects", 20_000, 1_000, "People who asked to be deleted");

const LINES: &[(&str, &str)] = &[
    ("scan", "the scan of `gdpr-delete`; must: 2 GB for 20,000 people in 15 s, aim 10 s, under 500 MB"),
    ("rg", "rg -F -f PATTERNS: four fixed strings each, in one case and no other form"),
];

/// The first argument of the process that scans and does nothing else; then the tree and the number of subjects.
const SCAN: &str = "--scan-one-tree";

fn main() -> Result<()> {
    let mut words = env::args().skip(1);
    if words.next().as_deref() == Some(SCAN) {
        return scanned(&words.next().unwrap_or_default(), words.next().unwrap_or_default().parse()?);
    }
    let about = "Searches made-up files of several systems for people who asked to be deleted";
    let Some(setup) = Setup::read("residue", about, LINES, &[GB, SUBJECTS], Vec::new())? else {
        return Ok(());
    };
    let quick = setup.own.get_flag("quick");
    let bytes = setup.number(GB) * if quick { 20_000_000 } else { 1_000_000_000 };
    let subjects = setup.number(SUBJECTS);
    let made = world::residue(&setup.dir, bytes, subjects)?;
    report::circumstances(&setup.tool.versions()?);
    report::say(format_args!(
        "{} people in {} bytes of plain text, {} runs of each in turn; the files lie in memory.\n",
        report::grouped(subjects),
        report::grouped(bytes),
        setup.runs
    ));
    let tree = made.file("tree");
    let mut all = Vec::new();
    if setup.wants("scan") {
        let program = env::current_exe()?.display().to_string();
        let words = vec![program, SCAN.to_owned(), tree.clone(), subjects.to_string()];
        all.push(contender("scan", words, setup.tool.place("scan")?, &[0]));
    }
    if setup.wants("rg") {
        if Command::new("rg").arg("--version").output().is_ok_and(|o| o.status.success()) {
            let words = ["rg", "-F", "-c", "--no-ignore", "-f", &made.file("patterns"), &tree];
            all.push(contender("rg", words.map(str::to_owned).into(), setup.tool.place("rg")?, &[0, 1]));
        } else {
            report::skipped("rg", "ripgrep is not installed");
        }
    }
    let samples = in_turn(&all, setup.runs)?;
    if let Some(scan) = all.iter().find(|c| c.name == "scan") {
        let counts: serde_json::Value = serde_json::from_str(&scan.job.printed()?)?;
        ensure!(counts == made.answer["counts"], "found {counts}, planted {}", made.answer["counts"]);
    }
    let first = samples.first().map(|s| s.wall()[1]);
    let mut rows = Vec::new();
    for (contender, samples) in all.iter().zip(&samples) {
        let mut cells = vec![contender.name.clone()];
        cells.extend(report::cells(samples));
        let ratio = first.map_or(0.0, |f| samples.wall()[1].as_secs_f64() / f.as_secs_f64());
        cells.extend([
            report::grouped((bytes as f64 / 1e6 / samples.wall()[1].as_secs_f64()) as u64),
            format!("{ratio:.2}"),
        ]);
        rows.push(cells);
    }
    report::table(&report::head(&["program"], &["MB/s", "× the first"]), 1, &rows);
    Ok(())
}

fn contender(name: &str, words: Vec<String>, home: std::path::PathBuf, codes: &'static [i32]) -> Contender {
    Contender { name: name.to_owned(), before: Box::new(|| Ok(())), job: Job { words, home }, codes }
}

/// Scans, and prints how many lines hold each form.
fn scanned(tree: &str, subjects: u64) -> Result<()> {
    let places = [Place { label: "all".to_owned(), path: Path::new(tree).to_owned() }];
    let found = scan(&world::subjects(subjects), &places, &Options::default())?;
    ensure!(found.troubles.is_empty() && found.unsearched.is_empty(), "something was not searched");
    let kinds = [
        HitKind::Email,
        HitKind::EmailPlusTag,
        HitKind::EmailEncoded,
        HitKind::EmailSha256,
        HitKind::Phone,
        HitKind::Name,
        HitKind::Id,
    ];
    let lines = |kind| {
        let kept = found.hits.iter().filter(|h| h.kind == kind).count() as u64;
        kept + found.beyond.iter().filter(|b| b.kind == kind).map(|b| b.lines).sum::<u64>()
    };
    report::say(format_args!("{:?}", kinds.map(lines)));
    Ok(())
}

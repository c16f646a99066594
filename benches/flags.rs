//! How fast `flags-audit --code` looks for hundreds of flags in a source tree, beside ripgrep.

#[allow(dead_code, reason = "the rows are looked at, which the shared report leaves out")]
mod common;
#[path = "worlds/rng.rs"]
mod rng;

use anyhow::{Result, ensure};
use common::{
    Contender, Number, Setup, cold,
    data::{Made, Table, made},
    in_turn,
    measure::Job,
    report, warm,
};
use rng::Dice;
use serde_json::{Value, json};
use std::{fs, path::Path, process::Command};

const FILES: Number = ("files", 20_000, 500, "Files of the source tree");
const MEGABYTES: Number = ("megabytes", 200, 5, "Its size, in millions of bytes");
const FLAGS: Number = ("flags", 500, 100, "Flags that are looked for");

const AS_OF: &str = "2026-11-05T06:00:00Z";

const LINES: &[(&str, &str)] = &[
    ("cold", "without a cache"),
    ("warm", "with the cache of the run before: must 2 s"),
    ("rg", "rg -F -f PATTERNS TREE"),
];

/// Words of code, none of which is a word of a flag.
const CODE: &[&str] = &[
    "const",
    "return",
    "function",
    "if",
    "else",
    "await",
    "async",
    "import",
    "from",
    "export",
    "class",
    "this",
    "value",
    "index",
    "result",
    "response",
    "request",
    "user",
    "account",
    "total",
    "items",
    "map",
    "filter",
    "length",
    "=>",
    "===",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ";",
    ",",
    "+",
    "null",
    "true",
    "false",
    "new",
    "type",
    "interface",
    "string",
    "number",
    "props",
    "state",
    "render",
    "fetch",
    "error",
    "config",
    "options",
];

/// Words of flags.
const NAMES: &[&str] = &[
    "checkout", "invoice", "report", "grid", "banner", "editor", "sidebar", "export", "search", "wizard",
    "upload", "digest", "theme", "roster", "ledger", "canvas", "inbox", "badge", "teaser", "gallery",
];

fn words(flag: u64) -> [String; 3] {
    let name = |n: u64| NAMES[(n % NAMES.len() as u64) as usize].to_owned();
    [name(flag), name(flag / 20 + flag % 7), format!("v{flag}")]
}

/// The six spellings of a flag; the first is as written.
fn spellings(flag: u64) -> [String; 6] {
    let words = words(flag);
    let high = |w: &String| w[..1].to_uppercase() + &w[1..];
    let pascal = words.iter().map(high).collect::<String>();
    let camel = format!("{}{}", words[0], words[1..].iter().map(high).collect::<String>());
    let snake = words.join("_");
    [words.join("-"), snake.clone(), camel, pascal, snake.to_uppercase(), words.join(".")]
}

/// A tree of TypeScript-like files in which every second flag stands, a reference in every fourth file.
fn world(dir: &Path, files: u64, megabytes: u64, flags: u64) -> Result<Made> {
    made(dir, &format!("flags-{files}-{megabytes}-{flags}"), |folder| {
        let mut dice = Dice::new(7);
        let mut table =
            Table::create(folder, "flags.csv", "flag,owner,created_at,kind,status,rollout_percent")?;
        for flag in 0..flags {
            table.row(format_args!("{},web,2026-01-01T00:00:00Z,release,active,50", spellings(flag)[0]))?;
        }
        table.finish()?;
        let mut patterns = Table::create(folder, "patterns.txt", "")?;
        for spelling in (0..flags).flat_map(spellings) {
            patterns.row(format_args!("{spelling}"))?;
        }
        patterns.finish()?;
        let (mut bytes, mut references) = (0, 0);
        let each = megabytes * 1_000_000 / files;
        for file in 0..files {
            let place = folder.join(format!("tree/part{:02}/deep{}", file % 50, file % 7));
            fs::create_dir_all(&place)?;
            let mut text = String::new();
            // Files of all sizes, from next to nothing to twice the mean.
            let size = 1 + dice.below(each * 2) as usize;
            let at = (file % 4 == 0).then(|| dice.below(size as u64) as usize);
            let mut left = at;
            while text.len() < size {
                for _ in 0..6 + dice.below(8) {
                    text.push_str(CODE[dice.below(CODE.len() as u64) as usize]);
                    text.push(' ');
                }
                if left.is_some_and(|at| text.len() >= at) {
                    left = None;
                    let flag = dice.below(flags.div_ceil(2)) * 2;
                    let spelling = &spellings(flag)[dice.below(6) as usize];
                    text.push_str(&format!("if (flags(\"{spelling}\"))"));
                    references += 1;
                }
                text.push('\n');
            }
            bytes += text.len();
            fs::write(place.join(format!("file{file}.ts")), text)?;
        }
        Ok(json!({"files": files, "bytes": bytes, "references": references}))
    })
}

fn main() -> Result<()> {
    let about = "Looks for feature flags in a source tree with flags-audit --code, beside ripgrep";
    let numbers = [FILES, MEGABYTES, FLAGS];
    let Some(setup) = Setup::read("flags", about, LINES, &numbers, Vec::new())? else { return Ok(()) };
    let made = world(&setup.dir, setup.number(FILES), setup.number(MEGABYTES), setup.number(FLAGS))?;
    report::circumstances(&setup.tool.versions()?);
    report::say(format_args!(
        "{} flags in 6 spellings each; {} files, {} bytes, {} references. The tree is in the system's memory. {} runs \
         of each in turn.\n",
        setup.number(FLAGS),
        report::grouped(made.answer["files"].as_u64().unwrap_or(0)),
        report::grouped(made.answer["bytes"].as_u64().unwrap_or(0)),
        report::grouped(made.answer["references"].as_u64().unwrap_or(0)),
        setup.runs
    ));
    let tree = made.file("tree");
    let place = setup.tool.place("flags")?;
    let words =
        ["flags-audit", &made.file("flags.csv"), "--as-of", AS_OF, "--code", &tree].map(str::to_owned);
    right(&setup, &place, &words, &made)?;
    let mut all = vec![cold(&setup.tool, "cold", &place, &words), warm(&setup.tool, "warm", &place, &words)];
    if Command::new("rg").arg("--version").output().is_ok_and(|o| o.status.success()) {
        let words = ["rg", "-F", "-n", "-f", &made.file("patterns.txt"), &tree].map(str::to_owned).to_vec();
        let job = Job { words, home: setup.tool.place("rg")? };
        all.push(Contender { name: "rg".to_owned(), before: Box::new(|| Ok(())), job, codes: &[0] });
    } else {
        report::skipped("rg", "ripgrep is not installed, so there is nothing to compare with");
    }
    all.retain(|c| setup.wants(&c.name));
    let samples = in_turn(&all, setup.runs)?;
    let beside = all.iter().position(|c| c.name == "rg").map(|at| samples[at].wall()[1]);
    let mut rows = Vec::new();
    for (contender, samples) in all.iter().zip(&samples) {
        let ratio = beside.map(|rg| samples.wall()[1].as_secs_f64() / rg.as_secs_f64());
        let mut cells = vec![contender.name.clone()];
        cells.extend(report::cells(samples));
        cells.push(ratio.map_or_else(|| "-".to_owned(), |r| format!("{r:.2}")));
        cells.push(if contender.name == "warm" { "2 s" } else { "" }.to_owned());
        rows.push(cells);
    }
    report::table(&report::head(&["run"], &["ratio to rg", "must"]), 1, &rows);
    Ok(())
}

/// Every file is searched and every reference found; not measured.
fn right(setup: &Setup, place: &Path, words: &[String], made: &Made) -> Result<()> {
    let mut words = words.to_vec();
    words.extend(["--format", "json"].map(str::to_owned));
    let job = setup.tool.job(place, &words);
    job.run()?;
    let given: Value = serde_json::from_str(&job.printed()?)?;
    let rows = given["rows"].as_array().into_iter().flatten();
    let found: usize = rows.filter_map(|r| r["references"].as_array()).map(Vec::len).sum();
    let (files, references) = (&given["summary"]["code"]["files"], json!(found));
    ensure!(
        *files == made.answer["files"] && references == made.answer["references"],
        "wrong answer, so the times mean nothing: {files} files and {references} references of {}",
        made.answer
    );
    Ok(())
}

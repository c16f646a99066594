//! What all benchmarks share: options, data on disk, measuring whole processes, and what is printed.

pub(crate) mod data;
pub(crate) mod measure;
pub(crate) mod report;
pub(crate) mod tool;

use anyhow::{Result, bail, ensure};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use measure::{Job, Samples};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tool::Tool;

/// What a benchmark was asked for.
pub(crate) struct Setup {
    /// Where the data lies; absolute.
    pub(crate) dir: PathBuf,
    /// How often each thing is measured.
    pub(crate) runs: usize,
    /// The crosscheck that is measured.
    pub(crate) tool: Tool,
    quick: bool,
    only: Vec<String>,
    /// All that was given, a benchmark's own options among it.
    pub(crate) own: ArgMatches,
}

/// A number that a benchmark takes: name, its default, the value for `--quick`, help.
pub(crate) type Number = (&'static str, u64, u64, &'static str);

impl Setup {
    /// From the command line. `lines` are the parts that `--only` can choose, with what each shows; `more` are further
    /// options. None where this process is a helper of a measurement, and has done its work.
    pub(crate) fn read(
        name: &'static str,
        about: &str,
        lines: &[(&'static str, &str)],
        numbers: &[Number],
        more: Vec<Arg>,
    ) -> Result<Option<Setup>> {
        if measure::helped()? {
            return Ok(None);
        }
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench-data");
        let mut help = "Lines (--only):\n".to_owned();
        for (line, what) in lines {
            help.push_str(&format!("  {line:<14} {what}\n"));
        }
        let option = |name: &'static str, value: &'static str, help: String| {
            Arg::new(name).long(name).value_name(value).help(help)
        };
        let count = value_parser!(u64).range(1..);
        let mut command = Command::new(name)
            .bin_name(format!("cargo bench --bench {name} --"))
            .about(about.to_owned())
            .after_help(help)
            .arg(option("only", "LINE,…", "Measure only these lines".to_owned()).value_delimiter(','))
            .arg(
                option("runs", "N", "How often each thing is measured [default: 5; --quick: 2]".to_owned())
                    .value_parser(count),
            )
            .arg(
                Arg::new("quick")
                    .long("quick")
                    .action(ArgAction::SetTrue)
                    .help("Little data: seconds, to see that everything works; the figures say nothing"),
            )
            .arg(
                option("dir", "FOLDER", "Where the data is made, and found again".to_owned())
                    .default_value(target.into_os_string()),
            )
            .arg(
                option("crosscheck", "PROGRAM", "The crosscheck to measure".to_owned())
                    .default_value(env!("CARGO_BIN_EXE_crosscheck")),
            )
            // cargo adds it to every benchmark's arguments.
            .arg(Arg::new("bench").long("bench").action(ArgAction::SetTrue).hide(true));
        for (name, full, quick, help) in numbers {
            let help = format!("{help} [default: {full}; --quick: {quick}]");
            command = command.arg(option(name, "N", help).value_parser(count));
        }
        let mut own = command.args(more).get_matches();
        let quick = own.get_flag("quick");
        let only: Vec<String> = own.remove_many("only").into_iter().flatten().collect();
        if let Some(unknown) = only.iter().find(|o| !lines.iter().any(|(l, _)| l == o)) {
            bail!("there is no line '{unknown}'; --help lists them");
        }
        let given: Option<&u64> = own.get_one("runs");
        let runs = given.copied().unwrap_or(if quick { 2 } else { 5 }) as usize;
        let dir = PathBuf::from(own.remove_one::<String>("dir").unwrap_or_default());
        fs::create_dir_all(&dir)?;
        let dir = dir.canonicalize()?;
        let binary = own.remove_one::<String>("crosscheck").unwrap_or_default();
        let tool = Tool::new(binary, dir.join(format!("work-{name}")))?;
        report::say(format_args!("# {name}\n"));
        Ok(Some(Setup { dir, runs, tool, quick, only, own }))
    }

    /// Whether a line was asked for.
    pub(crate) fn wants(&self, line: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|o| o == line)
    }

    /// The value of a number: as given, else its default.
    pub(crate) fn number(&self, (name, full, quick, _): Number) -> u64 {
        let given: Option<&u64> = self.own.get_one(name);
        given.copied().unwrap_or(if self.quick { quick } else { full })
    }
}

/// What happens before each run, outside the measurement.
pub(crate) type Before = Box<dyn Fn() -> Result<()>>;

/// Deletes files and folders where they exist.
pub(crate) fn delete(paths: Vec<PathBuf>) -> Before {
    Box::new(move || {
        for path in paths.iter().filter(|p| p.exists()) {
            if path.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
        }
        Ok(())
    })
}

/// Something that is measured.
pub(crate) struct Contender {
    /// What it is called in the table.
    pub(crate) name: String,
    /// What is done before each run.
    pub(crate) before: Before,
    /// What is run.
    pub(crate) job: Job,
    /// The exit codes of a run that did its work.
    pub(crate) codes: &'static [i32],
}

/// Measures all contenders in turn, so that a slow minute of the machine falls on each alike.
pub(crate) fn in_turn(contenders: &[Contender], runs: usize) -> Result<Vec<Samples>> {
    let mut costs = vec![Vec::new(); contenders.len()];
    for run in 1..=runs {
        for (contender, costs) in contenders.iter().zip(&mut costs) {
            (contender.before)()?;
            let cost = contender.job.run()?;
            let code = cost.code;
            ensure!(
                contender.codes.contains(&code),
                "{} ended with exit code {code}: {}",
                contender.name,
                contender.job.complaint()
            );
            report::note(format_args!(
                "{}, run {run} of {runs}: {} s",
                contender.name,
                report::seconds(cost.wall)
            ));
            costs.push(cost);
        }
    }
    costs.into_iter().map(Samples::of).collect()
}

/// The exit codes of a check that ran on data it trusts.
pub(crate) const CHECKED: &[i32] = &[0, 1];

/// A run of crosscheck in that place without a cache, and with the cache of the run before.
pub(crate) fn cold(tool: &Tool, name: &str, place: &Path, words: &[String]) -> Contender {
    let before = delete(vec![place.join("cache")]);
    Contender { name: name.to_owned(), before, job: tool.job(place, words), codes: CHECKED }
}

/// The same with the cache that is there.
pub(crate) fn warm(tool: &Tool, name: &str, place: &Path, words: &[String]) -> Contender {
    Contender { before: Box::new(|| Ok(())), ..cold(tool, name, place, words) }
}

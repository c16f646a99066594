//! The command line, folded from the registers of checks and settings.

use crate::{
    check::{CheckInfo, OptKind},
    checks,
    commands::{self, Failure, Session, outputs::Outputs},
    engine, exit,
    render::{self, Format, RenderOptions},
    settings::{self, Environment, FlagValues, KEYS, Kind},
    ui::{Ui, UiOptions},
};
use clap::{Arg, ArgAction, ArgMatches, Command, builder::PossibleValuesParser, value_parser};
use clap_complete::Shell;
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
};

const CHECKS: &str = "Checks";
const RUN: &str = "run";
const EXIT_CODES: &str = "\
Exit codes:
  0  nothing found at or above --fail-on
  1  something found
  2  usage, settings, or a file that cannot be opened
  3  the data cannot be trusted: missing, rejected, cut or too old";

/// The whole command tree.
pub fn command() -> Command {
    let mut command = Command::new("crosscheck")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Compares what a SaaS company's systems say about the same customers")
        .long_about(
            "crosscheck reads what billing, metering, product, support and the other systems export (CSV, JSON) and \
             says where they disagree about the same customers. Each check is a subcommand; a verdict is pass, \
             findings, or 'could not be judged' with the reason.",
        )
        .after_help(format!(
            "Try: {EXAMPLE}\n\n{EXIT_CODES}"
        ))
        .subcommand_required(false)
        .disable_help_subcommand(true)
        .max_term_width(100);
    for check in checks::ALL {
        command = command.subcommand(of_check(check.info));
    }
    command
        .subcommand(of_run())
        .subcommand(
            verb("import", "Read exports into the cache and remember them for later calls")
                .arg(exports())
                .args(globals(&["format", "allow-rejects", "timezone"]))
                .arg(verify()),
        )
        .subcommand(
            verb("status", "Show what the cache holds, and where it lies")
                .args(globals(&["format", "timezone", "as-of"])),
        )
        .subcommand(
            verb("checks", "List the checks, what each reads, and which can run on the given exports")
                .arg(exports())
                .args(globals(&["format"])),
        )
        .subcommand(
            verb("rejects", "List the rows that could not be used: file, line, column, value, reason")
                .arg(exports())
                .args(globals(&["format", "limit", "timezone"]))
                .arg(verify()),
        )
        .subcommand(
            verb("show", "Show one finding whole, by the beginning of its fingerprint")
                .arg(
                    Arg::new("fingerprint").required(true).value_name("FINGERPRINT").help("Its first digits"),
                )
                .arg(exports())
                .args(globals(&["format", "timezone", "as-of", "no-history"])),
        )
        .subcommand(
            verb("history", "List the runs that were kept, the newest first")
                .arg(one_check())
                .args(globals(&["format", "limit"])),
        )
        .subcommand(
            verb("diff", "Say what is new, gone and persisting between the last two runs of a check")
                .arg(one_check())
                .args(globals(&["format"])),
        )
        .subcommand(
            verb("schema", "List the datasets, or one's columns; 'report' and 'run' give JSON Schema")
                .arg(
                    Arg::new("dataset").value_name("DATASET").help("A dataset, 'report', 'run' or 'finding'"),
                )
                .arg(
                    Arg::new("profiles")
                        .long("profiles")
                        .action(ArgAction::SetTrue)
                        .help("List the profiles that map vendors' exports"),
                )
                .args(globals(&["format"])),
        )
        .subcommand(
            verb("explain", "Say what a finding or a check means, why it matters and what to do")
                .arg(
                    Arg::new("name")
                        .required(true)
                        .value_name("CODE|CHECK")
                        .help("Such as reconcile/unbilled-usage"),
                )
                .args(globals(&["format"])),
        )
        .subcommand(
            verb("profile", "Draft a profile for an unknown export")
                .arg(Arg::new("file").required(true).value_name("FILE").help("The export"))
                .arg(
                    Arg::new("write")
                        .long("write")
                        .action(ArgAction::SetTrue)
                        .help("Add it to crosscheck.toml, so that the next import uses it"),
                ),
        )
        .subcommand(
            verb("init", "Look at the exports here, and write a crosscheck.toml that names what they are")
                .arg(exports().help("Files or folders; none: the files here and one folder deep"))
                .args(globals(&["format"])),
        )
        .subcommand(
            verb("completions", "Print a shell's completion script").arg(
                Arg::new("shell")
                    .required(true)
                    .value_name("SHELL")
                    .value_parser(value_parser!(Shell))
                    .help("The shell"),
            ),
        )
        .subcommand(
            verb("man", "Write the man pages into a folder")
                .arg(Arg::new("dir").required(true).value_name("DIR").help("The folder")),
        )
}

fn verb(name: &'static str, about: &'static str) -> Command {
    Command::new(name).about(about).args(globals(&[
        "config",
        "cache",
        "color",
        "quiet",
        "verbose",
        "no-progress",
    ]))
}

fn exports() -> Arg {
    Arg::new("exports")
        .value_name("EXPORTS")
        .num_args(0..)
        .value_parser(value_parser!(OsString))
        .help("Files, folders, dataset=PATH, or dataset=- for standard input; none: [data] paths, else what import has registered")
}

fn one_check() -> Arg {
    Arg::new("check").value_name("CHECK").help("Only this check; none: all")
}

fn verify() -> Arg {
    Arg::new("verify")
        .long("verify")
        .action(ArgAction::SetTrue)
        .help("Hash every file again instead of trusting its size and times")
}

/// The arguments of global keys, in the order of the table of keys.
fn globals(flags: &[&str]) -> Vec<Arg> {
    KEYS.iter().filter(|k| flags.contains(&k.flag)).map(|k| arg(k.flag, k.kind, k.default, k.doc)).collect()
}

fn arg(flag: &'static str, kind: Kind, default: &str, doc: &str) -> Arg {
    let value = match kind {
        Kind::Percent => "PERCENT",
        Kind::Decimal | Kind::Amount => "AMOUNT",
        Kind::Int => "N",
        Kind::Duration => "DURATION",
        Kind::Days => "DAYS",
        Kind::Path | Kind::Paths => "PATH",
        Kind::Zone | Kind::Zones => "ZONE",
        Kind::Moment => "DATE|TIMESTAMP",
        Kind::Rejects => "N|P%",
        Kind::Limit => "N",
        Kind::Codes => "CODE",
        Kind::Checks => "CHECK",
        _ => "VALUE",
    };
    let doc = doc.trim_end_matches('.');
    let default = if default.is_empty() || matches!(kind, Kind::Switch) {
        String::new()
    } else {
        format!(" [default: {default}]")
    };
    let mut arg = Arg::new(flag).long(flag).help(format!("{doc}{default}"));
    arg = match kind {
        Kind::Switch => return arg.action(ArgAction::SetTrue),
        Kind::Choice(words) => arg.value_parser(PossibleValuesParser::new(words)).hide_possible_values(false),
        Kind::Texts | Kind::Codes | Kind::Checks | Kind::Paths => arg.action(ArgAction::Append),
        _ => arg,
    };
    arg.value_name(value).allow_hyphen_values(true)
}

fn kind_of(kind: OptKind) -> Kind {
    Kind::from(kind)
}

fn of_check(info: &'static CheckInfo) -> Command {
    let mut command =
        Command::new(info.name).about(format!("Check {}", info.about)).long_about(info.doc).arg(exports());
    for o in info.options.iter().filter(|o| o.kind.shape().is_none()) {
        command = command
            .arg(arg(o.name, kind_of(o.kind), o.default, o.help).help_heading("Options of this check"));
    }
    reporting(command)
        .after_help(format!("{}{EXIT_CODES}", tables(info)))
        .help_template("{before-help}{about-with-newline}\n{usage-heading} {usage}\n\n{all-args}{after-help}")
}

/// What every command that reports takes.
fn reporting(command: Command) -> Command {
    let every = |k: &&settings::Key| !k.flag.is_empty() && k.section != RUN;
    let flags: Vec<&str> = KEYS.iter().filter(every).map(|k| k.flag).collect();
    command
        .args(globals(&flags))
        .arg(Arg::new("output").long("output").value_name("FILE").help(
            "Write the report to a file, which appears whole or not at all, instead of standard output",
        ))
        .arg(
            Arg::new("report")
                .long("report")
                .value_name("FORMAT=FILE")
                .action(ArgAction::Append)
                .help("Write the report in this format to a file as well (repeatable); the file that $GITHUB_STEP_SUMMARY names is added to"),
        )
        .arg(
            Arg::new("metrics")
                .long("metrics")
                .value_name("FILE")
                .help("Write gauges for Prometheus' textfile collector to a file, which appears whole or not at all"),
        )
        .arg(verify())
}

/// `run`: every check on the same exports.
fn of_run() -> Command {
    let own = KEYS.iter().filter(|k| k.section == RUN);
    let own = own.map(|k| arg(k.flag, k.kind, k.default, k.doc).help_heading("Options of a run"));
    let command = Command::new(RUN)
        .about("Run every check whose exports are there: one summary, one exit code")
        .long_about(
            "Reads the exports once and runs every check whose data is there. The summary has a line a check, and \
             the next step of each team; checks that cannot run name what they lack.",
        )
        .arg(exports())
        .args(own)
        .arg(
            Arg::new("details")
                .long("details")
                .action(ArgAction::SetTrue)
                .help("Each check's whole report below the summary")
                .help_heading("Options of a run"),
        );
    let exit_codes = EXIT_CODES.replace(
        "Exit codes:",
        "Exit codes, of all checks together 2 before 3 before 1 before 0; the summary has each check's own:",
    );
    reporting(command).after_help(exit_codes)
}

/// What only crosscheck.toml can say of a check: it has no flag, and is listed below the options.
fn tables(info: &CheckInfo) -> String {
    let own = info.options.iter().filter(|o| o.kind.shape().is_some());
    let lines: String = own.map(|o| format!("  {}  {}\n", o.written_as(info.name), o.help)).collect();
    if lines.is_empty() { lines } else { format!("In crosscheck.toml:\n{lines}\n") }
}

/// The commands that are no checks, by what they are for.
const GROUPS: [(&str, &[&str]); 4] = [
    ("Every night", &["run", "history", "diff", "show"]),
    ("Your exports", &["init", "import", "status", "rejects", "checks", "profile"]),
    ("Words", &["explain", "schema"]),
    ("Shell", &["completions", "man"]),
];

/// Works anywhere: it needs no export.
const EXAMPLE: &str = "crosscheck prorate --from 49 --to 99 --cycle 2026-06-01..2026-07-01 --on 2026-06-16";

/// What the program shows where nothing is asked of it.
fn overview() -> String {
    let command = command();
    let mut text = format!(
        "crosscheck {}: compares what a SaaS company's systems say about the same customers\n\n{CHECKS}\n",
        env!("CARGO_PKG_VERSION")
    );
    for check in checks::ALL {
        text.push_str(&format!("  {:<12} {}\n", check.info.name, check.info.about));
    }
    for (group, names) in GROUPS {
        text.push_str(&format!("\n{group}\n"));
        for sub in names.iter().filter_map(|n| command.find_subcommand(n)) {
            let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
            text.push_str(&format!("  {:<12} {about}\n", sub.get_name()));
        }
    }
    text.push_str(&format!(
        "\nTry        {EXAMPLE}\nThen       crosscheck run FOLDER, a folder of your exports (CSV or JSON)\nOptions    crosscheck COMMAND --help\n"
    ));
    text
}

/// The flags that were given, as settings take them.
fn flags(matches: &ArgMatches, info: Option<&CheckInfo>) -> FlagValues {
    let mut values = FlagValues::new();
    let mut take = |flag: &str, kind: Kind| {
        let given = matches.try_get_raw(flag).is_ok()
            && matches.value_source(flag) == Some(clap::parser::ValueSource::CommandLine);
        if !given {
            return;
        }
        let texts = match kind {
            Kind::Switch => Vec::new(),
            _ => matches
                .get_raw(flag)
                .map(|raw| raw.map(|v| v.to_string_lossy().into_owned()).collect())
                .unwrap_or_default(),
        };
        values.insert(flag.to_owned(), texts);
    };
    for key in KEYS.iter().filter(|k| !k.flag.is_empty()) {
        take(key.flag, key.kind);
    }
    for o in info.map_or(&[][..], |i| i.options).iter().filter(|o| o.kind.shape().is_none()) {
        take(o.name, kind_of(o.kind));
    }
    values
}

fn texts(matches: &ArgMatches, name: &str) -> Vec<String> {
    matches
        .get_raw(name)
        .map(|raw| raw.map(|v| v.to_string_lossy().into_owned()).collect())
        .unwrap_or_default()
}

fn text<'m>(matches: &'m ArgMatches, name: &str) -> &'m str {
    matches.get_one::<String>(name).map_or("", String::as_str)
}

fn on(matches: &ArgMatches, name: &str) -> bool {
    matches.try_get_one::<bool>(name).ok().flatten().copied().unwrap_or(false)
}

/// Runs the program; the process's exit code.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let environment = settings::process_environment();
    ExitCode::from(run(&arguments, &environment))
}

fn run(arguments: &[OsString], environment: &Environment) -> u8 {
    if arguments.len() <= 1 {
        return print(&overview());
    }
    let matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return refused(&error, arguments, environment),
    };
    let Some((name, sub)) = matches.subcommand() else { return print(&overview()) };
    let check = checks::find(name);
    let values = flags(sub, check.map(|c| c.info));
    let cwd = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let session = Session::open(&values, environment, &cwd, check.map(|c| c.info.name), on(sub, "verify"));
    let done = session.and_then(|session| dispatch(&session, name, sub, &cwd));
    match done {
        Ok(code) => code,
        Err(failure) => failed(&failure, name, wants_json(arguments, environment)),
    }
}

fn dispatch(session: &Session, name: &str, sub: &ArgMatches, cwd: &Path) -> Result<u8, Failure> {
    if let Some(check) = checks::find(name) {
        return commands::check::run(session, check, &texts(sub, "exports"), &outputs(sub)?);
    }
    match name {
        RUN => commands::run::run(session, &texts(sub, "exports"), &outputs(sub)?, on(sub, "details")),
        "import" => commands::import::run(session, &texts(sub, "exports")),
        "status" => commands::status::run(session),
        "checks" => commands::checks::run(session, &texts(sub, "exports")),
        "rejects" => commands::rejects::run(session, &texts(sub, "exports")),
        "show" => commands::show::run(session, text(sub, "fingerprint"), &texts(sub, "exports")),
        "history" => commands::history::run(session, sub.get_one::<String>("check").map(String::as_str)),
        "diff" => commands::history::diff(session, sub.get_one::<String>("check").map(String::as_str)),
        "schema" => commands::schema::run(
            session,
            sub.get_one::<String>("dataset").map(String::as_str),
            on(sub, "profiles"),
        ),
        "explain" => commands::explain::run(session, text(sub, "name")),
        "profile" => commands::profile::run(session, cwd, text(sub, "file"), on(sub, "write")),
        "init" => commands::init::run(session, cwd, &texts(sub, "exports")),
        "completions" => {
            let shell = sub.get_one::<Shell>("shell").copied().unwrap_or(Shell::Bash);
            commands::generate::completions(session, shell, command())
        }
        "man" => commands::generate::man(session, Path::new(text(sub, "dir")), &command()),
        other => Err(Failure::usage("usage/command", format!("there is no command {other}"))),
    }
}

/// Where a report goes.
fn outputs(sub: &ArgMatches) -> Result<Outputs, Failure> {
    let one = |name: &str| sub.get_one::<String>(name).map(String::as_str);
    let mut outputs = Outputs::parse(one("output"), &texts(sub, "report"))?;
    outputs.metrics = one("metrics").map(PathBuf::from);
    outputs.summary = std::env::var_os("GITHUB_STEP_SUMMARY").map(PathBuf::from);
    Ok(outputs)
}

fn print(text: &str) -> u8 {
    let ui = Ui::new(UiOptions::default());
    match ui.print(|out| out.write_all(text.as_bytes())) {
        Ok(()) => exit::OK,
        Err(error) => {
            ui.error(&error.to_string());
            exit::USAGE
        }
    }
}

/// Whether the call asked for JSON, as far as that can be told before its arguments are understood.
fn wants_json(arguments: &[OsString], environment: &Environment) -> bool {
    let texts: Vec<_> = arguments.iter().map(|a| a.to_string_lossy()).collect();
    let flag = texts.iter().any(|t| t == "--format=json")
        || texts.windows(2).any(|w| w[0] == "--format" && w[1] == "json");
    let other = texts.iter().any(|t| t.starts_with("--format"));
    flag || !other && environment.get("CROSSCHECK_FORMAT").is_some_and(|f| f == "json")
}

/// An argument that clap refuses, or a call for help.
fn refused(error: &clap::Error, arguments: &[OsString], environment: &Environment) -> u8 {
    use clap::error::ErrorKind;
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return print(&error.render().to_string());
    }
    let rendered = error.render().to_string();
    let message = rendered.trim().strip_prefix("error: ").unwrap_or(rendered.trim()).to_owned();
    let failure = Failure::usage("usage/arguments", message);
    let name = arguments.get(1).map(|a| a.to_string_lossy()).unwrap_or_default();
    failed(&failure, &name, wants_json(arguments, environment))
}

/// Tells a failure on standard error, and in JSON where that was asked for.
fn failed(failure: &Failure, command: &str, json: bool) -> u8 {
    let ui = Ui::new(UiOptions::default());
    for p in &failure.problems {
        ui.error(&commands::outputs::described(p));
    }
    if json && command == RUN {
        let run = commands::run::failed(None, failure.problems.clone(), failure.exit_code);
        let _ = ui.print(|out| render::render_run(&run, Format::Json, &RenderOptions::default(), out));
    } else if let Some(check) = checks::find(command).filter(|_| json) {
        let report = engine::failed(check.info, None, failure.problems.clone(), failure.exit_code);
        // The failure itself may be that standard output cannot be written.
        let _ = ui.print(|out| render::render(&report, Format::Json, &RenderOptions::default(), out));
    } else if json {
        let _ = ui.print(|out| {
            let value = serde_json::json!({"exit_code": failure.exit_code, "problems": failure.problems});
            writeln!(out, "{value:#}")
        });
    }
    failure.exit_code
}

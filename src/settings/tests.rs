//! All stages together, with two checks made up for the purpose.

use super::*;
use crate::check::{Field, Opt, OptKind, Reads, Rule, Shape};
use crate::model::decimal::{self, Decimal};
use crate::model::time::rfc3339;
use crate::report::Severity;
use chrono::TimeDelta;
use chrono_tz::Tz;
use proptest::prelude::*;
use std::path::PathBuf;

const fn opt(name: &'static str, kind: OptKind, default: &'static str) -> Opt {
    Opt { name, kind, default, help: "Some help." }
}
const fn rule(code: &'static str, severity: Severity) -> Rule {
    Rule { code, severity, what: "", why: "", remedy: "", needs: &[] }
}

const fn field(name: &'static str, kind: OptKind, needed: bool) -> Field {
    Field { name, kind, needed, help: "Some help" }
}
static BOUND: Shape = Shape {
    fields: &[field("most", OptKind::Count, true), field("within", OptKind::Duration, true)],
    others: None,
    distinct: "",
};
static BOUNDS: Shape = Shape { fields: &[], others: Some(OptKind::Table(&BOUND)), distinct: "" };
static STAGE: Shape = Shape {
    fields: &[
        field("day", OptKind::Count, true),
        field("mail", OptKind::Text, false),
        field("retry", OptKind::Switch, false),
    ],
    others: None,
    distinct: "day",
};
static HOURS: Shape = Shape {
    fields: &[
        field("opens", OptKind::Clock, false),
        field("zone", OptKind::Zone, false),
        field("days", OptKind::Words(&["mon", "tue", "wed"]), false),
    ],
    others: Some(OptKind::Text),
    distinct: "",
};

const RECONCILE: CheckInfo = CheckInfo {
    name: "reconcile",
    about: "Usage metered against usage billed.",
    doc: "",
    searches: false,
    reads: &[Reads { dataset: "prices", needed: false }],
    rules: &[
        rule("reconcile/quantity-mismatch", Severity::Error),
        rule("reconcile/quantity-drift", Severity::Info),
    ],
    options: &[
        opt("threshold", OptKind::Percent, "5%"),
        opt("min-delta", OptKind::Decimal, "0"),
        opt("settle", OptKind::Duration, "0s"),
        opt("metric", OptKind::Texts, ""),
        opt("hold-list", OptKind::OutFile, ""),
        opt("by", OptKind::Choice(&["period", "day"]), "period"),
        opt("cycle", OptKind::Text, ""),
        opt("all", OptKind::Switch, "false"),
        opt("top", OptKind::Int, "10"),
    ],
    columns: &[],
};
const FLAGS_AUDIT: CheckInfo = CheckInfo {
    name: "flags-audit",
    about: "Flags past their end.",
    doc: "",
    searches: false,
    reads: &[],
    rules: &[rule("flags-audit/expired", Severity::Error)],
    options: &[
        opt("threshold", OptKind::Choice(&["low", "high"]), "low"),
        opt("min-age", OptKind::Duration, ""),
        opt("code", OptKind::Texts, "src,lib"),
        opt("keep", OptKind::Count, "12"),
        opt("stage", OptKind::Tables(&STAGE), STAGES),
        opt("bounds", OptKind::Table(&BOUNDS), "[bounds]\ncard = { most = 15, within = \"30d\" }\n"),
        opt("hours", OptKind::Table(&HOURS), ""),
    ],
    columns: &[],
};
const STAGES: &str = "[[stage]]\nday = 0\nmail = \"first\"\nretry = true\n[[stage]]\nday = 7\n";
const CHECKS: &[&CheckInfo] = &[&RECONCILE, &FLAGS_AUDIT];

/// A run in a folder of its own; nothing of the machine is seen, and the time is fixed unless a test sets it.
struct Run {
    toml: Option<String>,
    environment: Vec<(&'static str, &'static str)>,
    flags: Vec<(&'static str, Vec<&'static str>)>,
    check: Option<&'static str>,
}

fn run() -> Run {
    Run {
        toml: None,
        environment: vec![],
        flags: vec![("as-of", vec!["2026-11-01"])],
        check: Some("reconcile"),
    }
}

impl Run {
    fn toml(mut self, text: &str) -> Run {
        self.toml = Some(text.to_owned());
        self
    }
    fn var(mut self, name: &'static str, value: &'static str) -> Run {
        self.environment.push((name, value));
        self
    }
    fn flag(mut self, name: &'static str, values: &[&'static str]) -> Run {
        self.flags.push((name, values.to_vec()));
        self
    }
    fn check(mut self, check: Option<&'static str>) -> Run {
        self.check = check;
        self
    }
    fn load(self) -> Result<Settings, SettingsError> {
        let dir = tempfile::tempdir().unwrap();
        let toml = self.toml.clone();
        if let Some(text) = toml {
            std::fs::write(dir.path().join(FILE_NAME), text).unwrap();
        }
        self.load_in(dir.path())
    }
    fn load_in(self, cwd: &Path) -> Result<Settings, SettingsError> {
        let environment = self.environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).into())).collect();
        let flags = self.flags.iter();
        let flags =
            flags.map(|(k, v)| ((*k).to_owned(), v.iter().map(|t| (*t).to_owned()).collect())).collect();
        load(&Inputs { cwd, environment: &environment, flags: &flags, checks: CHECKS, check: self.check })
    }
    fn good(self) -> Settings {
        self.load().unwrap()
    }
    fn bad(self) -> String {
        self.load().unwrap_err().to_string()
    }
}

fn d(text: &str) -> Decimal {
    decimal::parse(text).unwrap()
}

#[test]
fn the_section_of_a_check_may_have_its_short_name() {
    let bound = |toml: &str| {
        let settings = run().toml(toml).check(Some("flags-audit")).load().unwrap();
        let card = settings.opt_table("bounds").unwrap().table("card").and_then(|c| c.count("most"));
        (settings.opt_count("keep").unwrap(), card)
    };
    let short = "[flags]\nkeep = 3\n[flags.bounds]\ncard = { most = 9, within = \"1d\" }\n";
    assert_eq!(bound(short), (3, Some(9)));
    assert_eq!(bound("[flags-audit]\nkeep = 4\n"), (4, Some(15)));
    let twice = run().toml("[flags]\nkeep = 3\n[flags-audit]\nkeep = 4\n").check(Some("flags-audit")).load();
    assert!(twice.unwrap_err().to_string().contains("'keep' in [flags-audit] stands twice"));
}

#[test]
fn without_anything_the_defaults_of_the_contract_hold() {
    let s = run().good();
    assert_eq!((s.timezone, s.format, s.fail_on), (Tz::UTC, "table", Some(Severity::Error)));
    assert_eq!((s.min_impact, s.allow_rejects), (Decimal::ZERO, AllowRejects::Count(0)));
    assert_eq!((s.rows, s.limit, s.color), (RowsShown::All, None, Color::Auto));
    assert_eq!((s.select.len(), s.ignore.len(), s.accounts.len()), (0, 0, 0));
    assert_eq!(s.scope, Scope { kinds: vec!["internal", "test"], ..Scope::default() });
    assert_eq!(
        (s.dialect, s.usual_zones.len(), s.usual_zones[1]),
        ("standard", 10, chrono_tz::America::New_York)
    );
    assert!(s.rules.is_empty() && s.sources.is_empty() && s.waivers.is_empty() && s.profiles.is_empty());
    assert!(s.warnings.is_empty() && s.config_path().is_none());
    assert_eq!(s.opt_percent("threshold"), Ok(d("5")));
    assert!([s.all_rows, s.quiet, s.verbose, s.no_progress].iter().all(|on| !on));
}

#[test]
fn each_layer_beats_the_one_before_and_says_so() {
    let toml = || run().toml("\n[reconcile]\nthreshold = 4\n");
    let told = |r: Run| {
        let s = r.good();
        let v = s.in_force().iter().find(|v| v.key == "reconcile.threshold").unwrap();
        (decimal::shortest(s.opt_percent("threshold").unwrap()), v.origin.to_string())
    };
    let is = |n: &str, o: &str| (n.to_owned(), o.to_owned());
    assert_eq!(told(run()), is("5", "default"));
    assert_eq!(told(toml()), is("4", "crosscheck.toml:3"));
    assert_eq!(told(toml().var("CROSSCHECK_THRESHOLD", "3%")), is("3", "CROSSCHECK_THRESHOLD"));
    let both = || toml().var("CROSSCHECK_THRESHOLD", "3").var("CROSSCHECK_RECONCILE_THRESHOLD", "2");
    assert_eq!(told(both()), is("2", "CROSSCHECK_RECONCILE_THRESHOLD"));
    assert_eq!(told(both().flag("threshold", &["1", "0.5%"])), is("0.5", "--threshold"));
    assert_eq!(told(toml().var("CROSSCHECK_THRESHOLD", "")), is("4", "crosscheck.toml:3"));
}

/// Key, variable, flag, the value of each as TOML or text, and as it is told.
type Layered = (&'static str, &'static str, &'static str, [&'static str; 3], [&'static str; 3]);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_highest_layer_that_is_set_counts_for_every_kind_of_key(set in prop::array::uniform3(any::<bool>())) {
        let keys: [Layered; 6] = [
            ("timezone", "CROSSCHECK_TIMEZONE", "timezone", ["\"Asia/Tokyo\"", "Asia/Kolkata", "Europe/Paris"],
                ["\"Asia/Tokyo\"", "\"Asia/Kolkata\"", "\"Europe/Paris\""]),
            ("limit", "CROSSCHECK_LIMIT", "limit", ["7", "8", "all"], ["\"7\"", "\"8\"", "\"all\""]),
            ("all_rows", "CROSSCHECK_ALL_ROWS", "all-rows", ["true", "no", "true"],
                ["\"true\"", "\"false\"", "\"true\""]),
            ("allow_rejects", "CROSSCHECK_ALLOW_REJECTS", "allow-rejects", ["\"1.50%\"", "3", "0%"],
                ["\"1.5%\"", "\"3\"", "\"0%\""]),
            ("ignore", "CROSSCHECK_IGNORE", "ignore", ["[\"reconcile\"]", "flags-audit, waiver/unused", ""],
                ["[\"reconcile\"]", "[\"flags-audit\",\"waiver/unused\"]", "[]"]),
            ("min_impact", "CROSSCHECK_MIN_IMPACT", "min-impact", ["0.10", "5", "1.25"],
                ["\"0.1\"", "\"5\"", "\"1.25\""]),
        ];
        for (key, variable, flag, values, told) in keys {
            let mut r = run();
            if set[0] { r = r.toml(&format!("{key} = {}\n", values[0])); }
            if set[1] { r = r.var(variable, values[1]); }
            if set[2] { r = r.flag(flag, &[values[2]]); }
            let s = r.good();
            let v = s.in_force().iter().find(|v| v.key == key).unwrap();
            match set.iter().rposition(|on| *on) {
                Some(at) => prop_assert_eq!(v.value.to_json().to_string(), told[at]),
                None => prop_assert_eq!(&v.origin, &Origin::Default),
            }
        }
    }

    #[test]
    fn no_text_of_a_file_panics(text in "(\\[{1,2}[a-z.\"]{0,9}\\]{1,2}\n|[a-z_]{1,9} ?= ?[\"\\[{}0-9a-z.]{0,9}\n|\\PC{0,9}\n){0,9}") {
        let _ = run().toml(&text).load();
    }
}

#[test]
fn lists_come_as_arrays_or_with_commas_and_flags_unite() {
    let s = run().toml("[reconcile]\nmetric = [\"a,b\", \"c\"]\n").good();
    assert_eq!(s.opt_texts("metric").unwrap(), ["a,b", "c"]);
    let s = run().flag("metric", &["a, b", r"c\,d"]).flag("exclude-account", &["x,y"]).good();
    assert_eq!(s.opt_texts("metric").unwrap(), ["a", "b", "c,d"]);
    assert!(s.scope.excludes("x", None) && !s.scope.excludes("x*", None));
    let s = run()
        .var("CROSSCHECK_SCOPE_EXCLUDE", "acct_internal*")
        .var("CROSSCHECK_SCOPE_KINDS", "partner")
        .good();
    assert!(s.scope.excludes("acct_internal_1", None) && s.scope.excludes("z", Some("partner")));
    assert!(!s.scope.excludes("z", Some("test")) && !s.scope.excludes("z", None));
}

#[test]
fn every_unknown_key_is_named_with_line_and_remedy() {
    let wrong = run()
        .toml(
            "timezon = \"UTC\"\nthreshold = 5\nas_of = 2026-01-01\nxyzzy = 1\n\n[reconcile]\ntreshold = 5\n\
             timezone = \"UTC\"\nmin-delta = 1\ndialect = \"lago\"\n[recncile]\na = 1\n[data]\npath = []\n\
             [health]\n[scope.exclude]\na = 1\n",
        )
        .bad();
    let lines: Vec<&str> = wrong.lines().collect();
    assert_eq!(
        lines,
        [
            "crosscheck.toml:1: unknown key 'timezon'; did you mean 'timezone'?",
            "crosscheck.toml:2: unknown key 'threshold'; it belongs in [reconcile]",
            "crosscheck.toml:3: 'as_of' belongs to one call: give --as-of or CROSSCHECK_AS_OF",
            "crosscheck.toml:4: unknown key 'xyzzy'",
            "crosscheck.toml:7: unknown key 'treshold' in [reconcile]; did you mean 'threshold'?",
            "crosscheck.toml:8: unknown key 'timezone' in [reconcile]; it stands at the top level, before the first \
             [section]",
            "crosscheck.toml:9: unknown key 'min-delta' in [reconcile]; did you mean 'min_delta'?",
            "crosscheck.toml:10: unknown key 'dialect' in [reconcile]; it belongs in [pricing]",
            "crosscheck.toml:11: unknown section [recncile]; did you mean [reconcile]?",
            "crosscheck.toml:14: unknown key 'path' in [data]; did you mean 'paths'?",
            "crosscheck.toml:15: unknown section [health]",
            "crosscheck.toml:16: 'exclude' in [scope] must be a list of texts, not a table",
        ]
    );
    let error = run().toml("\r\n[reconcile]\r\ntreshold = 5\r\n").load().unwrap_err();
    let problem = error.problems().remove(0);
    assert_eq!((problem.file.as_deref(), problem.line), (Some("crosscheck.toml"), Some(3)));
    assert_eq!(problem.message, "unknown key 'treshold' in [reconcile]; did you mean 'threshold'?");
}

#[test]
fn a_bad_value_is_named_with_what_it_must_be_in_every_layer() {
    let toml = |line: &str| run().toml(line).bad();
    assert_eq!(
        toml("fail_on = \"erorr\""),
        "crosscheck.toml:1: 'fail_on' must be one of error, warning, info, never, not 'erorr'; did you mean 'error'?"
    );
    assert_eq!(
        toml("timezone = \"Europe/Berln\""),
        "crosscheck.toml:1: 'timezone' must be an IANA time zone such as Europe/Berlin, not 'Europe/Berln'; did you \
         mean 'Europe/Berlin'?"
    );
    for (line, part) in [
        ("timezone = 1", "'timezone' must be an IANA time zone"),
        ("limit = -1", "'limit' must be a number of rows, or all, not '-1'"),
        ("min_impact = -0.01", "'min_impact' must be a decimal number that is not negative"),
        ("min_impact = inf", "not 'inf'"),
        ("allow_rejects = \"101%\"", "'allow_rejects' must be a number of rows"),
        ("all_rows = \"true\"", "'all_rows' must be true or false, not 'true'"),
        ("ignore = \"reconcile\"", "'ignore' must be an array: write [\"reconcile\"]"),
        ("select = [\"reconcile/quantity-mismach\"]", "did you mean 'reconcile/quantity-mismatch'?"),
        ("color = \"\"", "'color' must be one of auto, always, never, not ''"),
        ("[reconcile]\nthreshold = -5", "'threshold' in [reconcile] must be a share in per cent"),
        ("[reconcile]\nthreshold = [5]", "not an array"),
        ("[reconcile]\nsettle = 90", "'settle' in [reconcile] must be a duration such as 90s"),
        ("[reconcile]\ntop = 1.5", "'top' in [reconcile] must be a whole number, not '1.5'"),
        ("[reconcile]\nby = \"dy\"", "did you mean 'day'?"),
        ("[reconcile]\ncycle = 5", "'cycle' in [reconcile] must be a text: write \"5\""),
        ("[reconcile]\nmetric = [1]", "must be an array of texts; '1' is none"),
        ("[reconcile]\nusual_zones = [\"UTC\", \"Mars\"]", "'usual_zones' in [reconcile] must be an IANA"),
        ("[scope]\nkinds = [\"tests\"]", "'tests' is none of them; did you mean 'test'?"),
        ("[data]\npaths = [\"invoices=-\"]", "'paths' in [data] cannot name standard input"),
        ("reconcile = 5", "'reconcile' is a section, not a key: write [reconcile]"),
    ] {
        let message = toml(line);
        let at = format!("crosscheck.toml:{}: ", line.lines().count());
        assert!(message.starts_with(&at) && message.contains(part), "{line}: {message}");
    }
    let message = run().var("CROSSCHECK_RECONCILE_TOP", "x").flag("as-of", &["31/12/2026"]).bad();
    assert_eq!(
        message,
        "--as-of '31/12/2026' writes the date in another order; write YYYY-MM-DD\n\
         CROSSCHECK_RECONCILE_TOP must be a whole number, not 'x'"
    );
    assert_eq!(run().flag("nosuch", &[]).bad(), "--nosuch is no option of reconcile");
    assert_eq!(run().flag("code", &["x"]).bad(), "--code is no option of reconcile");
}

#[test]
fn what_is_wrong_in_several_stages_is_told_at_once() {
    let message =
        run().toml("limit = \"x\"\ncolour = 1\nrows = 1\n").flag("nosuch", &[]).flag("top", &["x"]).bad();
    let starts: Vec<&str> = message.lines().map(|l| l.split(' ').next().unwrap_or(l)).collect();
    let file = ["crosscheck.toml:1:", "crosscheck.toml:2:", "crosscheck.toml:3:"];
    assert_eq!(starts[..3], file);
    assert_eq!(starts[3..], ["--nosuch", "--top"], "{message}");
}

#[test]
fn a_bad_value_of_the_file_stays_an_error_when_a_flag_beats_it() {
    let message = run().toml("[reconcile]\nthreshold = \"x\"\n").flag("threshold", &["5"]).bad();
    assert!(message.starts_with("crosscheck.toml:2: 'threshold' in [reconcile] must be"), "{message}");
}

#[test]
fn broken_toml_duplicates_and_missing_files_are_errors() {
    assert!(
        run().toml("[reconcile]\nthreshold = = 5\n").bad().starts_with("crosscheck.toml:2:13: broken TOML: ")
    );
    assert_eq!(run().toml("limit = 1\r\nlimit = 2\r\n").bad(), "crosscheck.toml:2:1: 'limit' stands twice");
    assert!(run().flag("config", &["no.toml"]).bad().starts_with("no.toml: cannot be opened: "));
    assert!(run().var("CROSSCHECK_CONFIG", "no.toml").bad().starts_with("no.toml: cannot be opened: "));
}

#[test]
fn crlf_and_a_byte_order_mark_change_nothing() {
    let s = run().toml("\u{feff}limit = 3\r\n\r\n[reconcile]\r\nthreshold = 2.5\r\n").good();
    assert_eq!((s.limit, s.opt_percent("threshold")), (Some(3), Ok(d("2.5"))));
}

#[test]
fn a_variable_that_sets_nothing_is_a_warning_with_the_nearest() {
    let s =
        run().var("CROSSCHECK_TRESHOLD", "5").var("CROSSCHECK_RECONCILE_MIN_DELTAS", "5").var("OTHER", "1");
    let s = s.var("CROSSCHECK_XYZZY", "").var("CROSSCHECK_QQQQQQQQQQQ", "1").good();
    assert_eq!(
        s.warnings,
        [
            "CROSSCHECK_QQQQQQQQQQQ is set but sets nothing",
            "CROSSCHECK_RECONCILE_MIN_DELTAS is set but sets nothing; did you mean CROSSCHECK_RECONCILE_MIN_DELTA?",
            "CROSSCHECK_TRESHOLD is set but sets nothing; did you mean CROSSCHECK_THRESHOLD?",
        ]
    );
}

#[test]
fn a_shared_variable_reaches_the_checks_that_can_take_it() {
    let shared = |value| run().check(None).var("CROSSCHECK_THRESHOLD", value);
    let s = shared("high").good();
    assert_eq!(s.for_check("reconcile").opt_percent("threshold"), Ok(d("5")));
    assert_eq!(s.for_check("flags-audit").opt_choice("threshold"), Ok("high"));
    let s = shared("7").good();
    assert_eq!(s.for_check("reconcile").opt_percent("threshold"), Ok(d("7")));
    assert_eq!(s.for_check("flags-audit").opt_choice("threshold"), Ok("low"));
    assert!(shared("neither").bad().starts_with("CROSSCHECK_THRESHOLD must be "));
    // The check that runs is not passed over.
    assert!(
        shared("high").check(Some("reconcile")).bad().starts_with("CROSSCHECK_THRESHOLD must be a share")
    );
    let own = run().check(None).var("CROSSCHECK_FLAGS_AUDIT_THRESHOLD", "high").good();
    assert_eq!(own.for_check("flags-audit").opt_choice("threshold"), Ok("high"));
}

#[test]
fn as_of_is_read_in_the_timezone() {
    let told = |text: &'static str| {
        rfc3339(run().toml("timezone = \"Asia/Tokyo\"").flag("as-of", &[text]).good().as_of)
    };
    assert_eq!(told("2026-11-01"), "2026-10-31T15:00:00Z");
    assert_eq!(told("2026-11-01 06:00:00"), "2026-10-31T21:00:00Z");
    assert_eq!(told("2026-11-01T06:00:00Z"), "2026-11-01T06:00:00Z");
    let mut unset = run().var("CROSSCHECK_AS_OF", "2026-11-02T00:00:00Z");
    unset.flags.clear();
    assert_eq!(rfc3339(unset.good().as_of), "2026-11-02T00:00:00Z");
    let mut today = run();
    today.flags.clear();
    let s = today.good();
    assert!(s.as_of.timestamp() > 1_700_000_000 && s.as_of.timestamp_subsec_nanos() == 0);
}

#[test]
fn options_are_typed_and_a_missing_one_is_told_from_a_wrong_one() {
    let s = run()
        .toml("[reconcile]\nhold_list = \"hold.txt\"\nall = true\nsettle = \"26h\"\ncycle = 2026-06-01\nmin_delta = -1.50")
        .good();
    assert_eq!(s.opt_switch("all"), Ok(true));
    assert_eq!(s.opt_duration("settle"), Ok(TimeDelta::hours(26)));
    assert_eq!(s.opt_text("cycle").unwrap(), "2026-06-01");
    assert_eq!(s.opt_decimal("min_delta"), s.opt_decimal("min-delta"));
    assert_eq!(s.opt_decimal("min-delta"), Ok(d("-1.5")));
    assert_eq!((s.opt_choice("by"), s.opt_int("top")), (Ok("period"), Ok(10)));
    assert_eq!(s.opt_path("hold-list"), Ok(PathBuf::from("hold.txt")));
    let bare = run().good();
    assert_eq!(bare.opt_text("cycle"), Err(OptionError::Unset("cycle".into())));
    assert_eq!(bare.opt_text("cycle").optional(), Ok(None));
    assert_eq!(bare.opt_path("hold-list").optional(), Ok(None));
    assert_eq!(bare.opt_texts("metric"), Ok(vec![]));
    assert_eq!(bare.opt_switch("all"), Ok(false));
    assert_eq!(bare.opt_switch("al"), Err(OptionError::NoSuch("al".into())));
    assert_eq!(bare.opt_percent("by").optional(), Err(OptionError::OtherKind("by".into())));
    assert_eq!(bare.for_check("flags-audit").opt_duration("min-age").optional(), Ok(None));
    assert!(run().flag("all", &[]).good().opt_switch("all").unwrap());
}

#[test]
fn parameters_tell_every_threshold_of_the_check_as_text() {
    let s = run()
        .toml("[reconcile]\nmetric = [\"a\"]\nhold_list = \"h\"\n[pricing]\ndialect = \"lago\"\nusual = 1");
    assert!(s.bad().contains("unknown key 'usual' in [pricing]"));
    let s =
        run().toml("[reconcile]\nmetric = [\"a\"]\nhold_list = \"h\"\n[pricing]\ndialect = \"lago\"").good();
    let text = serde_json::Value::from(s.parameters(&RECONCILE)).to_string();
    let zones = USUAL_ZONES.split(',').map(|z| format!("\"{z}\"")).collect::<Vec<_>>().join(",");
    assert_eq!(
        text,
        format!(
            "{{\"threshold\":\"5%\",\"min_delta\":\"0\",\"settle\":\"0s\",\"metric\":[\"a\"],\"by\":\"period\",\
             \"cycle\":null,\"all\":\"false\",\"top\":\"10\",\"usual_zones\":[{zones}],\"pricing_dialect\":\"lago\",\
             \"fail_on\":\"error\",\"min_impact\":\"0\",\"allow_rejects\":\"0\",\"select\":[],\"ignore\":[]}}"
        )
    );
    let other = s.parameters(&FLAGS_AUDIT);
    assert!(!other.contains_key("usual_zones") && !other.contains_key("pricing_dialect"));
    assert_eq!(other["code"].to_string(), "[\"src\",\"lib\"]");
}

#[test]
fn severities_and_selection_are_those_of_the_file_and_the_flags() {
    let s = run()
        .toml("[rules]\n\"reconcile/quantity-mismatch\" = \"off\"\n\"reconcile/quantity-drift\" = \"warning\"\n")
        .flag("select", &["reconcile,waiver/unused"])
        .flag("ignore", &["reconcile/quantity-drift"])
        .flag("fail-on", &["warning"])
        .good();
    assert_eq!(s.severity(&RECONCILE.rules[0]), None);
    assert_eq!(s.severity(&RECONCILE.rules[1]), Some(Severity::Warning));
    assert_eq!(s.severity(&FLAGS_AUDIT.rules[0]), Some(Severity::Error));
    assert!(s.selects("reconcile/quantity-mismatch") && s.selects("waiver/unused"));
    assert!(
        !s.selects("reconcile/quantity-drift")
            && !s.selects("flags-audit/expired")
            && !s.selects("reconciles/a")
    );
    assert!(s.fails(Severity::Error) && s.fails(Severity::Warning) && !s.fails(Severity::Info));
    let never = run().flag("fail-on", &["never"]).good();
    assert!(never.fail_on.is_none() && !never.fails(Severity::Error));
}

#[test]
fn paths_of_the_file_are_seen_from_its_folder() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("a/b");
    std::fs::create_dir_all(&deep).unwrap();
    let toml = "[data]\npaths = [\"exports\", \"invoices=/abs/x.csv\", \"plans=p.csv\", \"odd=name.csv\"]\n\
                [reconcile]\nhold_list = \"hold.txt\"\n";
    std::fs::write(dir.path().join(FILE_NAME), toml).unwrap();
    let s = run().load_in(&deep).unwrap();
    assert_eq!(
        s.data_paths,
        ["../../exports", "invoices=/abs/x.csv", "plans=../../p.csv", "../../odd=name.csv"]
    );
    assert_eq!(s.opt_path("hold-list"), Ok(PathBuf::from("../../hold.txt")));
    assert_eq!(s.config_path(), Some(dir.path().join(FILE_NAME).as_path()));
    assert_eq!((s.cache_dir(), s.state_dir()), (dir.path().join(".crosscheck").as_path(), s.cache_dir()));
    let s = run()
        .flag("hold-list", &["h"])
        .flag("cache", &["c"])
        .var("CROSSCHECK_DATA_PATHS", "e")
        .load_in(&deep);
    let s = s.unwrap();
    assert_eq!((s.opt_path("hold-list"), s.data_paths[0].as_str()), (Ok(PathBuf::from("h")), "e"));
    assert_eq!(s.cache_dir(), deep.join("c"));
}

#[test]
fn the_first_source_that_fits_counts() {
    let toml = "[[source]]\nmatch = \"lago/*\"\ntimezone = \"Europe/Paris\"\n[[source]]\nmatch = \"*.csv\"\n";
    let s = run().toml(toml).good();
    assert_eq!(s.source_of("x/lago/a.csv").map(|r| r.line), Some(1));
    assert_eq!(s.source_of("x/a.csv").map(|r| r.line), Some(4));
    assert_eq!(s.source_of("x/a.json"), None);
}

/// All values but where they came from.
fn told(s: &Settings) -> Vec<String> {
    s.in_force().iter().map(|v| format!("{} = {}", v.key, v.value.to_json())).collect()
}

#[test]
fn what_init_writes_changes_nothing_and_shows_every_default() {
    let text = init_text(CHECKS, &Found::default());
    let defaults = told(&run().good());
    assert!(text.lines().all(|l| l.is_empty() || l.starts_with('#')), "{text}");
    assert_eq!(told(&run().toml(&text).good()), defaults);

    let live: String = text
        .lines()
        .map(|l| if l.starts_with("# ") { l } else { l.strip_prefix('#').unwrap_or(l) })
        .map(|l| l.to_owned() + "\n")
        .collect();
    let s = run().toml(&live).load().unwrap_or_else(|e| panic!("{e}\n{live}"));
    assert_eq!(told(&s), defaults);
    let unset = |v: &&InForce| v.origin == Origin::Default;
    let path =
        |k: &Key| if k.section.is_empty() { k.name.to_owned() } else { format!("{}.{}", k.section, k.name) };
    let in_file = |key: &str| KEYS.iter().all(|k| k.in_file || path(k) != key);
    assert_eq!(s.in_force().iter().filter(unset).filter(|v| in_file(&v.key)).count(), 0, "{live}");
    for rule in CHECKS.iter().flat_map(|c| c.rules) {
        assert_eq!(s.rules[rule.code], Some(rule.severity));
    }
    assert_eq!((s.sources.len(), s.waivers.len(), s.profiles.len()), (1, 1, 1));
    assert_eq!((s.maps.metric.len(), s.maps.plan.len(), s.maps.feature.len()), (1, 1, 1));
    // Without a single check the text holds as well.
    assert!(init_text(&[], &Found::default()).contains("#timezone = \"UTC\""));
}

#[test]
fn tables_of_a_check_have_defaults_that_a_list_replaces_and_a_table_lays_over() {
    let audit = || run().check(Some("flags-audit"));
    let s = audit().good();
    let stages = s.opt_tables("stage").unwrap();
    let told: Vec<_> = stages.iter().map(|t| (t.count("day"), t.text("mail"), t.switch("retry"))).collect();
    assert_eq!(told, [(Some(0), Some("first"), true), (Some(7), None, false)]);
    assert!(s.opt_table("hours").unwrap().entries().next().is_none());
    assert_eq!(s.opt_count("keep"), Ok(12));
    assert!(s.opt_tables("keep").is_err() && s.opt_table("stage").is_err());

    let s = audit()
        .toml(
            "[[flags-audit.stage]]\nday = 3\n[flags-audit.bounds]\nwire = { most = 2, within = \"1d\" }\n\
             [flags-audit.hours]\nopens = \"09:00\"\nzone = \"Europe/Berlin\"\ndays = [\"tue\"]\nbilling = \"q1\"\n",
        )
        .good();
    assert_eq!(s.opt_tables("stage").unwrap().len(), 1);
    let bounds = s.opt_table("bounds").unwrap();
    let most: Vec<_> =
        bounds.entries().map(|(k, _)| (k, bounds.table(k).and_then(|t| t.count("most")))).collect();
    assert_eq!(most, [("card", Some(15)), ("wire", Some(2))]);
    assert_eq!(bounds.table("wire").and_then(|t| t.duration("within")), Some(TimeDelta::days(1)));
    let hours = s.opt_table("hours").unwrap();
    assert_eq!((hours.text("opens"), hours.zone("zone")), (Some("09:00"), Some(Tz::Europe__Berlin)));
    assert_eq!((hours.texts("days"), hours.text("billing")), (vec!["tue"], Some("q1")));
    let told = s.parameters(&FLAGS_AUDIT);
    assert_eq!(told["stage"], serde_json::json!([{"day": "3"}]));
    assert_eq!(told["bounds"]["wire"], serde_json::json!({"most": "2", "within": "1d"}));
}

#[test]
fn what_is_wrong_with_a_table_is_named_with_its_line_and_the_remedy() {
    let wrong = run()
        .toml(
            "[flags-audit]\nhours = 1\nstage = { day = 1 }\n[[flags-audit.stages]]\nday = 1\n[flags-audit.bounds]\n\
             card = 15\nsepa = { most = -1 }\n",
        )
        .bad();
    let at = |n: u64, text: &str| assert!(wrong.contains(&format!("crosscheck.toml:{n}: {text}")), "{wrong}");
    at(2, "'hours' is a table: write [flags-audit.hours]");
    at(3, "'stage' is a list of tables: write [[flags-audit.stage]]");
    at(4, "unknown key 'stages' in [flags-audit]; did you mean 'stage'?");
    at(7, "'card' in [flags-audit.bounds] must be a table, not '15'");
    at(8, "'most' in 'sepa' in [flags-audit.bounds] must be a whole number that is not negative, not '-1'");
    at(8, "'sepa' in [flags-audit.bounds] lacks 'within'");

    let wrong = run()
        .toml(
            "[[flags-audit.stage]]\ndya = 1\n[[flags-audit.stage]]\nday = \"x\"\nretry = 1\n\
             [[flags-audit.stage]]\nday = 3\n[[flags-audit.stage]]\nday = 3\n[flags-audit.hours]\nopens = \"24:30\"\n",
        )
        .bad();
    let at = |n: u64, text: &str| assert!(wrong.contains(&format!("crosscheck.toml:{n}: {text}")), "{wrong}");
    at(1, "[[flags-audit.stage]] lacks 'day'");
    at(2, "unknown key 'dya' in [[flags-audit.stage]]; did you mean 'day'?");
    at(4, "'day' in [[flags-audit.stage]] must be a whole number that is not negative, not 'x'");
    at(5, "'retry' in [[flags-audit.stage]] must be true or false, not '1'");
    at(9, "[[flags-audit.stage]] has a second table with 'day' = '3'; give each its own");
    at(11, "'opens' in [flags-audit.hours] must be a time of day such as 09:00, not '24:30'");
}

#[test]
fn a_table_has_no_variable() {
    let s = run().var("CROSSCHECK_FLAGS_AUDIT_STAGE", "1").good();
    assert!(s.warnings.iter().any(|w| w.starts_with("CROSSCHECK_FLAGS_AUDIT_STAGE is set but sets nothing")));
}

#[test]
fn a_section_may_be_named_by_the_first_word_of_its_check() {
    let settings = run().check(Some("flags-audit")).toml("[flags]\nkeep = 9\n").good();
    assert_eq!(settings.opt_count("keep").unwrap(), 9);
    let twice = run().toml("[flags]\nkeep = 9\n[flags-audit]\nkeep = 8\n").bad();
    assert!(twice.contains("stands twice"), "{twice}");
    assert!(run().toml("[audit]\nkeep = 9\n").bad().contains("unknown section [audit]"));
}

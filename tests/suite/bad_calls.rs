//! Calls and settings that are wrong, and what every call must honour.

use crate::{
    company::{
        AS_OF, BILLED, LINE, assert_adds_up, assert_whole, billed, company, decent, events, json, run,
        run_as, says, steering,
    },
    home::{Gave, Home, repository},
};
use std::{io::Write as _, process::Stdio};

/// Feeds standard input.
fn fed(home: &Home, arguments: &[&str], input: &str) -> Gave {
    let mut command = home.command(arguments);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A call that is refused does not read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let gave = Gave::of(child.wait_with_output().unwrap());
    decent(&gave);
    gave
}

#[test]
fn calls_that_cannot_be_understood_are_code_2_and_say_what_would_be() {
    let home = company();
    home.write("x.csv", "a,b\n");
    let calls: &[(&[&str], &[&str])] = &[
        (
            &["reconcile", "usage_event=x.csv"],
            &["no dataset usage_event", "did you mean usage_events?", "crosscheck schema"],
        ),
        (&["reconcile", "good", "--treshold", "3"], &["--treshold", "--threshold"]),
        (&["reconcle", "good"], &["reconcle", "reconcile"]),
        (&["reconcile", "good", "--threshold", "many"], &["--threshold", "many", "per cent"]),
        (&["reconcile", "good", "--format", "yaml"], &["--format", "yaml", "json"]),
        (&["reconcile", "good", "--format", "pdf"], &["pdf", "sarif"]),
        (&["reconcile", "good", "--as-of", "31/12/2026"], &["--as-of", "31/12/2026", "YYYY-MM-DD"]),
        (&["reconcile", "good", "--timezone", "Europe/Berln"], &["--timezone", "Europe/Berlin"]),
        (&["reconcile", "good", "--baseline", "gone.json"], &["gone.json", "cannot be opened"]),
        (&["reconcile", "good", "--allow-rejects", "-1"], &["--allow-rejects", "-1"]),
        (
            &["reconcile", "good", "--select", "reconcile/quantity-mismach"],
            &["did you mean", "reconcile/quantity-mismatch"],
        ),
        (&["reconcile", "good", "--report", "pdf=x"], &["--report", "FORMAT=FILE", "junit"]),
        (&["reconcile", "gone.csv"], &["gone.csv", "does not exist"]),
        (&["reconcile", "gone/"], &["gone/", "does not exist"]),
        (&["reconcile", "-"], &["standard input", "usage_events=-"]),
        (&["reconcile", "usage_events=-", "billed_usage=-"], &["standard input", "twice"]),
        (&["reconcile", "good", "--config", "no.toml"], &["no.toml", "cannot be opened"]),
        (&["explain", "reconcile/nothing"], &["reconcile/nothing"]),
        (&["schema", "invoice"], &["did you mean invoices?"]),
        (&["show", "xyz", "good"], &["xyz", "fingerprint"]),
        (&["import"], &["name the exports"]),
        (&["profile", "gone.csv"], &["gone.csv", "does not exist"]),
    ];
    for (arguments, words) in calls {
        let gave = run(&home, arguments);
        assert_eq!(gave.code, 2, "{arguments:?}: {gave:?}");
        says(&gave.err, words);
        assert!(gave.err.starts_with("error: "), "{gave:?}");
    }
    assert_whole(&home);
}

#[test]
fn bad_settings_name_file_line_and_key() {
    for (text, words) in [
        ("\ntreshold = 5\n", &["crosscheck.toml:2:", "unknown key 'treshold'"][..]),
        (
            "[reconcile]\nthreshold = \"much\"\n",
            &["crosscheck.toml:2:", "'threshold' in [reconcile]", "much"],
        ),
        ("[reconcile]\n\n\ntreshold = 5\n", &["crosscheck.toml:4:", "did you mean 'threshold'?"]),
        ("only_new = true\n", &["crosscheck.toml:1:", "'only_new' belongs to one call"]),
        ("no_history = 1\n", &["crosscheck.toml:1:", "'no_history'"]),
        ("[run]\nrequire = [\"reconcil\"]\n", &["crosscheck.toml:2:", "did you mean 'reconcile'?"]),
        ("format = \"pdf\"\n", &["crosscheck.toml:1:", "'format'", "pdf"]),
        ("[[source]]\nmatch = \"x\"\nmax_age = \"soon\"\n", &["crosscheck.toml:3:", "max_age", "soon"]),
        (
            "[[source]]\nmatch = \"x\"\nprofile = \"stripe/payment\"\n",
            &["crosscheck.toml:", "stripe/payments"],
        ),
        ("[rules]\n\"reconcile/quantity-mismatch\" = \"loud\"\n", &["crosscheck.toml:2:", "loud"]),
        ("[reconcile\n", &["crosscheck.toml:1:", "TOML"]),
    ] {
        let home = company();
        home.write("crosscheck.toml", text);
        for arguments in [&["reconcile", "good", "--as-of", AS_OF][..], &["import", "good"]] {
            let gave = run(&home, arguments);
            assert_eq!(gave.code, 2, "{text}: {gave:?}");
            says(&gave.err, words);
        }
        let report = run(&home, &["reconcile", "good", "--format", "json"]);
        assert_eq!(json(&report)["problems"][0]["file"], "crosscheck.toml", "{report:?}");
    }
}

#[test]
fn json_is_printed_for_code_2_and_3_as_well() {
    let home = company();
    home.write("empty.csv", "");
    for (arguments, code, problem) in [
        (&["reconcile", "gone.csv", "--format", "json"][..], 2, "usage/unreadable"),
        (&["reconcile", "--nosuch", "--format=json"], 2, "usage/arguments"),
        (&["reconcile", "usage_event=x", "--format", "json"], 2, "usage/unknown-dataset"),
        (&["reconcile", "good", "--as-of", "soon", "--format", "json"], 2, ""),
        (&["reconcile", "good", "--output", "no/such/folder/x", "--format", "json"], 2, "usage/write"),
        (&["reconcile", "good/usage_events.csv", "--format", "json"], 3, "data/missing-dataset"),
        (
            &["reconcile", "good/usage_events.csv", "billed_usage=empty.csv", "--format", "json"],
            3,
            "data/empty",
        ),
    ] {
        let gave = run(&home, arguments);
        let report = json(&gave);
        assert_eq!(
            (gave.code, report["exit_code"].as_i64(), report["verdict"].as_str()),
            (code, Some(i64::from(code)), Some("not_judged")),
            "{arguments:?}"
        );
        assert_eq!(
            (report["schema"].as_str(), report["check"].as_str()),
            (Some("crosscheck.report/1"), Some("reconcile"))
        );
        says(report["problems"][0]["code"].as_str().unwrap(), &[problem]);
        assert!(!gave.err.is_empty());
    }
    for arguments in [
        &["import", "gone.csv", "--format", "json"][..],
        &["status", "--nosuch", "--format", "json"],
        &["rejects", "gone.csv", "--format", "json"],
    ] {
        let gave = run(&home, arguments);
        assert_eq!((gave.code, json(&gave)["exit_code"].as_i64()), (2, Some(2)), "{gave:?}");
        assert!(!json(&gave)["problems"].as_array().unwrap().is_empty());
    }
    // The variable asks for JSON too.
    let mut command = home.command(&["reconcile", "gone.csv"]);
    command.env("CROSSCHECK_FORMAT", "json");
    assert_eq!(json(&run_as(command))["exit_code"], 2);
}

#[test]
fn data_that_cannot_be_trusted_is_code_3_with_the_reason_last() {
    let home = company();
    home.write("header.csv", BILLED);
    let cases: &[(&[&str], &[&str], &str)] = &[
        (
            &["good/usage_events.csv"],
            &["reconcile needs billed_usage", "billed_usage=PATH"],
            "data/missing-dataset",
        ),
        (
            &["good/usage_events.csv", "billed_usage=header.csv"],
            &["no usable row", "header.csv"],
            "data/empty-dataset",
        ),
        (&[], &["no file was given"], "data/missing-dataset"),
    ];
    for (exports, words, code) in cases {
        let gave = run(&home, &[&["reconcile"], *exports, &["--as-of", AS_OF]].concat());
        assert_eq!(gave.code, 3, "{gave:?}");
        says(&gave.err, words);
        says(gave.err.lines().last().unwrap(), &["cannot be trusted", code, "exit code 3"]);
        assert!(!gave.out.contains("PASS"), "{gave:?}");
    }
    home.write("crosscheck.toml", "[[source]]\nmatch = \"good/usage_events.csv\"\nmax_age = \"26h\"\n");
    let gave = run(&home, &["reconcile", "good", "--as-of", AS_OF, "--format", "json"]);
    assert_eq!(gave.code, 3, "{gave:?}");
    says(&gave.err, &["good/usage_events.csv", "2026-11-02T00:00:00Z", "max_age 26h", "data/too-old"]);
    assert_adds_up(&json(&gave));
    assert_eq!(
        run(&home, &["reconcile", "good", "--as-of", "2026-11-03T02:00:00Z"]).code,
        0,
        "26 hours are not older"
    );
}

#[test]
fn standard_input_is_read_as_the_dataset_it_is_named_for() {
    let home = company();
    let call = ["reconcile", "usage_events=-", "good/billed_usage.csv", "--as-of", AS_OF, "--format", "json"];
    let gave = fed(&home, &call, &events());
    let report = json(&gave);
    assert_eq!((gave.code, report["rows"][0]["metered"].as_str()), (0, Some("3100")), "{gave:?}");
    says(&report["inputs"].to_string(), &["\"file\":\"usage_events=-\""]);
    assert_adds_up(&report);
    // It is read again, not remembered.
    let more = fed(&home, &call, &events().replace(",100\n", ",200\n"));
    assert_eq!((more.code, json(&more)["rows"][0]["metered"].as_str()), (1, Some("6200")));
    let none = fed(&home, &call, "");
    assert_eq!(none.code, 3, "{none:?}");
    says(&none.err, &["usage_events=-", "is empty"]);
    assert_whole(&home);
}

#[test]
fn outputs_appear_whole_or_not_at_all() {
    let home = company();
    home.write("bad.csv", format!("{BILLED}{}", LINE.replace("3100", "9100")));
    for (flag, value) in
        [("--output", "no/x.json"), ("--report", "junit=no/x.xml"), ("--hold-list", "no/x.txt")]
    {
        let gave = billed(&home, "bad.csv", &[flag, value]);
        assert_eq!(gave.code, 2, "{gave:?}");
        says(&gave.err, &["cannot write to no/x", "No such file or directory"]);
    }
    home.write("report.json", "the old one");
    let gave = billed(
        &home,
        "bad.csv",
        &[
            "--format",
            "json",
            "--output",
            "report.json",
            "--report",
            "junit=r.xml",
            "--report",
            "markdown=r.md",
        ],
    );
    assert_eq!((gave.code, gave.out.as_str()), (1, ""), "{gave:?}");
    let read = |name: &str| std::fs::read_to_string(home.path().join(name)).unwrap();
    let report: serde_json::Value = serde_json::from_str(&read("report.json")).unwrap();
    assert_eq!(report["exit_code"], 1);
    says(&read("r.xml"), &["<testsuite", "</testsuites>"]);
    says(&read("r.md"), &["9,100"]);
    let left: Vec<_> = std::fs::read_dir(home.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .filter(|n| n.to_string_lossy().starts_with(".crosscheck-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_hold_list_names_the_invoices_that_should_wait() {
    let home = company();
    let header =
        "line_id,invoice_id,account_id,metric,period_start,period_end,quantity,amount,currency,status\n";
    home.write(
        "bad.csv",
        format!("{header}l1,in_7,acct_1,api_calls,2026-10-01,2026-11-01,9100,91.00,USD,draft\n"),
    );
    let gave = billed(&home, "bad.csv", &["--hold-list", "hold.txt"]);
    assert_eq!(gave.code, 1, "{gave:?}");
    assert_eq!(std::fs::read_to_string(home.path().join("hold.txt")).unwrap(), "in_7\n");
    if std::path::Path::new("/dev/full").exists() {
        let gave = billed(&home, "bad.csv", &["--hold-list", "/dev/full"]);
        assert_eq!(gave.code, 2, "{gave:?}");
        says(&gave.err, &["cannot write to /dev/full", "No space left"]);
    }
}

#[test]
fn quiet_silences_warnings_and_not_errors() {
    let home = company();
    home.write("good/notes.csv", "colour,shape\nred,round\n");
    assert!(run(&home, &["reconcile", "good", "--as-of", AS_OF]).err.contains("warning"));
    let quiet = run(&home, &["reconcile", "good", "--as-of", AS_OF, "--quiet"]);
    assert_eq!((quiet.code, quiet.err.as_str()), (0, ""));
    assert!(run(&home, &["reconcile", "gone.csv", "--quiet"]).err.contains("error: "));
    let mut command = home.command(&["reconcile", "good", "--as-of", AS_OF]);
    command.env("CROSSCHECK_QUIET", "true");
    assert_eq!(run_as(command).err, "");
}

#[test]
fn colour_follows_the_conventions() {
    let home = company();
    let coloured = |variables: &[(&str, &str)], flags: &[&str]| {
        let mut command = home.command(&[&["reconcile", "good", "--as-of", AS_OF], flags].concat());
        command.envs(variables.iter().copied());
        Gave::of(command.output().unwrap()).out.contains('\u{1b}')
    };
    assert!(!coloured(&[], &[]), "no terminal");
    assert!(coloured(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "0")], &[]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1")], &["--color", "never"]));
    assert!(coloured(&[("NO_COLOR", "1")], &["--color", "always"]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1")], &["--format", "json"]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1")], &["--output", "file"]));
    // On a terminal, which script(1) stands in for.
    let on_terminal = |variables: &[(&str, &str)]| {
        let plain = home.command(&["reconcile", "good", "--as-of", AS_OF]);
        let mut command = std::process::Command::new("/usr/bin/script");
        command.args([
            "-qec",
            &format!("{} reconcile good --as-of {AS_OF}", plain.get_program().to_string_lossy()),
            "/dev/null",
        ]);
        command
            .current_dir(home.path())
            .env_clear()
            .env("CROSSCHECK_CACHE", home.path().join("cache"))
            .env("HOME", home.path());
        command.envs(variables.iter().copied()).stdin(Stdio::null());
        command.output().ok().filter(|o| o.status.success()).map(|o| o.stdout.contains(&0x1b))
    };
    match on_terminal(&[("TERM", "xterm")]) {
        Some(colour) => {
            assert!(colour);
            assert_eq!(on_terminal(&[("TERM", "dumb")]), Some(false));
            assert_eq!(on_terminal(&[("TERM", "xterm"), ("NO_COLOR", "1")]), Some(false));
        }
        None => eprintln!("SKIPPED: no script(1) to stand in for a terminal"),
    }
}

#[test]
fn a_flag_beats_the_variable_beats_the_file_beats_the_default() {
    let home = company();
    home.write("bad.csv", format!("{BILLED}{}", LINE.replace("3100", "3410")));
    let call = |variable: Option<&str>, flags: &[&str]| {
        let mut command = home.command(
            &[
                &[
                    "reconcile",
                    "good/usage_events.csv",
                    "billed_usage=bad.csv",
                    "--as-of",
                    AS_OF,
                    "--format",
                    "json",
                ],
                flags,
            ]
            .concat(),
        );
        if let Some(value) = variable {
            command.env("CROSSCHECK_THRESHOLD", value);
        }
        let gave = run_as(command);
        (json(&gave)["parameters"]["threshold"].as_str().unwrap().to_owned(), gave.code)
    };
    let is = |text: &str, code| (text.to_owned(), code);
    assert_eq!(call(None, &[]), is("5%", 1));
    home.write("crosscheck.toml", "[reconcile]\nthreshold = 40\n");
    assert_eq!(call(None, &[]), is("40%", 0));
    assert_eq!(call(Some("9"), &[]), is("9%", 1));
    assert_eq!(call(Some("9"), &["--threshold", "10%"]), is("10%", 0), "exactly the threshold passes");
    let mut command = home.command(&["reconcile", "good", "--as-of", AS_OF]);
    command.env("CROSSCHECK_TRESHOLD", "9");
    let gave = run_as(command);
    assert_eq!(gave.code, 0);
    says(&gave.err, &["warning: CROSSCHECK_TRESHOLD", "did you mean CROSSCHECK_THRESHOLD?"]);
}

#[test]
fn every_input_of_the_whole_company_adds_up_and_no_format_steers_a_terminal() {
    let home = Home::new();
    let acme = repository().join("fixtures/acme");
    let acme = acme.to_str().unwrap();
    let report = json(&run(&home, &["reconcile", acme, "--as-of", "2026-11-05", "--format", "json"]));
    assert_adds_up(&report);
    let listing = json(&run(&home, &["import", acme, "--format", "json"]));
    let n = |i: &serde_json::Value, k: &str| i[k].as_u64().unwrap();
    for i in listing["imports"].as_array().unwrap() {
        assert_eq!(n(i, "loaded") + n(i, "rejected") + n(i, "filtered"), n(i, "rows"), "{i}");
    }
    for format in ["table", "markdown", "github", "junit", "ndjson"] {
        let gave = run(&home, &["reconcile", acme, "--as-of", "2026-11-05", "--format", format]);
        assert_eq!((gave.code, steering(&gave.out)), (1, None), "{format}");
    }
}

//! What may happen to files, disks, pipes and processes while the tool works.

use crate::{
    company::{
        AS_OF, BILLED, LINE, assert_same, assert_whole, company, decent, end, events, good, json,
        many_events, opened, run, run_as, says, start,
    },
    home::{Gave, Home, repository},
};
use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

const RECONCILE: [&str; 6] = ["reconcile", "good", "--as-of", AS_OF, "--format", "json"];

/// The binary's command line behind a shell's preparations.
fn behind(home: &Home, shell: &str, arguments: &[&str]) -> Command {
    let plain = home.command(arguments);
    let mut command = Command::new("/bin/sh");
    command
        .arg("-c")
        .arg(format!("{shell}; exec \"$0\" \"$@\""))
        .arg(plain.get_program())
        .args(plain.get_args());
    command.current_dir(home.path()).env_clear().stdin(Stdio::null());
    for (name, value) in plain.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command
}

/// Half-made packs of a killed run.
fn litter(cache: &Path) -> Vec<String> {
    let names = fs::read_dir(cache).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    names.filter(|n| n.starts_with(".pack-")).collect()
}

#[test]
fn a_file_that_is_removed_while_it_is_read_is_code_3() {
    let home = company();
    let mut caught = 0;
    for _ in 0..5 {
        let file = home.write("big.csv", many_events(400_000));
        let mut child = start(home.command(&["import", "usage_events=big.csv"]));
        let open = opened(&mut child, &file);
        fs::remove_file(&file).unwrap();
        let gave = end(child);
        match gave.code {
            3 => says(&gave.err, &["big.csv", "changed while it was read", "removed", "run again"]),
            // It was read to its end before it was removed.
            0 => assert!(!open || gave.out.contains("400,000"), "{gave:?}"),
            code => panic!("{code}: {gave:?}"),
        }
        caught += usize::from(gave.code == 3);
        if caught > 0 {
            break;
        }
    }
    assert!(caught > 0, "the file was never removed in time");
    assert_whole(&home);
}

#[test]
fn a_companion_that_comes_goes_and_comes_back_is_seen() {
    let home = Home::new();
    let from = repository().join("fixtures/charges/vendor-stripe");
    for file in fs::read_dir(from).unwrap().map(|e| e.unwrap()) {
        home.write(&format!("data/{}", file.file_name().to_str().unwrap()), fs::read(file.path()).unwrap());
    }
    // Which invoice a charge paid stands in two pages of another export.
    let page = home.path().join("data/stripe-invoice-payments-page-2.json");
    let text = fs::read(&page).unwrap();
    let double = || {
        let (report, _) = home.json(&["charges", "data", "--as-of", "2026-12-01"]);
        report["findings"].as_array().unwrap().iter().any(|f| f["code"] == "charges/double-charge")
    };
    assert!(double());
    fs::remove_file(&page).unwrap();
    assert!(!double());
    fs::write(&page, &text).unwrap();
    assert!(double());
}

#[test]
fn a_file_that_grows_while_it_is_read_is_read_whole_or_not_at_all() {
    let home = company();
    let file = home.write("big.csv", many_events(400_000));
    let mut caught = 0;
    for round in 0..5 {
        let mut child = start(home.command(&[
            "reconcile",
            "usage_events=big.csv",
            "good/billed_usage.csv",
            "--as-of",
            AS_OF,
            "--format",
            "json",
        ]));
        if opened(&mut child, &file) {
            let mut out = fs::OpenOptions::new().append(true).open(&file).unwrap();
            for i in 0..50 {
                writeln!(out, "more_{round}_{i},2026-10-05T12:00:00Z,acct_1,api_calls,1").unwrap();
            }
        }
        let gave = end(child);
        let report = json(&gave);
        if gave.code == 3 && gave.err.contains("changed while it was read") {
            says(&gave.err, &["big.csv", "it grew", "wait until it is complete"]);
            assert!(!report.to_string().contains("\"loaded\":400"), "{report}");
            caught += 1;
            break;
        }
        let loaded =
            report["inputs"].as_array().unwrap().iter().map(|i| i["loaded"].as_u64().unwrap()).max().unwrap();
        assert_eq!(loaded % 50, 0, "a part of what was added was read");
    }
    assert!(caught > 0, "the file never grew in time");
    // At rest it is read, and nothing of the attempt is left.
    assert_same(
        &home,
        &["reconcile", "usage_events=big.csv", "good/billed_usage.csv", "--as-of", AS_OF, "--format", "json"],
        3,
    );
    assert_whole(&home);
}

#[test]
fn an_import_that_is_killed_leaves_the_cache_whole() {
    let home = company();
    let text = many_events(200_000);
    home.write("big.csv", &text);
    let mut killed = 0;
    for millis in [1, 5, 12, 25, 40, 60, 90, 130] {
        let mut child = start(home.command(&["import", "--verify", "usage_events=big.csv"]));
        std::thread::sleep(Duration::from_millis(millis));
        killed += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        // Another content each time, so that each time there is something to read.
        home.write("big.csv", format!("{text}more_{millis},2026-10-05T12:00:00Z,acct_1,api_calls,1\n"));
        assert_whole(&home);
    }
    assert!(killed >= 3, "only {killed} were killed in time");
    assert_same(
        &home,
        &["reconcile", "usage_events=big.csv", "good/billed_usage.csv", "--as-of", AS_OF, "--format", "json"],
        3,
    );
    assert_eq!(litter(&home.path().join("cache")), Vec::<String>::new());
}

#[test]
fn several_runs_at_once_all_come_through() {
    let home = company();
    let two = events().replace(",100\n", ",200\n");
    home.write("two/usage_events.csv", &two);
    home.write("two/billed_usage.csv", format!("{BILLED}{}", LINE.replace("3100", "6200")));
    home.write("big.csv", many_events(60_000));
    let calls: [&[&str]; 4] = [
        &RECONCILE,
        &["reconcile", "two", "--as-of", AS_OF, "--format", "json"],
        // The same file read in another way.
        &[
            "reconcile",
            "usage_events=two/usage_events.csv",
            "billed_usage=good/billed_usage.csv",
            "--as-of",
            AS_OF,
            "--format",
            "json",
        ],
        &[
            "reconcile",
            "usage_events=big.csv",
            "billed_usage=good/billed_usage.csv",
            "--as-of",
            AS_OF,
            "--format",
            "json",
        ],
    ];
    let alone: Vec<Gave> = calls
        .iter()
        .map(|call| {
            let fresh = tempfile::tempdir().unwrap();
            let mut command = home.command(call);
            command.env("CROSSCHECK_CACHE", fresh.path());
            run_as(command)
        })
        .collect();
    for _ in 0..3 {
        let _ = fs::remove_dir_all(home.path().join("cache"));
        let children: Vec<(usize, Child)> =
            (0..12).map(|i| (i % 4, start(home.command(calls[i % 4])))).collect();
        for (call, child) in children {
            let gave = end(child);
            assert_eq!((gave.code, &gave.err), (alone[call].code, &alone[call].err));
            assert!(gave.out == alone[call].out, "{}\n{}", gave.out, alone[call].out);
        }
    }
    assert_whole(&home);
}

#[test]
fn runs_on_standard_input_do_not_disturb_one_another() {
    let home = company();
    let call = ["reconcile", "usage_events=-", "good/billed_usage.csv", "--as-of", AS_OF, "--format", "json"];
    let children: Vec<(usize, Child)> = (1..=8)
        .map(|n| {
            let mut command = home.command(&call);
            command.stdin(Stdio::piped());
            let mut child = start(command);
            let text = events().replace(",100\n", &format!(",{n}00\n"));
            child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
            (n, child)
        })
        .collect();
    for (n, child) in children {
        let gave = end(child);
        assert_eq!(gave.code, i32::from(n != 1), "{gave:?}");
        assert_eq!(json(&gave)["rows"][0]["metered"], (3100 * n).to_string());
    }
    assert_whole(&home);
}

#[test]
fn a_disk_that_is_full_for_the_cache_is_code_2_and_leaves_it_whole() {
    let home = company();
    good(&home);
    home.write("big.csv", many_events(200_000));
    // Ids without an order, which take as many bytes in the cache as in the file.
    let id = |i: u64| format!("{:016x}x", i.wrapping_mul(0x9e37_79b9_7f4a_7c15)).repeat(4);
    home.write(
        "rows.csv",
        format!(
            "{BILLED}{LINE}{}",
            (0..60_000)
                .map(|i| format!("{},acct_1,api_calls,2026-10-01,2026-11-01,0,0,USD\n", id(i)))
                .collect::<String>()
        ),
    );
    // Signal 25 would kill; ignored, the write fails as on a full disk.
    for (blocks, arguments) in [
        (2000, &["import", "usage_events=big.csv"][..]),
        (2000, &["import", "billed_usage=rows.csv"]),
        (8, &["import", "usage_events=big.csv", "--cache", "new"]),
    ] {
        let gave = run_as(behind(&home, &format!("trap '' 25; ulimit -f {blocks}"), arguments));
        assert_eq!(gave.code, 2, "{gave:?}");
        says(&gave.err, &["error: ", "cache", "free some space"]);
        let cache = home.path().join("cache");
        assert_eq!(litter(&cache), Vec::<String>::new());
        assert_whole(&home);
    }
    assert_same(
        &home,
        &[
            "reconcile",
            "good/usage_events.csv",
            "billed_usage=rows.csv",
            "--as-of",
            AS_OF,
            "--format",
            "json",
        ],
        0,
    );
}

#[test]
fn a_full_disk_for_results_is_code_2() {
    if !Path::new("/dev/full").exists() {
        eprintln!("SKIPPED: there is no /dev/full here");
        return;
    }
    let home = company();
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for arguments in [
        &["reconcile", "good", "--as-of", AS_OF][..],
        &RECONCILE,
        &["reconcile", "good", "--as-of", AS_OF, "--format", "junit"],
        &["reconcile", "nothing.csv", "--format", "json"],
        &["import", "good"],
        &["status", "--format", "json"],
        &["rejects", "good"],
        &["schema"],
        &["explain", "reconcile"],
        &["completions", "bash"],
        &["--help"],
        &["--version"],
        &[],
    ] {
        let mut command = home.command(arguments);
        command.stdout(full()).stderr(Stdio::piped());
        let gave = Gave::of(command.spawn().unwrap().wait_with_output().unwrap());
        decent(&gave);
        assert_eq!(gave.code, 2, "{arguments:?}: {gave:?}");
        says(&gave.err, &["error: "]);
        if !arguments.contains(&"nothing.csv") {
            says(&gave.err, &["cannot write to standard output", "No space left"]);
        }
    }
    for target in
        [&["--output", "/dev/full"][..], &["--report", "json=/dev/full"], &["--hold-list", "/dev/full"]]
    {
        let gave = run(&home, &[&["reconcile", "good", "--as-of", AS_OF], target].concat());
        // Nobody waits, so the list of who should has no byte that could fail.
        let code = if target[0] == "--hold-list" { 0 } else { 2 };
        assert_eq!(gave.code, code, "{gave:?}");
        if code == 2 {
            says(&gave.err, &["cannot write to /dev/full", "No space left"]);
        }
    }
    // Standard error may be full as well; the exit code still tells.
    let mut command = home.command(&["reconcile", "nothing.csv"]);
    command.stdout(full()).stderr(full());
    assert_eq!(command.status().unwrap().code(), Some(2));
    assert_whole(&home);
}

#[test]
fn a_pipe_that_is_closed_ends_quietly_with_the_checks_own_code() {
    let home = company();
    let acme = repository().join("fixtures/acme");
    let acme = acme.to_str().unwrap();
    for (arguments, lines, code) in [
        (&["reconcile", acme, "--as-of", "2026-11-05", "--format", "json"][..], 1, 1),
        (&["reconcile", acme, "--as-of", "2026-11-05"], 1, 1),
        (&["reconcile", acme, "--as-of", "2026-11-05", "--format", "csv"], 0, 1),
        (&RECONCILE, 0, 0),
        (&["schema", "report"], 1, 0),
        (&["completions", "zsh"], 1, 0),
        (&["--help"], 0, 0),
    ] {
        let mut child = start(home.command(arguments));
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        for _ in 0..lines {
            reader.read_line(&mut String::new()).unwrap();
        }
        drop(reader);
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{arguments:?}: {err}");
        assert!(!err.to_lowercase().contains("pipe") && !err.contains("panicked"), "{err}");
    }
}

#[test]
fn a_folder_or_file_without_permission_is_code_2() {
    let home = company();
    home.write("closed/usage_events.csv", events());
    home.write("open/usage_events.csv", events());
    let mode = |name: &str, mode| {
        fs::set_permissions(home.path().join(name), fs::Permissions::from_mode(mode)).unwrap()
    };
    let probe = home.path().join("closed");
    mode("closed", 0o000);
    mode("open/usage_events.csv", 0o000);
    // Root may read everything; nobody may not.
    let root = fs::read_dir(&probe).is_ok();
    let command = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        if root {
            command.uid(65_534).gid(65_534).env("CROSSCHECK_CACHE", home.path().join("nobody"));
        }
        command
    };
    if root {
        fs::create_dir(home.path().join("nobody")).unwrap();
        mode("nobody", 0o777);
        mode(".", 0o755);
        if !command(&["--version"]).output().is_ok_and(|o| o.status.success()) {
            eprintln!("SKIPPED: permissions do not bind here, and the binary cannot be run as another user");
            mode("closed", 0o755);
            return;
        }
    }
    for (path, named) in [
        ("closed", "closed"),
        ("open", "open/usage_events.csv"),
        ("open/usage_events.csv", "open/usage_events.csv"),
    ] {
        let gave = run_as(command(&[
            "reconcile",
            path,
            "good/billed_usage.csv",
            "--as-of",
            AS_OF,
            "--format",
            "json",
        ]));
        assert_eq!(gave.code, 2, "{gave:?}");
        says(&gave.err.to_lowercase(), &[named, "permission"]);
        assert_eq!(json(&gave)["exit_code"], 2);
    }
    mode("closed", 0o755);
    // The cache's folder may be read and not written.
    if root {
        fs::remove_dir_all(home.path().join("nobody")).unwrap();
        fs::create_dir(home.path().join("nobody")).unwrap();
        mode("nobody", 0o555);
        let gave = run_as(command(&RECONCILE));
        assert_eq!(gave.code, 0, "{gave:?}");
        says(&gave.err, &["nobody", "cannot be used", "reads every export anew"]);
        let mut command = command(&RECONCILE);
        command.env("CROSSCHECK_CACHE", home.path().join("nobody/new"));
        says(&run_as(command).err, &["nobody/new", "cannot make the folder", "Permission denied"]);
    }
    assert_whole(&home);
}

#[test]
fn links_that_lead_in_circles_and_into_nothing_are_told() {
    let home = company();
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, home.path().join(name)).unwrap();
    link("..", "good/up");
    let gave = run(&home, &["reconcile", "good", "--as-of", AS_OF]);
    assert_eq!(gave.code, 0, "{gave:?}");
    says(&gave.err, &["warning: good/up", "links back", "passed over"]);
    link("good/usage_events.csv", "again.csv");
    let twice = json(&run(
        &home,
        &[&RECONCILE[..], &["good/usage_events.csv", "./good/../good/usage_events.csv", "again.csv"]]
            .concat(),
    ));
    assert_eq!(twice["inputs"].as_array().unwrap().len(), 2, "a file counts once, whatever its names");
    link("self.csv", "self.csv");
    link("nowhere.csv", "dangling.csv");
    for name in ["self.csv", "dangling.csv"] {
        let gave = run(&home, &["reconcile", name]);
        assert_eq!(gave.code, 2, "{gave:?}");
        says(&gave.err, &[name]);
    }
    link("nowhere.csv", "good/dangling.csv");
    let gave = run(&home, &["reconcile", "good", "--as-of", AS_OF]);
    assert_eq!(gave.code, 2, "an export that is meant to be there is not: {gave:?}");
    says(&gave.err, &["good/dangling.csv"]);
}

#[test]
fn a_fifo_is_never_waited_for() {
    let home = company();
    let fifo = home.path().join("good/pipe.csv");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let gave = run(&home, &["reconcile", "good", "--as-of", AS_OF]);
    assert_eq!(gave.code, 0, "{gave:?}");
    says(&gave.err, &["warning: good/pipe.csv is a named pipe", "passed over"]);
    let gave = run(&home, &["reconcile", "good/pipe.csv"]);
    assert_eq!(gave.code, 2, "{gave:?}");
    says(&gave.err, &["good/pipe.csv", "named pipe", "standard input"]);
    let gave = run(&home, &["reconcile", "usage_events=/dev/null"]);
    assert_eq!(gave.code, 2, "{gave:?}");
    says(&gave.err, &["/dev/null", "a device"]);
}

#[test]
fn a_large_file_of_a_folder_is_read_only_by_the_checks_that_ask_for_it() {
    let home = Home::new();
    for file in ["accounts", "invoices", "payments", "subscriptions"] {
        let rows = fs::read_to_string(repository().join(format!("fixtures/acme/{file}.csv"))).unwrap();
        home.write(&format!("exports/{file}.csv"), rows);
    }
    let mut activity = "account_id,date,logins\n".to_owned();
    for n in 0..180_000 {
        activity.push_str(&format!("acct_{n:08},2026-11-0{},1\n", n % 4 + 1));
    }
    assert!(activity.len() > 4 << 20, "{}", activity.len());
    home.write("exports/activity.csv", activity);
    let held = || home.run(&["status"]).out.contains("activity.csv");
    let check = |check: &str, exports: &str| {
        home.run(&[check, exports, "--as-of", "2026-11-05T06:00:00Z", "--format", "json", "--no-history"])
    };
    let first = check("dunning", "exports");
    assert!(!held(), "{}", home.run(&["status"]).out);
    let health = check("health", "exports");
    assert!(held(), "{}", health.err);
    // Neither report is another for it.
    assert_eq!(check("dunning", "exports").out, first.out);
    assert!(health.out.contains("\"activity\""), "{}", health.out);
}

#[test]
fn a_large_file_that_a_check_has_no_use_for_is_told_of_as_before() {
    let home = Home::new();
    home.write(
        "exports/activity.csv",
        format!("account_id,date,logins\n{}", "acct_a,2026-11-01,1\n".repeat(220_000)),
    );
    let gave = home.run(&["dunning", "exports"]);
    assert_eq!(gave.code, 3, "{}", gave.out);
    assert!(
        gave.err.contains("the one file does not hold it")
            || gave.out.contains("the one file does not hold it"),
        "{}{}",
        gave.out,
        gave.err
    );
}

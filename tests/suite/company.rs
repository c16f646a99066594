//! A company small enough for tests that spoil one of its exports.

use crate::home::{Gave, Home};
use serde_json::Value;
use std::{
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// After the last event, so that October is over.
pub(crate) const AS_OF: &str = "2026-12-01";
pub(crate) const EVENTS: &str = "event_id,timestamp,account_id,metric,quantity\n";
pub(crate) const BILLED: &str =
    "line_id,account_id,metric,period_start,period_end,quantity,amount,currency\n";
/// What acct_1 used in October, and was billed for it.
pub(crate) const LINE: &str = "l1,acct_1,api_calls,2026-10-01,2026-11-01,3100,31.00,USD\n";

/// acct_1 uses 100 calls a day in October; events on either side of it cover the month.
pub(crate) fn events() -> String {
    let days = (1..=31).map(|d| format!("evt_{d:02},2026-10-{d:02}T12:00:00Z,acct_1,api_calls,100\n"));
    let around = [
        "evt_a,2026-09-28T00:00:00Z,acct_1,api_calls,1\n",
        "evt_z,2026-11-02T00:00:00Z,acct_1,api_calls,1\n",
    ];
    EVENTS.to_owned() + &days.collect::<String>() + &around.concat()
}

/// Events of a thousand accounts that reading takes some time for.
pub(crate) fn many_events(rows: usize) -> String {
    let row = |i: usize| {
        format!(
            "evt_{i},2026-10-{:02}T12:00:{:02}Z,acct_{},api_calls,{}\n",
            1 + i % 31,
            i % 60,
            i % 1000,
            i % 7
        )
    };
    EVENTS.to_owned() + &(0..rows).map(row).collect::<String>()
}

/// A home with the sound exports in `good/`.
pub(crate) fn company() -> Home {
    let home = Home::new();
    home.write("good/usage_events.csv", events());
    home.write("good/billed_usage.csv", format!("{BILLED}{LINE}"));
    home
}

/// Runs, and sees that nothing indecent was said.
pub(crate) fn run(home: &Home, arguments: &[&str]) -> Gave {
    run_as(home.command(arguments))
}

/// Runs a prepared command, and sees that nothing indecent was said.
pub(crate) fn run_as(mut command: Command) -> Gave {
    let gave = Gave::of(command.output().unwrap());
    decent(&gave);
    gave
}

/// No panic, no stack, nothing that could steer a terminal; an exit code of the contract.
pub(crate) fn decent(gave: &Gave) {
    for text in [&gave.out, &gave.err] {
        for word in ["panicked", "RUST_BACKTRACE", "stack backtrace", "unwrap", "src/"] {
            assert!(!text.contains(word), "{word}: {gave:?}");
        }
    }
    assert!((0..=3).contains(&gave.code), "{gave:?}");
    assert_eq!(steering(&gave.err), None, "{gave:?}");
}

/// The first character that could steer a terminal.
pub(crate) fn steering(text: &str) -> Option<char> {
    let bad = |c: &char| {
        (c.is_control() && *c != '\n')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{061c}')
    };
    text.chars().find(bad)
}

/// Reconciles the sound events with this as the billed usage.
pub(crate) fn billed(home: &Home, file: &str, more: &[&str]) -> Gave {
    let billed = format!("billed_usage={file}");
    let mut arguments = vec!["reconcile", "good/usage_events.csv", &billed, "--as-of", AS_OF];
    arguments.extend(more);
    run(home, &arguments)
}

/// The report of the sound exports, from the cache of this home.
pub(crate) fn good(home: &Home) -> Gave {
    run(home, &["reconcile", "good", "--as-of", AS_OF, "--format", "json"])
}

/// Whatever befell the cache, the sound exports give what they give with a new one, to the byte.
pub(crate) fn assert_whole(home: &Home) {
    let arguments = ["reconcile", "good", "--as-of", AS_OF, "--format", "json"];
    assert_same(home, &arguments, 0);
}

/// The cache of this home and a new one give the same bytes.
pub(crate) fn assert_same(home: &Home, arguments: &[&str], code: i32) {
    let kept = run(home, arguments);
    let fresh = tempfile::tempdir().unwrap();
    let mut command = home.command(arguments);
    command.env("CROSSCHECK_CACHE", fresh.path());
    let fresh = run_as(command);
    assert_eq!((kept.code, kept.err.as_str()), (code, fresh.err.as_str()));
    assert!(kept.out == fresh.out, "with the kept cache:\n{}\nwith a new one:\n{}", kept.out, fresh.out);
}

/// Each word is there.
#[track_caller]
pub(crate) fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "'{word}' is not said in: {text}");
    }
}

/// What `crosscheck rejects` lists.
pub(crate) fn rejects(home: &Home, exports: &[&str]) -> Vec<Value> {
    let (listing, gave) = home.json(&[&["rejects"], exports].concat());
    decent(&gave);
    assert_eq!(gave.code, 0, "{gave:?}");
    listing["rejects"].as_array().unwrap().clone()
}

/// The JSON that was printed, one document and nothing else.
#[track_caller]
pub(crate) fn json(gave: &Gave) -> Value {
    serde_json::from_str(&gave.out).unwrap_or_else(|e| panic!("{e}: {gave:?}"))
}

/// loaded + rejected + filtered = rows, for every input of a report.
pub(crate) fn assert_adds_up(report: &Value) {
    let inputs = report["inputs"].as_array().unwrap();
    assert!(!inputs.is_empty());
    for i in inputs {
        let n = |k: &str| i[k].as_u64().unwrap();
        assert_eq!(n("loaded") + n("rejected") + n("filtered"), n("rows"), "{i}");
    }
}

/// Waits until a process has a file open; false if it ended before.
pub(crate) fn opened(child: &mut Child, file: &Path) -> bool {
    let wanted = std::fs::metadata(file).unwrap().ino();
    let folder = PathBuf::from(format!("/proc/{}/fd", child.id()));
    loop {
        let open = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        if open.filter_map(|e| std::fs::metadata(e.path()).ok()).any(|m| m.ino() == wanted) {
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
    }
}

/// Starts a command whose output is kept.
pub(crate) fn start(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for it, and sees that nothing indecent was said.
pub(crate) fn end(child: Child) -> Gave {
    let gave = Gave::of(child.wait_with_output().unwrap());
    decent(&gave);
    gave
}

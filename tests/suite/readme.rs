//! Everything in README.md that can be run is run, in its order, as a reader in a clone would.
//!
//! The word after a block's fence says what it is:
//! - `console`: lines with `$ ` are commands, the lines below them their whole output (both streams). A line that is
//!   only `…` stands for any lines.
//! - `sh`: a script; it must end with exit code 0, or with the N of `exit=N`.
//! - `yaml`: each `run: |` is a script (as a CI server starts it: bash, stopping at the first failure).
//!   So is each entry under `script:`, as GitLab starts it.
//! - `crontab`: what follows the five fields is a script.
//! - `ini`: a systemd unit; what stands after `ExecStart=` is a script, `%h` the home folder.
//! - with `history=on` it is kept what a run found, and compared with; else it would depend on the order of this page.
//! - with `file=NAME` the block is written to that file, with `append=NAME` added to it.
//!
//! `cargo run --release --` and `crosscheck` are the binary under test; the folder is a copy of `fixtures/`.

#![cfg(unix)]

use crate::home::repository;
use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What `cargo` does for a reader of the README.
const CARGO: &str = r#"#!/bin/sh
case "$1 $2 $3" in
"run --release --") shift 3; exec crosscheck "$@" ;;
"test  " | "install --path .") ;;
*) echo "the README's test knows no cargo $*" >&2; exit 64 ;;
esac
"#;

/// A fenced block.
struct Block {
    line: usize,
    kind: String,
    attributes: Vec<(String, String)>,
    text: String,
}

impl Block {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    fn history(&self) -> bool {
        self.attribute("history") == Some("on")
    }

    fn exit(&self) -> i32 {
        self.attribute("exit").map_or(0, |n| n.parse().unwrap())
    }
}

fn readme() -> String {
    fs::read_to_string(repository().join("README.md")).unwrap()
}

fn blocks(text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((line, fence)) = lines.next() {
        let Some(info) = fence.strip_prefix("```") else { continue };
        let mut words = info.split_whitespace();
        let kind = words.next().unwrap_or("").to_owned();
        let attributes =
            words.map(|w| w.split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned())).unwrap()).collect();
        let body: Vec<&str> = lines.by_ref().map(|(_, l)| l).take_while(|l| *l != "```").collect();
        found.push(Block { line: line + 1, kind, attributes, text: body.join("\n") + "\n" });
    }
    found
}

/// A reader's clone and shell.
struct Reader {
    home: tempfile::TempDir,
}

impl Reader {
    fn new() -> Reader {
        let reader = Reader { home: tempfile::tempdir().unwrap() };
        copy(&repository().join("fixtures"), &reader.folder().join("fixtures"));
        let bin = reader.home.path().join("bin");
        fs::create_dir(&bin).unwrap();
        symlink(env!("CARGO_BIN_EXE_crosscheck"), bin.join("crosscheck")).unwrap();
        fs::write(bin.join("cargo"), CARGO).unwrap();
        fs::set_permissions(bin.join("cargo"), fs::Permissions::from_mode(0o755)).unwrap();
        reader
    }

    fn folder(&self) -> PathBuf {
        self.home.path().join("crosscheck")
    }

    /// Runs a script; what it printed on both streams, in one, and its exit code.
    fn run(&self, shell: &[&str], script: &str) -> (String, i32) {
        self.run_with(shell, script, false)
    }

    fn run_with(&self, shell: &[&str], script: &str, history: bool) -> (String, i32) {
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", self.home.path().join("bin").display());
        let output = Command::new(shell[0])
            .args(&shell[1..])
            .arg(format!("exec 2>&1\n{script}"))
            .current_dir(self.folder())
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", path)
            // The company's exports end here: the page must not depend on the day on which it is tested.
            .env("CROSSCHECK_AS_OF", "2026-11-05T06:00:00Z")
            .env("CROSSCHECK_NO_HISTORY", if history { "false" } else { "true" })
            .env("GITHUB_STEP_SUMMARY", self.home.path().join("summary.md"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap_or(-1))
    }

    fn script(&self, block: &Block, shell: &[&str], script: &str) {
        let (out, code) = self.run_with(shell, script, block.history());
        assert_eq!(code, block.exit(), "README.md:{}: {script}\ngave\n{out}", block.line);
    }

    fn console(&self, block: &Block) {
        let mut commands: Vec<(String, Vec<&str>)> = Vec::new();
        for line in block.text.lines() {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => commands.push((command.to_owned(), Vec::new())),
                (None, Some((command, output))) if command.ends_with('\\') && output.is_empty() => {
                    command.push('\n');
                    command.push_str(line);
                }
                (None, Some((_, output))) => output.push(line),
                (None, None) => panic!("README.md:{}: output before the first command", block.line),
            }
        }
        for (command, expected) in commands {
            let (out, _) = self.run_with(&["sh", "-c"], &command, block.history());
            let actual: Vec<&str> = out.lines().collect();
            assert!(
                fits(&expected, &actual),
                "README.md:{}: $ {command}\nprints\n{out}\nand not\n{}",
                block.line,
                expected.join("\n")
            );
        }
    }

    fn follow(&self, block: &Block) {
        let file = |name: &str| {
            let path = self.folder().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            path
        };
        if let Some(name) = block.attribute("file") {
            return fs::write(file(name), &block.text).unwrap();
        }
        if let Some(name) = block.attribute("append") {
            let old = fs::read_to_string(file(name)).unwrap();
            return fs::write(file(name), old + "\n" + &block.text).unwrap();
        }
        match block.kind.as_str() {
            "console" => self.console(block),
            "sh" => self.script(block, &["sh", "-ec"], &block.text),
            "yaml" => {
                let scripts = runs(&block.text);
                assert!(!scripts.is_empty(), "README.md:{}: nothing to run", block.line);
                for script in scripts {
                    self.script(block, &["bash", "-eo", "pipefail", "-c"], &script);
                }
            }
            "ini" => {
                for line in block.text.lines() {
                    let known = line.is_empty() || line.starts_with('[') || line.contains('=');
                    assert!(known, "README.md:{}: no line of a unit: {line}", block.line);
                    if let Some(command) = line.strip_prefix("ExecStart=") {
                        let command = command.replace("%h/.cargo/bin/", "");
                        self.script(block, &["sh", "-ec"], &command);
                    }
                }
            }
            "crontab" => {
                for line in block.text.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty()) {
                    let mut rest = line;
                    for _ in 0..5 {
                        let (field, after) = rest.trim_start().split_once(' ').unwrap();
                        assert!(field.chars().all(|c| c.is_ascii_digit() || "*/,-".contains(c)), "{line}");
                        rest = after;
                    }
                    assert!(!rest.contains('%'), "cron reads % as the end of a line: {line}");
                    self.script(block, &["sh", "-c"], rest);
                }
            }
            other => panic!("README.md:{}: a block '{other}' that no test runs", block.line),
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The scripts under `run: |`.
fn runs(yaml: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = yaml.lines().peekable();
    while let Some(line) = lines.next() {
        let indent = |l: &str| l.len() - l.trim_start().len();
        if line.trim() == "script:" {
            while let Some(entry) = lines.next_if(|l| indent(l) > indent(line)) {
                found.push(entry.trim_start().trim_start_matches("- ").to_owned());
            }
            continue;
        }
        let key = line.trim_start().trim_start_matches("- ");
        if let Some(rest) = key.strip_prefix("run:") {
            let mut script = String::new();
            if rest.trim() == "|" {
                let own = indent(line);
                while let Some(inner) = lines.next_if(|l| l.trim().is_empty() || indent(l) > own) {
                    script.push_str(inner.trim_start());
                    script.push('\n');
                }
            } else {
                script.push_str(rest.trim());
            }
            found.push(script);
        }
    }
    found
}

/// Whether lines are the expected ones; `…` stands for any.
fn fits(expected: &[&str], actual: &[&str]) -> bool {
    match expected.split_first() {
        None => actual.is_empty(),
        Some((&"…", rest)) => (0..=actual.len()).any(|skip| fits(rest, &actual[skip..])),
        Some((line, rest)) => actual.split_first().is_some_and(|(a, more)| a == line && fits(rest, more)),
    }
}

#[test]
fn everything_in_the_readme_works_as_it_says() {
    let reader = Reader::new();
    let blocks = blocks(&readme());
    assert!(blocks.len() > 10);
    for block in &blocks {
        reader.follow(block);
    }
}

#[test]
fn the_ci_step_tells_wrong_books_from_unreadable_ones() {
    let all = blocks(&readme());
    let steps: Vec<String> = all.iter().filter(|b| b.kind == "yaml").flat_map(|b| runs(&b.text)).collect();
    let step = steps.iter().find(|s| s.contains("--report junit=")).expect("the CI step");
    let reader = Reader::new();
    let bash = ["bash", "-eo", "pipefail", "-c"];
    let exports = reader.folder().join("exports");
    let told = |wanted: i32, word: &str| {
        let (out, code) = reader.run(&bash, step);
        assert_eq!(code, wanted, "{out}");
        assert!(out.contains(word), "{out}");
    };
    told(2, "does not exist");
    fs::create_dir(&exports).unwrap();
    fs::copy(reader.folder().join("fixtures/acme/billed_usage.csv"), exports.join("billed_usage.csv"))
        .unwrap();
    told(3, "could not be read");
    copy(&reader.folder().join("fixtures/acme"), &exports);
    told(1, "::error ");
    let junit = fs::read_to_string(reader.folder().join("reconcile.xml")).unwrap();
    assert!(junit.contains("<testsuite ") && junit.contains("reconcile/quantity-mismatch"));
    let equal = "line_id,account_id,metric,period_start,period_end,quantity\nl,a,m,2026-10-01,2026-11-01,5\n";
    let events = "event_id,timestamp,account_id,metric,quantity\n1,2026-09-30T00:00:00Z,a,m,1\n2,2026-10-03T00:00:00Z,a,m,5\n3,2026-11-02T00:00:00Z,a,m,1\n";
    fs::remove_dir_all(&exports).unwrap();
    fs::create_dir(&exports).unwrap();
    fs::write(exports.join("billed_usage.csv"), equal).unwrap();
    fs::write(exports.join("usage_events.csv"), events).unwrap();
    told(0, "");
}

#[test]
fn the_readme_starts_with_the_two_commands() {
    let first = &blocks(&readme())[0];
    assert_eq!(first.text, "cargo run --release -- reconcile fixtures/acme\ncargo test\n");
}

#[test]
fn the_readme_names_every_command_format_and_exit_code() {
    let text = readme();
    for sub in crosscheck::cli::command().get_subcommands() {
        assert!(text.contains(&format!("crosscheck {}", sub.get_name())), "crosscheck {}", sub.get_name());
    }
    for name in crosscheck::render::Format::names() {
        assert!(text.contains(&format!("`{name}`")), "format {name}");
    }
    for code in 0..4 {
        assert!(text.contains(&format!("\n| {code} | ")), "exit code {code}");
    }
}

#[test]
fn links_of_the_documents_lead_somewhere() {
    for name in ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        let text = fs::read_to_string(repository().join(name)).unwrap();
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let path = link.split('#').next().unwrap();
            assert!(link.contains("://") || repository().join(path).exists(), "{name}: {link}");
        }
    }
}

#[test]
fn an_ellipsis_stands_for_any_lines_and_nothing_else_does() {
    assert!(fits(&["a", "…", "d"], &["a", "b", "c", "d"]) && fits(&["…"], &[]) && fits(&["a", "…"], &["a"]));
    assert!(!fits(&["a", "…", "d"], &["a", "d", "e"]) && !fits(&["a …"], &["a b"]) && !fits(&[], &["a"]));
    assert_eq!(runs("job:\n  script:\n    - a\n    - b c\n  cache: x\n"), ["a", "b c"]);
    assert_eq!(runs("- name: x\n  run: |\n    a\n    b\n  if: y\n- run: c\n"), ["a\nb\n", "c"]);
}

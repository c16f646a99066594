//! Completions and man pages that are checked in are those that this version prints.

use crate::home::{Home, repository};
use std::{collections::BTreeMap, fs, path::Path};

/// Shell and the name of its file.
const COMPLETIONS: [(&str, &str); 5] = [
    ("bash", "crosscheck.bash"),
    ("elvish", "crosscheck.elv"),
    ("fish", "crosscheck.fish"),
    ("powershell", "_crosscheck.ps1"),
    ("zsh", "_crosscheck"),
];

fn files(folder: &Path) -> BTreeMap<String, String> {
    fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read_to_string(entry.path()).unwrap().replace("\r\n", "\n"))
        })
        .collect()
}

/// What differs between two sets of files.
fn differences(kept: &BTreeMap<String, String>, made: &BTreeMap<String, String>) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = kept.keys().chain(made.keys()).collect();
    let told = |name: &String| match (kept.get(name), made.get(name)) {
        (Some(k), Some(m)) if k == m => None,
        (Some(_), Some(_)) => Some(format!("{name} is out of date")),
        (Some(_), None) => Some(format!("{name} is no longer generated")),
        (None, _) => Some(format!("{name} is missing")),
    };
    names.into_iter().filter_map(told).collect()
}

fn completions(home: &Home) -> BTreeMap<String, String> {
    COMPLETIONS
        .iter()
        .map(|(shell, name)| {
            let gave = home.run(&["completions", shell]);
            assert_eq!(gave.code, 0, "{shell}: {}", gave.err);
            ((*name).to_owned(), gave.out)
        })
        .collect()
}

#[test]
fn the_completions_are_current() {
    let wrong = differences(&files(&repository().join("completions")), &completions(&Home::new()));
    assert!(
        wrong.is_empty(),
        "completions/: {wrong:?}; write them again: crosscheck completions SHELL > completions/FILE, for each of {COMPLETIONS:?}"
    );
}

#[test]
fn the_man_pages_are_current() {
    let home = Home::new();
    assert_eq!(home.run(&["man", "pages"]).code, 0);
    let wrong = differences(&files(&repository().join("man")), &files(&home.path().join("pages")));
    assert!(wrong.is_empty(), "man/: {wrong:?}; write them again: crosscheck man man");
}

#[test]
fn what_is_generated_does_not_depend_on_the_machine() {
    let home = Home::new();
    let plain = (completions(&home), {
        home.run(&["man", "a"]);
        files(&home.path().join("a"))
    });
    let odd = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        command
            .env("COLUMNS", "41")
            .env("LANG", "de_DE.UTF-8")
            .env("TZ", "Asia/Tokyo")
            .env("CLICOLOR_FORCE", "1");
        command.env("SOURCE_DATE_EPOCH", "1").env("CROSSCHECK_THRESHOLD", "7%");
        let output = command.output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    for (shell, name) in COMPLETIONS {
        assert_eq!(odd(&["completions", shell]), plain.0[name], "{name}");
    }
    odd(&["man", "b"]);
    assert_eq!(files(&home.path().join("b")), plain.1);
}

#[test]
fn every_command_has_a_man_page_and_a_completion() {
    let commands = crosscheck::cli::command();
    let pages = files(&repository().join("man"));
    let bash = &files(&repository().join("completions"))["crosscheck.bash"];
    for sub in commands.get_subcommands() {
        let name = sub.get_name();
        assert!(pages.contains_key(&format!("crosscheck-{name}.1")), "{name}");
        assert!(bash.contains(name), "{name}");
    }
}

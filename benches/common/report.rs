//! What a benchmark prints: Markdown on standard output, progress on standard error.

use super::measure::Samples;
use std::{
    fmt::{Arguments, Display},
    fs,
    io::{Write as _, stderr, stdout},
    thread,
    time::Duration,
};

/// Prints a line of the result. A closed pipe is no fault of the measurement.
pub(crate) fn say(line: impl Display) {
    writeln!(stdout().lock(), "{line}").ok();
}

/// Prints a line about the progress.
pub(crate) fn note(line: Arguments<'_>) {
    writeln!(stderr().lock(), "  {line}").ok();
}

/// Prints that something was left out, so that nobody overlooks it.
pub(crate) fn skipped(what: &str, why: &str) {
    say(format_args!("**SKIPPED: {what}**: {why}\n"));
    writeln!(stderr().lock(), "!!!! SKIPPED: {what}: {why}").ok();
}

/// A Markdown table; all columns but the first `texts` are numbers.
pub(crate) fn table(head: &[&str], texts: usize, rows: &[Vec<String>]) {
    say(format_args!("| {} |", head.join(" | ")));
    let rule: Vec<&str> = (0..head.len()).map(|n| if n < texts { "---" } else { "---:" }).collect();
    say(format_args!("| {} |", rule.join(" | ")));
    for row in rows {
        say(format_args!("| {} |", row.join(" | ")));
    }
    say("");
}

/// When, on what machine, and of which versions a result was measured.
pub(crate) fn circumstances(versions: &[String]) {
    #[expect(clippy::disallowed_methods, reason = "a measurement belongs to the day on which it was made")]
    let today = chrono::Utc::now().format("%Y-%m-%d");
    let cores = thread::available_parallelism().map_or(1, usize::from);
    say(format_args!("{today}, {cores} cores ({}), {}.\n", processor(), versions.join(", ")));
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|l| l.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}

/// Seconds; milliseconds below a tenth of one.
pub(crate) fn seconds(time: Duration) -> String {
    if time < Duration::from_millis(100) {
        format!("{:.4}", time.as_secs_f64())
    } else {
        format!("{:.2}", time.as_secs_f64())
    }
}

/// A number with thousands separators.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The heads of the columns that [`cells`] fills, between others.
pub(crate) fn head<'h>(before: &[&'h str], after: &[&'h str]) -> Vec<&'h str> {
    [before, &["min s", "median s", "max s", "CPU s", "peak MB"], after].concat()
}

/// Least, median and greatest wall time, median CPU time, greatest peak.
pub(crate) fn cells(samples: &Samples) -> Vec<String> {
    let mut cells: Vec<String> = samples.wall().into_iter().map(seconds).collect();
    cells.push(seconds(samples.cpu()));
    cells.push((samples.peak() / 1_000_000).to_string());
    cells
}

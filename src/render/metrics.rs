//! Gauges for Prometheus, in the text format that node_exporter's textfile collector reads.

use crate::{
    exit,
    model::time::Instant,
    report::{Report, run::RunReport},
};
use std::{collections::BTreeMap, fmt::Write, time::Duration};

const LAST_SUCCESS: &str = "crosscheck_last_success_timestamp_seconds";

/// The gauges of these reports, each with how long its check took. `now` is when they were made, by the clock.
/// `before` is the file's text until now: of a check whose data cannot be trusted today it tells the last success.
pub fn metrics(
    reports: &[(&Report, Duration)],
    run: Option<&RunReport>,
    now: Instant,
    before: &str,
) -> String {
    let mut page = Page::default();
    let earlier: BTreeMap<&str, &str> = before.lines().filter_map(last_success).collect();
    for (r, took) in reports {
        let check = ("check", r.check);
        let by = r.summary.by_severity;
        for (severity, n) in [("error", by.error), ("warning", by.warning), ("info", by.info)] {
            page.gauge(
                "crosscheck_findings",
                "Findings by severity, waived ones not counted.",
                &[check, ("severity", severity)],
                n.to_string(),
            );
        }
        page.gauge(
            "crosscheck_findings_new",
            "Findings that are new or have worsened since the run before.",
            &[check],
            r.new_findings().to_string(),
        );
        for money in &r.summary.impact {
            page.gauge(
                "crosscheck_impact",
                "Money at stake, in major units of the currency.",
                &[check, ("currency", &money.currency)],
                money.amount.to_string(),
            );
        }
        let sum =
            |of: fn(&crate::report::InputReport) -> u64| r.inputs.iter().map(of).sum::<u64>().to_string();
        page.gauge("crosscheck_rows", "Rows of the exports that the check reads.", &[check], sum(|i| i.rows));
        page.gauge("crosscheck_rows_rejected", "Rows that could not be used.", &[check], sum(|i| i.rejected));
        for (state, n) in [("judged", r.summary.checked), ("not_judged", r.summary.not_judged)] {
            page.gauge(
                "crosscheck_subjects",
                "What the check judged, and what it could not judge.",
                &[check, ("state", state)],
                n.to_string(),
            );
        }
        page.gauge(
            "crosscheck_duration_seconds",
            "How long the check took, reading the exports not counted.",
            &[check],
            format!("{}.{:03}", took.as_secs(), took.subsec_millis()),
        );
        page.gauge("crosscheck_exit_code", "The exit code of the check.", &[check], r.exit_code.to_string());
        let seconds = now.timestamp().to_string();
        page.gauge(
            "crosscheck_last_run_timestamp_seconds",
            "When the check last ran.",
            &[check],
            seconds.clone(),
        );
        let success = match r.exit_code {
            exit::OK | exit::FINDINGS => Some(seconds),
            _ => earlier.get(r.check).map(|at| (*at).to_owned()),
        };
        if let Some(at) = success {
            page.gauge(
                LAST_SUCCESS,
                "When the check last ran on data that could be trusted, whatever it found.",
                &[check],
                at,
            );
        }
    }
    if let Some(run) = run {
        let exit = run.exit_code.to_string();
        page.gauge("crosscheck_run_exit_code", "The exit code of the whole run.", &[], exit);
        for s in &run.skipped {
            page.gauge(
                "crosscheck_skipped",
                "Checks that did not run for want of exports.",
                &[("check", s.check)],
                "1".to_owned(),
            );
            if let Some(at) = earlier.get(s.check) {
                page.gauge(LAST_SUCCESS, "", &[("check", s.check)], (*at).to_owned());
            }
        }
    }
    page.text()
}

/// Check and moment of a line of an earlier file.
fn last_success(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix(LAST_SUCCESS)?.strip_prefix("{check=\"")?;
    let (check, at) = rest.split_once("\"} ")?;
    at.bytes().all(|b| b.is_ascii_digit()).then_some((check, at))
}

/// Families in the order in which they first came; the format wants each in one piece.
#[derive(Default)]
struct Page {
    families: Vec<(&'static str, &'static str, String)>,
}

impl Page {
    fn gauge(&mut self, name: &'static str, help: &'static str, labels: &[(&str, &str)], value: String) {
        let at = match self.families.iter().position(|(n, _, _)| *n == name) {
            Some(at) => at,
            None => {
                self.families.push((name, help, String::new()));
                self.families.len() - 1
            }
        };
        let text = |t: &str| t.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let labels: Vec<String> = labels.iter().map(|(n, v)| format!("{n}=\"{}\"", text(v))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let family = &mut self.families[at];
        if family.1.is_empty() {
            family.1 = help;
        }
        let _ = writeln!(family.2, "{name}{labels} {value}");
    }

    fn text(&self) -> String {
        let mut out = String::new();
        for (name, help, lines) in &self.families {
            let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n{lines}");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    fn of(report: &Report, at: i64, before: &str) -> String {
        let now = Instant::from_timestamp(at, 0).unwrap();
        metrics(&[(report, Duration::from_millis(1042))], None, now, before)
    }

    #[test]
    fn a_family_stands_in_one_piece_with_its_help_and_type() {
        let text = metrics(
            &[(&sample::report(), Duration::ZERO), (&sample::pass(), Duration::ZERO)],
            None,
            Instant::UNIX_EPOCH,
            "",
        );
        let mut seen = Vec::new();
        for line in text.lines().filter(|l| !l.starts_with('#')) {
            let name = line.split(['{', ' ']).next().unwrap();
            if seen.last() != Some(&name) {
                assert!(!seen.contains(&name), "{name} stands in two pieces");
                seen.push(name);
            }
            let value = line.rsplit(' ').next().unwrap();
            assert!(crate::model::decimal::parse(value).is_ok(), "{line}");
            assert!(text.contains(&format!("# TYPE {name} gauge\n")), "{name}");
        }
        assert!(seen.len() > 8);
    }

    #[test]
    fn the_last_success_outlasts_a_night_without_trustworthy_data() {
        let good = of(&sample::report(), 1_000, "");
        assert!(
            good.contains("crosscheck_last_success_timestamp_seconds{check=\"reconcile\"} 1000\n"),
            "{good}"
        );
        assert!(good.contains("crosscheck_duration_seconds{check=\"reconcile\"} 1.042\n"));
        let bad = of(&sample::untrusted(), 2_000, &good);
        assert!(
            bad.contains("crosscheck_last_success_timestamp_seconds{check=\"reconcile\"} 1000\n"),
            "{bad}"
        );
        assert!(bad.contains("crosscheck_last_run_timestamp_seconds{check=\"reconcile\"} 2000\n"));
        assert!(!of(&sample::untrusted(), 2_000, "").contains(LAST_SUCCESS));
    }
}

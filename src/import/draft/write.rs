//! A plan as the TOML of a profile, with its reasons.

use super::{
    Found,
    alike::header_currency,
    plan::{Pick, Plan},
    profile_name, quoted,
};
use crate::{
    import::{
        profile::{Format, header_zone},
        validate, wide,
    },
    model::{
        datasets::{Column, Type, fold_name},
        time::Stamp,
    },
};
use std::{collections::BTreeMap, fmt::Write};

const FILL_IN: &str = "FILL_IN";

/// The file that a plan is for.
pub(super) struct File<'f> {
    pub name: &'f str,
    pub format: Format,
    pub found: &'f [Found],
    /// Nested lists of a JSON file.
    pub lists: &'f [String],
}

impl File<'_> {
    /// `[profile.NAME]`.
    pub(super) fn profile(&self, plan: &Plan) -> String {
        let name = profile_name(self.name);
        let mut out =
            format!("[profile.{name}]\ntitle = {}\nformat = \"{}\"\n", quoted(self.name), self.format.name());
        let telling = self.found.iter().filter(|f| f.usable(self.format) && !f.name.ends_with("[]"));
        let telling: Vec<_> = telling.take(8).map(|f| quoted(&f.name)).collect();
        out.push_str("# The names that tell this export from others: leave out those that may be missing.\n");
        let _ = writeln!(out, "recognise.all = [{}]", telling.join(", "));
        match self.system(plan) {
            Some((system, why)) => {
                let _ = writeln!(
                    out,
                    "system = \"{system}\"   # {why}; the identity sheet (dataset identities) translates them"
                );
            }
            None => out.push_str(
                "# system = \"…\"   # where its account ids are not the company's own (dataset identities)\n",
            ),
        }
        for list in self.lists.iter().take(20) {
            let _ = writeln!(
                out,
                "# A nested list, whose items may be rows of another output: rows = {}",
                quoted(list)
            );
        }
        if plan.metrics.is_empty() {
            self.output(&mut out, &name, plan, None);
        }
        for metric in &plan.metrics {
            self.output(&mut out, &name, plan, Some(*metric));
        }
        out
    }

    /// The required columns that are to be filled in.
    pub(super) fn missing(&self, plan: &Plan) -> Vec<&'static str> {
        let mut missing = plan.missing();
        if plan.pick("window_start").is_some()
            && plan.pick("window_end").is_none()
            && self.span(plan).is_none()
        {
            missing.push("window_end");
        }
        missing.retain(|name| *name != "currency");
        missing
    }

    /// The system whose ids the accounts are, and what shows it.
    fn system(&self, plan: &Plan) -> Option<(String, String)> {
        let found = &self.found[plan.pick("account_id")?.from];
        if let Some(system) = wide::known_system(&found.name) {
            return Some((system, format!("{} names it", quoted(&found.name))));
        }
        let stripe = |v: &str| v.strip_prefix("cus_").is_some_and(|rest| rest.len() > 7);
        found.all(stripe).then(|| ("stripe".to_owned(), "its account ids begin with cus_".to_owned()))
    }

    /// One output; `metric`: the column whose header is the metric.
    fn output(&self, out: &mut String, name: &str, plan: &Plan, metric: Option<usize>) {
        let dataset = plan.dataset;
        let has: Vec<&str> = dataset
            .columns
            .iter()
            .zip(&plan.picks)
            .filter(|(_, p)| p.is_some())
            .map(|(c, _)| c.name)
            .collect();
        let why = match (metric, has.as_slice()) {
            (Some(_), _) => "each column of figures is a metric".to_owned(),
            (None, []) => "a guess; crosscheck schema lists the others".to_owned(),
            (None, has) => format!("its {} are there; crosscheck schema lists the others", has.join(", ")),
        };
        let _ = writeln!(out, "\n[[profile.{name}.output]]\ndataset = \"{}\"   # {why}", dataset.name);
        if let Some(at) = metric {
            let from = quoted(&self.found[at].name);
            let _ = writeln!(out, "drop = {{ {from} = \"\" }}   # an empty cell is no figure");
        }
        let _ = writeln!(out, "[profile.{name}.output.columns]");
        let missing = plan.missing();
        for (at, column) in dataset.columns.iter().enumerate() {
            let line = match (&plan.picks[at], metric) {
                (Some(pick), _) => self.picked(column, pick),
                (None, Some(m)) if column.name == "metric" => {
                    let folded = self.found[m].name.trim().to_lowercase().replace([' ', '-'], "_");
                    format!(
                        "metric = {{ const = {} }}   # the header; [map.metric] names it otherwise",
                        quoted(&folded)
                    )
                }
                (None, Some(m)) if column.name == "quantity" => {
                    format!("quantity = {}", quoted(&self.found[m].name))
                }
                (None, _) if column.name == "window_end" && plan.pick("window_start").is_some() => {
                    self.window_end(plan)
                }
                (None, _) if column.ty == Type::Currency && self.wants_currency(plan, column) => {
                    self.currency(plan)
                }
                (None, _) if missing.contains(&column.name) => {
                    format!("{} = \"{FILL_IN}\"   # {}, required", column.name, column.ty.name())
                }
                (None, Some(_)) => continue,
                (None, None) => format!("# {} = \"\"   # {}", column.name, column.ty.name()),
            };
            let _ = writeln!(out, "{line}");
        }
    }

    fn picked(&self, column: &Column, pick: &Pick) -> String {
        let found = &self.found[pick.from];
        let (value, mut reasons) = take(column, found);
        if !pick.why.is_empty() {
            reasons.insert(0, pick.why.to_owned());
        }
        let why = if reasons.is_empty() { String::new() } else { format!("   # {}", reasons.join("; ")) };
        format!("{} = {value}{why}", column.name)
    }

    /// How long a window is that is named by its start.
    fn span(&self, plan: &Plan) -> Option<(&'static str, &'static str)> {
        let found = &self.found[plan.pick("window_start")?.from];
        let folded = fold_name(&found.name);
        match found.time_form() {
            Some("month") => Some(("1mo", "a month")),
            _ if folded.contains("hour") => Some(("1h", "an hour")),
            _ if folded.contains("month") => Some(("1mo", "a month")),
            _ if folded.contains("week") => Some(("1w", "a week")),
            _ => None,
        }
    }

    /// The end of a window that is named by its start.
    fn window_end(&self, plan: &Plan) -> String {
        let (Some(pick), Some((span, why))) = (plan.pick("window_start"), self.span(plan)) else {
            return format!("window_end = \"{FILL_IN}\"   # time, required");
        };
        let found = &self.found[pick.from];
        let form = found.time_form().filter(|f| *f != "rfc3339");
        let form = form.map_or(String::new(), |f| format!(", time = \"{f}\""));
        let from = quoted(&found.name);
        format!(
            "window_end = {{ from = {from}{form}, plus = \"{span}\" }}   # {why} that is named by its start"
        )
    }

    fn wants_currency(&self, plan: &Plan, column: &Column) -> bool {
        let is_money = |(at, _): &(usize, &Option<Pick>)| plan.dataset.columns[*at].ty == Type::Money;
        let mut money = plan.picks.iter().enumerate().filter(is_money).filter_map(|(_, p)| p.as_ref());
        column.required
            || money.any(|p| {
                let found = &self.found[p.from];
                found.minor() || header_currency(&found.name).is_some()
            })
    }

    fn currency(&self, plan: &Plan) -> String {
        let named = plan.picks.iter().flatten().find_map(|p| {
            let name = &self.found[p.from].name;
            Some((header_currency(name)?, name))
        });
        match named {
            Some((code, name)) => {
                format!("currency = {{ const = \"{code}\" }}   # {} names it", quoted(name))
            }
            None => "currency = { const = \"USD\" }   # check: no column names the currency".to_owned(),
        }
    }
}

/// The right-hand side of a column, and the reasons for its unit, form and zone.
fn take(column: &Column, found: &Found) -> (String, Vec<String>) {
    let from = quoted(&found.name);
    let (mut words, mut reasons) = (Vec::new(), Vec::new());
    match column.ty {
        Type::Money if found.minor() => {
            words.push("unit = \"minor\"".to_owned());
            let folded = fold_name(&found.name);
            let named = folded.contains("cents") || folded.contains("minor");
            let why = if named {
                "the name says minor units"
            } else {
                "whole JSON numbers: minor units, such as cents"
            };
            reasons.push(why.to_owned());
        }
        Type::Time | Type::Date => {
            let form = found.time_form();
            // A day that is written as its midnight.
            let midnight = column.ty == Type::Date && !found.all(|v| v.len() == 10);
            words.extend(form.filter(|f| *f != "rfc3339" || midnight).map(|f| format!("time = \"{f}\"")));
            match header_zone(&found.name) {
                Some(zone) if column.ty == Type::Time => {
                    reasons.push(format!("the name says {}", zone.name()))
                }
                None if column.ty == Type::Time && found.is_civil() => {
                    reasons.push("no zone: read in --timezone, or that of [[source]]".to_owned());
                }
                _ => {}
            }
        }
        Type::Enum(own) => {
            let mut map = BTreeMap::new();
            for value in found.values.iter().filter(|v| validate::word(v, own).is_err()) {
                // Only a spelling of the same word: a likely-looking other one would turn paid into failed.
                let folded = fold_name(value);
                let same = |w: &&str| strsim::damerau_levenshtein(&folded, &fold_name(w)) <= 1;
                let ours = own.iter().copied().find(same).unwrap_or("");
                map.entry(folded).or_insert((value, ours));
            }
            if map.values().any(|(_, ours)| ours.is_empty()) {
                reasons.push(format!("say which of {} each word is", own.join(", ")));
            }
            if !map.is_empty() {
                let pairs =
                    map.values().map(|(theirs, ours)| format!("{} = {}", quoted(theirs), quoted(ours)));
                words.push(format!("words = {{ {} }}", pairs.collect::<Vec<_>>().join(", ")));
            }
        }
        _ => {}
    }
    let value = if words.is_empty() { from } else { format!("{{ from = {from}, {} }}", words.join(", ")) };
    (value, reasons)
}

impl Found {
    /// Whether its times name no zone and are more than days.
    pub(super) fn is_civil(&self) -> bool {
        match self.time_form() {
            Some("unix_s" | "unix_ms" | "month" | "compact") | None => false,
            Some("minute") => true,
            Some(_) => self.all(|v| matches!(Stamp::parse(v), Ok(Stamp::Civil(_)))),
        }
    }
}

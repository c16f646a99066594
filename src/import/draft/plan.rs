//! Which column of an unknown export may be which of a dataset.

use super::{
    Found,
    alike::{likeness, speaks, suits},
};
use crate::{
    import::profile::Format,
    model::datasets::{self, DATASETS, Dataset, fold_name},
};
use std::cmp::Reverse;

/// A column of the file for one of the dataset, and why.
#[derive(Clone, Debug)]
pub(super) struct Pick {
    pub from: usize,
    /// Empty where the names are the same.
    pub why: &'static str,
}

/// Which column of the file may be which of a dataset.
pub(super) struct Plan {
    pub dataset: &'static Dataset,
    /// By column of the dataset.
    pub picks: Vec<Option<Pick>>,
    /// Columns whose header is the metric and whose cells are its quantity: an output each.
    pub metrics: Vec<usize>,
    pub score: i64,
}

impl Plan {
    /// `hinted`: the file is named after the dataset.
    pub(super) fn new(dataset: &'static Dataset, found: &[Found], format: Format, hinted: bool) -> Plan {
        let mut pairs = Vec::new();
        for (at, column) in dataset.columns.iter().enumerate() {
            for (from, f) in found.iter().enumerate().filter(|(_, f)| f.usable(format)) {
                let (mut likeness, mut why) = likeness(column, &f.name);
                if likeness == 0 || !suits(column, f) {
                    continue;
                }
                if speaks(column, f) {
                    likeness += 2;
                    why = if why.is_empty() { "" } else { "its values are the dataset's words" };
                }
                let one_of = dataset.one_of.iter().flat_map(|g| g.iter()).any(|n| *n == column.name);
                pairs.push((likeness, column.required || one_of, Reverse((at, from)), why));
            }
        }
        pairs.sort_unstable_by(|a, b| b.cmp(a));
        let mut plan =
            Plan { dataset, picks: vec![None; dataset.columns.len()], metrics: Vec::new(), score: 0 };
        for (likeness, required, Reverse((at, from)), why) in pairs {
            if plan.picks[at].is_none() && !plan.uses(from) {
                plan.picks[at] = Some(Pick { from, why });
                plan.score += likeness * if required { 3 } else { 1 };
            }
        }
        if dataset.name == "usage_totals" {
            plan.figures(found, format);
        }
        let missing = plan.missing().len();
        plan.score -= 6 * i64::try_from(missing).unwrap_or(i64::MAX / 6);
        // What a customer's column tells is of no use to a dataset without accounts.
        let account = datasets::find("accounts").and_then(|d| d.columns.first());
        if dataset.position("account_id").is_none()
            && account.is_some_and(|c| found.iter().any(|f| likeness(c, &f.name).0 > 2))
        {
            plan.score -= 8;
        }
        if hinted {
            plan.score += 8;
        } else if missing == 0 && plan.picks.iter().all(Option::is_none) {
            // A dataset that requires nothing resembles nothing.
            plan.score -= 100;
        }
        plan
    }

    fn uses(&self, from: usize) -> bool {
        self.picks.iter().flatten().any(|p| p.from == from)
    }

    /// The column of the file that is picked for one of the dataset.
    pub(super) fn pick(&self, column: &str) -> Option<&Pick> {
        self.picks[self.dataset.position(column)?].as_ref()
    }

    fn set(&mut self, column: &str, pick: Option<Pick>) {
        if let Some(at) = self.dataset.position(column) {
            self.picks[at] = pick;
        }
    }

    /// The required columns that nothing gives, and the first of each group of alternatives of which none is given.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        let spread = |name: &str| !self.metrics.is_empty() && matches!(name, "metric" | "quantity");
        // The end of a window that is named by its start follows from the start.
        let given = |name: &str| {
            self.pick(name).is_some()
                || spread(name)
                || name == "window_end" && self.pick("window_start").is_some()
        };
        let required = self.dataset.columns.iter().filter(|c| c.required && !given(c.name)).map(|c| c.name);
        let groups = self.dataset.one_of.iter().filter(|g| !g.iter().any(|n| given(n)));
        required.chain(groups.filter_map(|g| g.first().copied())).collect()
    }

    /// Figures whose header is no quantity's name: `calls`, or a column a metric.
    fn figures(&mut self, found: &[Found], format: Format) {
        let when = self.pick("date").or(self.pick("window_start")).is_some();
        if self.pick("account_id").is_none() || !when {
            return;
        }
        let is_figure = |(at, f): &(usize, &Found)| {
            f.usable(format) && f.is_number() && !f.is_id() && !self.uses(*at) && f.time_form().is_none()
        };
        let left: Vec<usize> = found.iter().enumerate().filter(is_figure).map(|(at, _)| at).collect();
        let quantity = self.pick("quantity").map(|p| p.from);
        if self.pick("metric").is_some() {
            if let ([only], None) = (left.as_slice(), quantity) {
                self.set("quantity", Some(Pick { from: *only, why: "the only figure that is left" }));
                self.score += 6;
            }
            return;
        }
        let figures: Vec<usize> = quantity.into_iter().chain(left).collect();
        // Logins and users are no meters: that is a table of activity. Nor are the uses of a feature.
        let feature = found.iter().any(|f| is_like("feature_usage", f, &["feature"]));
        let other = |at: &usize| is_like("activity", &found[*at], ACTIVITY);
        if figures.is_empty() || feature || figures.iter().any(other) {
            return;
        }
        self.set("quantity", None);
        self.metrics = figures;
        self.metrics.sort_unstable();
        self.score += 24;
    }
}

/// What people do, and no meter.
const ACTIVITY: &[&str] =
    &["logins", "active_users", "features_used", "seats_used", "rejected_invites", "rate_limited"];

/// Whether a column has the name of one of some columns of a dataset.
fn is_like(dataset: &str, found: &Found, columns: &[&str]) -> bool {
    let columns_of = datasets::find(dataset).map_or(&[][..], |d| d.columns);
    columns_of.iter().filter(|c| columns.contains(&c.name)).any(|c| likeness(c, &found.name).0 > 1)
}

/// The dataset that a file is named after, the longest where several names fit.
pub(super) fn hint(file_name: &str) -> Option<&'static str> {
    let folded = fold_name(file_name);
    let names = DATASETS.iter().map(|d| d.name);
    let fits = |name: &&str| {
        let own = fold_name(name);
        folded.contains(&own) || own.strip_suffix('s').is_some_and(|one| folded.contains(one))
    };
    names.filter(fits).max_by_key(|n| n.len())
}

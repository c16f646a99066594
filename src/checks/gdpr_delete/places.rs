//! Where a subject's data is looked for: what `--scan` names, and the exports that were given themselves.

use super::{
    inputs::{CONFIRMATIONS, Inputs, REQUESTS},
    policy::Policy,
};
use crate::{
    data::Data,
    model::{
        datasets,
        time::{Instant, Stamp},
    },
    residue,
};
use std::{
    collections::{BTreeSet, HashSet},
    path::{Path, PathBuf},
};

/// Which kind of system an export is of, by its dataset, where its profile does not name a system of the list.
/// What is not listed (deals, leads, identities, audit logs …) may be of any.
pub(super) const KINDS: &[(&str, &[&str])] = &[
    (
        "production",
        &[
            "accounts",
            "entitlements",
            "access_changes",
            "activity",
            "feature_usage",
            "usage_events",
            "usage_totals",
            "onboardings",
            "milestones",
        ],
    ),
    (
        "billing",
        &[
            "subscriptions",
            "plan_changes",
            "invoices",
            "invoice_lines",
            "payments",
            "credit_notes",
            "billed_usage",
            "prices",
        ],
    ),
    ("support", &["tickets", "feature_requests"]),
    ("email_marketing", &["messages"]),
];

/// A place and what is known of it.
#[derive(Debug)]
pub(super) struct Place {
    /// The system that it shows; `None` for an export that may be of any.
    pub system: Option<String>,
    /// The kind of system, where only that is known.
    pub kind: Option<&'static str>,
    /// An export: its index among the inputs and its dataset.
    pub export: Option<(usize, &'static str)>,
    /// When the newest of its records happened, where that is known.
    pub newest: Option<Instant>,
    /// As it was named.
    pub shown: String,
    pub path: PathBuf,
}

impl Place {
    /// What a finding calls it: its system, else its dataset.
    pub(super) fn name(&self) -> &str {
        self.system.as_deref().or(self.export.map(|(_, dataset)| dataset)).unwrap_or_default()
    }

    /// A file below it, or it itself, as a message names it; a member of an archive stays behind `!/`.
    pub(super) fn file(&self, below: &str) -> String {
        if self.path.is_dir() {
            return format!("{}/{below}", self.shown.trim_end_matches('/'));
        }
        match below.split_once("!/") {
            Some((_, member)) => format!("{}!/{member}", self.shown),
            None => self.shown.clone(),
        }
    }
}

/// The places that are searched, and the exports that cannot be.
#[derive(Default)]
pub(super) struct Places {
    pub list: Vec<Place>,
    /// Standard input and the like.
    pub unread: Vec<String>,
    /// The requests' own files.
    own: HashSet<PathBuf>,
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

impl Places {
    pub(super) fn of(data: &Data<'_>, inputs: &Inputs, policy: &Policy) -> Places {
        let mut places = Places::default();
        for named in &policy.scans {
            places.list.push(Place {
                system: Some(named.system.clone()),
                kind: None,
                export: None,
                newest: None,
                shown: named.path.display().to_string(),
                path: named.path.clone(),
            });
        }
        let named: Vec<PathBuf> = policy.scans.iter().map(|n| canonical(&n.path)).collect();
        for (at, input) in data.inputs.iter().enumerate() {
            let path = PathBuf::from(&input.file);
            let parts = || input.content.parts.iter();
            if parts().any(|p| matches!(p.dataset.name, REQUESTS | CONFIRMATIONS)) {
                places.own.insert(canonical(&path));
                continue;
            }
            let Some(part) = parts().next() else { continue };
            if !path.is_file() {
                places.unread.push(input.file.clone());
                continue;
            }
            let newest = parts()
                .filter_map(|p| Stamp::parse(p.newest.as_deref()?).ok())
                .map(|s| s.in_zone(data.zone_of(at)))
                .max();
            let whole = canonical(&path);
            if let Some(scan) = named.iter().position(|n| whole.starts_with(n)) {
                // Its system is named; what is known of its age counts where it is that file itself.
                if whole == named[scan] {
                    places.list[scan].newest = newest;
                    places.list[scan].export = Some((at, part.dataset.name));
                }
                continue;
            }
            let kind =
                KINDS.iter().find(|(_, list)| list.contains(&part.dataset.name)).map(|(kind, _)| *kind);
            let by_name = parts().find_map(|p| p.system.as_deref());
            let system = system_of(inputs, by_name, kind);
            let export = Some((at, part.dataset.name));
            places.list.push(Place { system, kind, export, newest, shown: input.file.clone(), path });
        }
        places.list.sort_by(|a, b| (a.name(), &a.shown).cmp(&(b.name(), &b.shown)));
        places
    }

    /// For the scan.
    pub(super) fn to_scan(&self) -> Vec<residue::Place> {
        let one = |p: &Place| residue::Place { label: p.name().to_owned(), path: p.path.clone() };
        self.list.iter().map(one).collect()
    }

    /// Whether a file is the requests' or the confirmations' own: one that was given as such, or is named so.
    pub(super) fn is_own(&self, place: &Place, below: &str) -> bool {
        let path = if place.path.is_dir() { place.path.join(below) } else { place.path.clone() };
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        datasets::by_file_name(&name).is_some_and(|d| matches!(d.name, REQUESTS | CONFIRMATIONS))
            || self.own.contains(&canonical(&path))
    }

    /// The systems of which something is searched.
    pub(super) fn systems(&self) -> BTreeSet<&str> {
        self.list.iter().filter_map(|p| p.system.as_deref()).collect()
    }
}

/// The system of an export: the one that its profile names, else the only one of its kind.
fn system_of(inputs: &Inputs, named: Option<&str>, kind: Option<&str>) -> Option<String> {
    let by_name = named.and_then(|n| inputs.systems.iter().find(|s| s.system.eq_ignore_ascii_case(n)));
    let mut of_kind = inputs
        .systems
        .iter()
        .filter(|s| kind.is_some() && s.kind.as_deref() == kind && s.holds_personal_data != Some(false));
    let only = match (of_kind.next(), of_kind.next()) {
        (Some(one), None) => Some(one),
        _ => None,
    };
    by_name.or(only).map(|s| s.system.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_datasets_once_and_kinds_of_the_catalogue() {
        let mut seen = BTreeSet::new();
        let systems = datasets::find("systems").unwrap();
        let kinds = systems.columns[systems.position("kind").unwrap()].ty;
        for (kind, list) in KINDS {
            assert!(matches!(kinds, datasets::Type::Enum(words) if words.contains(kind)), "{kind}");
            assert!(list.iter().all(|d| datasets::find(d).is_some() && seen.insert(*d)), "{kind}");
        }
    }
}

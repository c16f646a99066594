//! What a file is: a dataset's canonical export, or a vendor's.
//!
//! In this order: what the command line or `[[source]]` says; the dataset that the file is named after, if its
//! columns fit; a profile of the user's own that recognises the header or shape; where the file is named after no
//! dataset, one whose columns fit; a built-in profile; an identity sheet with one column a system.

use super::{
    mapping::{MissingColumn, missing_columns},
    profile::{Profile, Profiles},
    wide::Sheet,
};
use crate::model::{
    datasets::{self, DATASETS, Dataset, fold_name, nearest},
    decimal,
    time::Stamp,
};
use serde_json::Value;
use std::{collections::BTreeSet, sync::Arc};
use thiserror::Error;

/// What the user says a file is.
#[derive(Clone, Copy, Debug)]
pub enum Forced<'a> {
    /// `dataset=PATH`, or `dataset = "…"` of a `[[source]]`.
    Dataset(&'a str),
    /// `profile = "…"` of a `[[source]]`.
    Profile(&'a str),
}

/// The beginning of a file.
#[derive(Clone, Copy, Debug)]
pub enum Head<'a> {
    /// No byte but blanks.
    Empty,
    /// A CSV header.
    Header(&'a [&'a str]),
    /// The first records of JSON, a few of them; none where the list is empty.
    Records {
        /// The records.
        first: &'a [Value],
        /// The key under which the list stood in the object around it.
        container: Option<&'a str>,
    },
}

/// What a file is.
#[derive(Clone, Debug)]
pub enum Detected {
    /// A canonical export.
    Dataset(&'static Dataset),
    /// identities with one column a system.
    WideIdentities,
    /// A vendor's export.
    Profile(Arc<Profile>),
}

impl Detected {
    /// The dataset's or profile's name.
    pub fn name(&self) -> &str {
        match self {
            Detected::Dataset(d) => d.name,
            Detected::WideIdentities => "identities",
            Detected::Profile(p) => &p.name,
        }
    }

    /// The datasets whose rows it gives, each once.
    pub fn datasets(&self) -> Vec<&'static Dataset> {
        match self {
            Detected::Dataset(d) => vec![d],
            Detected::WideIdentities => datasets::find("identities").into_iter().collect(),
            Detected::Profile(p) => {
                let mut all: Vec<_> = p.datasets().collect();
                all.sort_unstable_by_key(|d| d.name);
                all.dedup_by_key(|d| d.name);
                all
            }
        }
    }

    /// The profile, if it is one.
    pub fn profile(&self) -> Option<&Arc<Profile>> {
        match self {
            Detected::Profile(p) => Some(p),
            _ => None,
        }
    }
}

/// A dataset that a file resembles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    /// Its name.
    pub dataset: &'static str,
    /// How many of its columns the file has.
    pub has: usize,
    /// Required columns that the file lacks.
    pub lacks: Vec<&'static str>,
}

/// Why a file is not recognised. A clause that follows the file's name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unknown {
    /// Nothing in it.
    #[error("is empty; a header line or JSON is expected")]
    Empty,
    /// An empty JSON list that says nothing of its dataset.
    #[error("holds no record, and its name is no dataset's; write dataset=PATH")]
    NoRecord,
    /// The user named a dataset that does not exist.
    #[error("is said to be {name}, and there is no such dataset{near}; crosscheck schema lists them")]
    NoDataset {
        /// As given.
        name: String,
        /// `; did you mean …?`, or empty.
        near: String,
    },
    /// The user named a profile that does not exist.
    #[error(
        "is said to be read by profile {name}, and there is no such profile{near}; crosscheck schema --profiles lists them"
    )]
    NoProfile {
        /// As given.
        name: String,
        /// `; did you mean …?`, or empty.
        near: String,
    },
    /// It is named or said to be a dataset, and lacks columns of it.
    #[error(
        "is {} the dataset {dataset}, but lacks {}{}{}",
        if *.said { "said to be" } else { "named after" },
        list_lacking(.missing),
        if .there.is_empty() { String::new() } else { format!("; its columns are {}", .there.join(", ")) },
        .hint
    )]
    Lacks {
        /// The dataset.
        dataset: &'static str,
        /// The user said so; else the file's name.
        said: bool,
        /// What is missing, and what looks like it.
        missing: Vec<MissingColumn>,
        /// The first columns that it has.
        there: Vec<String>,
        /// What may be wrong with the first line, or empty.
        hint: String,
    },
    /// Several fit equally well.
    #[error("could be {}; say which in crosscheck.toml:\n{}", .fits.join(" or "), .toml)]
    Ambiguous {
        /// Datasets or profiles.
        fits: Vec<String>,
        /// The `[[source]]` to write, one for each; keep one.
        toml: String,
    },
    /// Nothing fits.
    #[error(
        "is no known export{}{}{}; crosscheck profile drafts a mapping for it",
        list_near(.nearest),
        .like.as_ref().map(|(p, lacks)| format!("; like {p} but for {}", lacks.join(", "))).unwrap_or_default(),
        .hint
    )]
    Nothing {
        /// The nearest datasets, nearest first.
        nearest: Vec<Near>,
        /// A profile that nearly fits, and the names that lack for it.
        like: Option<(String, Vec<String>)>,
        /// What may be wrong with the first line, or empty.
        hint: String,
    },
}

fn list_lacking(missing: &[MissingColumn]) -> String {
    let one = |m: &MissingColumn| match m.nearest.as_slice() {
        [] => m.column.clone(),
        near => format!("{} (there is {})", m.column, near.join(", ")),
    };
    missing.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn list_near(near: &[Near]) -> String {
    if near.is_empty() {
        return String::new();
    }
    let one = |n: &Near| match n.lacks.as_slice() {
        [] => n.dataset.to_owned(),
        lacks => format!("{} (lacks {})", n.dataset, lacks.join(", ")),
    };
    format!("; nearest: {}", near.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// Says what a file is. `file_name`: without its folder.
pub fn detect(
    file_name: &str,
    head: &Head<'_>,
    forced: Option<Forced<'_>>,
    profiles: &Profiles,
) -> Result<Detected, Unknown> {
    let names = match head {
        Head::Empty => return Err(Unknown::Empty),
        Head::Header(names) => names.to_vec(),
        Head::Records { first, .. } => keys(first),
    };
    let no_record = matches!(head, Head::Records { first: [], .. });
    let file = File { name: file_name, names: &names, no_record };
    match forced {
        Some(Forced::Profile(name)) => {
            let profile = profiles.get(name).ok_or_else(|| Unknown::NoProfile {
                name: name.to_owned(),
                near: profiles.did_you_mean(name),
            })?;
            return Ok(Detected::Profile(Arc::clone(profile)));
        }
        Some(Forced::Dataset(name)) => {
            let dataset = datasets::find(name).ok_or_else(|| {
                let near = nearest(name, DATASETS.iter().map(|d| d.name));
                let near = near.first().map(|n| format!("; did you mean {n}?")).unwrap_or_default();
                Unknown::NoDataset { name: name.to_owned(), near }
            })?;
            return file.as_named(dataset).ok_or_else(|| file.lacks(dataset, true));
        }
        None => {}
    }
    let container = match head {
        Head::Records { container: Some(key), .. } => datasets::find(key),
        _ => None,
    };
    let named = datasets::by_file_name(file_name).or(container);
    if let Some(found) = named.and_then(|d| file.as_named(d)) {
        return Ok(found);
    }
    if no_record {
        return Err(Unknown::NoRecord);
    }
    // What the user wrote for this file goes before a guess by its columns.
    if let Some(found) = file.by_profile(head, profiles.own())? {
        return Ok(found);
    }
    // A file that is named after one dataset is never taken for another: invoices.csv with a few common columns
    // is no list of accounts.
    let by_columns = if named.is_some() { None } else { file.by_columns()? };
    if let Some(found) = by_columns {
        return Ok(found);
    }
    if let Some(found) = file.by_profile(head, profiles.iter().filter(|p| p.builtin))? {
        return Ok(found);
    }
    if named.is_none() && file.is_sheet(profiles) {
        return Ok(Detected::WideIdentities);
    }
    Err(match named {
        Some(dataset) => file.lacks(dataset, false),
        None => {
            let like = profiles.iter().filter_map(|p| Some((p.name.clone(), p.nearly_fits(&names)?)));
            Unknown::Nothing {
                nearest: nearest_datasets(&names),
                like: like.min_by_key(|(_, lacks)| lacks.len()),
                hint: hint(&names),
            }
        }
    })
}

/// The keys of the first records, each once.
fn keys(records: &[Value]) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    let all = records.iter().filter_map(Value::as_object).flat_map(|m| m.keys());
    all.map(String::as_str).filter(|k| seen.insert(*k)).collect()
}

struct File<'a> {
    name: &'a str,
    names: &'a [&'a str],
    no_record: bool,
}

impl File<'_> {
    /// The dataset that it is named after, if its columns fit.
    fn as_named(&self, dataset: &'static Dataset) -> Option<Detected> {
        if self.no_record || fits(dataset, self.names) {
            return Some(Detected::Dataset(dataset));
        }
        let wide = dataset.name == "identities" && Sheet::of(self.names).is_some();
        wide.then_some(Detected::WideIdentities)
    }

    /// The dataset whose columns fit best. A few common names prove nothing: two thirds of the file's columns must
    /// be the dataset's, or three that it requires.
    fn by_columns(&self) -> Result<Option<Detected>, Unknown> {
        let score = |d: &&'static Dataset| {
            let required = d.columns.iter().filter(|c| c.required).count();
            let known = known(d, self.names);
            (fits(d, self.names) && (known * 3 >= self.names.len() * 2 || required >= 3))
                .then_some((known, required))
        };
        let scored: Vec<_> = DATASETS.iter().filter_map(|d| Some((score(&d)?, d))).collect();
        let Some(best) = scored.iter().map(|(s, _)| *s).max() else { return Ok(None) };
        let fits: Vec<_> = scored.iter().filter(|(s, _)| *s == best).map(|(_, d)| *d).collect();
        match fits.as_slice() {
            [one] => Ok(Some(Detected::Dataset(one))),
            several => Err(self.ambiguous("dataset", several.iter().map(|d| d.name))),
        }
    }

    /// The profile that names most of what the file has.
    fn by_profile<'p>(
        &self,
        head: &Head<'_>,
        profiles: impl Iterator<Item = &'p Arc<Profile>>,
    ) -> Result<Option<Detected>, Unknown> {
        let score = |p: &Arc<Profile>| match head {
            Head::Header(names) => p.fits_header(names),
            Head::Records { first, .. } => p.fits_records(first),
            Head::Empty => None,
        };
        let scored: Vec<_> = profiles.filter_map(|p| Some((score(p)?, p))).collect();
        let Some(best) = scored.iter().map(|(s, _)| *s).max() else { return Ok(None) };
        let fits: Vec<_> = scored.iter().filter(|(s, _)| *s == best).map(|(_, p)| *p).collect();
        match fits.as_slice() {
            [one] => Ok(Some(Detected::Profile(Arc::clone(one)))),
            several => Err(self.ambiguous("profile", several.iter().map(|p| p.name.as_str()))),
        }
    }

    /// Whether it is an identity sheet, whatever its name.
    fn is_sheet(&self, profiles: &Profiles) -> bool {
        let systems: Vec<&str> = profiles.iter().filter_map(|p| p.system.as_deref()).collect();
        Sheet::by_shape(self.names, &systems).is_some()
    }

    fn ambiguous<'n>(&self, kind: &str, names: impl Iterator<Item = &'n str>) -> Unknown {
        let quoted = |t: &str| toml::Value::String(t.to_owned()).to_string();
        let fits: Vec<String> = names.map(str::to_owned).collect();
        let mut toml = format!("[[source]]\nmatch = {}", quoted(&glob::Pattern::escape(self.name)));
        for (at, name) in fits.iter().enumerate() {
            toml.push_str(&format!("\n{}{kind} = {}", if at == 0 { "" } else { "# or " }, quoted(name)));
        }
        Unknown::Ambiguous { fits: fits.iter().map(|n| format!("{kind} {n}")).collect(), toml }
    }

    fn lacks(&self, dataset: &'static Dataset, said: bool) -> Unknown {
        const MOST: usize = 12;
        let has = |at: usize| self.names.iter().any(|n| dataset.match_header(n) == Some(at));
        // Where the header is a row of data, its cells are customers' text and no names to be shown.
        let names = if looks_like_data(self.names) { &[] } else { self.names };
        let mut missing: Vec<_> = missing_columns(dataset, &has)
            .into_iter()
            .map(|c| MissingColumn::new(c, Vec::new(), names))
            .collect();
        if missing.is_empty() {
            missing.push(MissingColumn::new("all of its columns", Vec::new(), &[]));
        }
        let mut there: Vec<_> = names.iter().take(MOST).map(|n| (*n).to_owned()).collect();
        if names.len() > MOST {
            there.push("…".to_owned());
        }
        Unknown::Lacks { dataset: dataset.name, said, missing, there, hint: hint(self.names) }
    }
}

/// How many of a dataset's columns stand among the names.
fn known(dataset: &Dataset, names: &[&str]) -> usize {
    let columns: BTreeSet<_> = names.iter().filter_map(|n| dataset.match_header(n)).collect();
    columns.len()
}

fn fits(dataset: &Dataset, names: &[&str]) -> bool {
    let has = |at: usize| names.iter().any(|n| dataset.match_header(n) == Some(at));
    known(dataset, names) > 0 && missing_columns(dataset, &has).is_empty()
}

/// The datasets that share the most columns with a file, at most three.
pub fn nearest_datasets(names: &[&str]) -> Vec<Near> {
    let near = |d: &'static Dataset| {
        let has = |at: usize| names.iter().any(|n| d.match_header(n) == Some(at));
        Near { dataset: d.name, has: known(d, names), lacks: missing_columns(d, &has) }
    };
    let mut all: Vec<_> = DATASETS.iter().map(near).filter(|n| n.has > 0).collect();
    all.sort_by_key(|n| (std::cmp::Reverse(n.has), n.lacks.len()));
    all.truncate(3);
    all
}

/// What may be wrong with a header that is not known: it is none, or its delimiter is not one of the usual ones.
fn hint(names: &[&str]) -> String {
    if looks_like_data(names) {
        return "; has it no header line?".to_owned();
    }
    let [one] = names else { return String::new() };
    let splits = |c: &char| {
        let parts: Vec<&str> = one.split(*c).collect();
        DATASETS.iter().any(|d| known(d, &parts) > 1)
    };
    match one.chars().filter(|c| !c.is_alphanumeric() && *c != '_').find(splits) {
        Some(c) => format!("; its delimiter seems to be '{}': export it with , ; | or tab", c.escape_debug()),
        None => String::new(),
    }
}

/// Whether a line that should be a header holds values: a number, a time or a mail address.
pub fn looks_like_data(names: &[&str]) -> bool {
    names
        .iter()
        .map(|n| n.trim())
        .any(|n| decimal::parse(n).is_ok() || Stamp::parse(n).is_ok() || (n.contains('@') && n.contains('.')))
}

/// How many names of a header are known: the most of any one dataset or profile. For telling delimiters apart.
pub fn score_header(names: &[&str], profiles: &Profiles) -> usize {
    let own = DATASETS.iter().map(|d| known(d, names)).max().unwrap_or(0);
    // Where a delimiter splits nothing, or most names are a dataset's, no vendor's export is asked for.
    if names.len() < 2 || own * 2 >= names.len() {
        return own;
    }
    let folded: Vec<[String; 2]> =
        names.iter().map(|n| [fold_name(n), fold_name(n.split('(').next().unwrap_or(n))]).collect();
    let by_profile = profiles
        .headers()
        .iter()
        .map(|wanted| folded.iter().filter(|n| n.iter().any(|n| wanted.contains(n))).count());
    let systems: Vec<&str> = profiles.iter().filter_map(|p| p.system.as_deref()).collect();
    let sheet = Sheet::by_shape(names, &systems).map_or(0, |s| s.systems.len() + 1);
    by_profile.chain([own, sheet]).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeMap;

    fn csv(file: &str, header: &str) -> Result<String, Unknown> {
        let names: Vec<_> = header.split(',').collect();
        detect(file, &Head::Header(&names), None, &Profiles::builtin()).map(|d| d.name().to_owned())
    }

    fn forced(file: &str, header: &str, forced: Forced<'_>) -> Result<String, Unknown> {
        let names: Vec<_> = header.split(',').collect();
        detect(file, &Head::Header(&names), Some(forced), &Profiles::builtin()).map(|d| d.name().to_owned())
    }

    const EVENTS: &str = "event_id,timestamp,account_id,metric,quantity";

    #[test]
    fn a_file_that_is_named_after_a_dataset_and_fits_is_that_dataset() {
        assert_eq!(csv("usage_events-2026-10.csv", EVENTS).unwrap(), "usage_events");
        assert_eq!(csv("leads.csv", "account_id,signal").unwrap(), "leads");
        assert_eq!(csv("plans.csv", "Plan").unwrap(), "plans");
    }

    #[test]
    fn the_columns_tell_the_dataset_where_the_name_does_not() {
        assert_eq!(csv("export.csv", EVENTS).unwrap(), "usage_events");
        assert_eq!(csv("x.csv", "Deal ID,Promise,kind").unwrap(), "commitments");
        let subscriptions = "subscription_id,account_id,plan,status,current_period_start,current_period_end,a,b,c,d,e,f,g,h,i";
        assert_eq!(csv("x.csv", subscriptions).unwrap(), "subscriptions");
    }

    #[test]
    fn a_common_column_among_strange_ones_proves_nothing() {
        assert!(csv("x.csv", "invoice,account_id,status,amount,currency").is_err());
        let e = csv("export.csv", "plan,foo,bar,baz,qux").unwrap_err();
        assert!(matches!(&e, Unknown::Nothing { nearest, .. } if nearest[0].dataset == "plans"), "{e}");
    }

    #[test]
    fn a_name_without_the_columns_is_an_error_that_lists_them() {
        let e = csv("invoices.csv", "invoice,account_id,status,amount,currency").unwrap_err().to_string();
        assert!(
            e.contains("named after the dataset invoices, but lacks invoice_id (there is invoice"),
            "{e}"
        );
        assert!(e.contains("total") && e.contains("its columns are invoice, account_id"), "{e}");
        let e = csv("invoices.csv", "in_1,acct_7,paid,29.00,USD,2026-01-01").unwrap_err().to_string();
        assert!(e.ends_with("has it no header line?"), "{e}");
    }

    #[test]
    fn nothing_known_names_the_nearest_and_what_they_lack() {
        let e = csv("x.csv", "account_id,metric,amount,currency,foo,bar,baz,a,b").unwrap_err().to_string();
        assert!(e.contains("nearest: billed_usage (lacks period_start, period_end, quantity)"), "{e}");
        let e = csv("x.csv", "7,2026-01-01").unwrap_err().to_string();
        assert!(e.contains("no header line?"), "{e}");
    }

    #[test]
    fn what_the_user_says_goes_first() {
        let f = Forced::Dataset("Usage-Events");
        assert_eq!(forced("invoices.csv", EVENTS, f).unwrap(), "usage_events");
        let e = forced("x.csv", "a,b", Forced::Dataset("usage_event")).unwrap_err().to_string();
        assert!(e.contains("did you mean usage_events?"), "{e}");
        let e = forced("x.csv", "a,b", Forced::Dataset("plans")).unwrap_err().to_string();
        assert!(e.starts_with("is said to be the dataset plans, but lacks plan"), "{e}");
        assert_eq!(forced("x.csv", "a,b", Forced::Profile("stripe/payments")).unwrap(), "stripe/payments");
        let e = forced("x.csv", "a,b", Forced::Profile("stripe/payment")).unwrap_err().to_string();
        assert!(e.contains("did you mean stripe/payments?"), "{e}");
    }

    #[test]
    fn an_identity_sheet_is_known_by_its_name_or_by_its_columns_alone() {
        let wide = "account_id,stripe,salesforce_id,name";
        for file in ["identities.csv", "id map.csv"] {
            let names: Vec<_> = wide.split(',').collect();
            let found = detect(file, &Head::Header(&names), None, &Profiles::builtin()).unwrap();
            assert!(matches!(found, Detected::WideIdentities), "{file}");
        }
        // What its columns do not tell, its name does.
        assert_eq!(csv("identities.csv", "account,erp").unwrap(), "identities");
        assert!(csv("x.csv", "account,erp").is_err());
        assert!(csv("identities.csv", "account_id,system,foo").is_err());
        assert!(csv("invoices.csv", wide).is_err());
        let records =
            [json!({"account": "a", "zendesk_id": null}), json!({"account": "b", "stripe_id": "c"})];
        let head = Head::Records { first: &records, container: None };
        assert_eq!(detect("x.json", &head, None, &Profiles::builtin()).unwrap().name(), "identities");
    }

    #[test]
    fn empty_files_and_lists_are_told_apart() {
        let none = Profiles::builtin();
        assert_eq!(detect("invoices.csv", &Head::Empty, None, &none).unwrap_err(), Unknown::Empty);
        let list = |container| Head::Records { first: &[], container };
        assert_eq!(detect("invoices.json", &list(None), None, &none).unwrap().name(), "invoices");
        assert_eq!(detect("x.json", &list(Some("invoices")), None, &none).unwrap().name(), "invoices");
        assert_eq!(detect("x.json", &list(Some("data")), None, &none).unwrap_err(), Unknown::NoRecord);
    }

    #[test]
    fn json_fits_by_the_keys_of_its_first_records() {
        let records = [
            json!({"invoice_id": "in_1", "account_id": "a", "status": "paid"}),
            json!({"total": 1, "currency": "USD"}),
        ];
        let head = Head::Records { first: &records, container: None };
        assert_eq!(detect("x.json", &head, None, &Profiles::builtin()).unwrap().name(), "invoices");
    }

    #[test]
    fn two_that_fit_equally_are_ambiguous_and_the_lines_to_write_are_given() {
        let own = |name: &str| {
            let text = "format = 'csv'\nrecognise.all = ['No', 'Sum']\n[[output]]\ndataset = 'metrics'\ncolumns.metric = 'No'";
            (name.to_owned(), super::super::profile::ProfileWords::parse(name, text).unwrap())
        };
        let profiles = Profiles::with_user(BTreeMap::from([own("one"), own("two")])).unwrap();
        let head = Head::Header(&["No", "Sum", "x", "y"]);
        let e = detect("export[1].csv", &head, None, &profiles).unwrap_err();
        let Unknown::Ambiguous { toml, .. } = &e else { panic!("{e}") };
        assert!(toml.contains("profile = \"one\"\n# or profile = \"two\""), "{toml}");
        let written: toml::Table = toml::from_str(toml).unwrap();
        let pattern = written["source"][0]["match"].as_str().unwrap();
        assert!(glob::Pattern::new(pattern).unwrap().matches("export[1].csv"));
    }

    #[test]
    fn a_profile_of_ones_own_goes_before_columns_that_fit_and_not_before_the_file_s_name() {
        let text = "format = 'csv'\nrecognise.all = ['account_id', 'users']\n[[output]]\ndataset = 'activity'\ncolumns.account_id = 'account_id'\ncolumns.date = 'date'\ncolumns.active_users = 'users'";
        let words = super::super::profile::ProfileWords::parse("mine", text).unwrap();
        let profiles = Profiles::with_user(BTreeMap::from([("mine".to_owned(), words)])).unwrap();
        let head = Head::Header(&["account_id", "date", "logins", "users"]);
        let name = |file: &str, profiles: &Profiles| {
            detect(file, &head, None, profiles).map(|d| d.name().to_owned()).unwrap()
        };
        assert_eq!(name("use.csv", &Profiles::builtin()), "activity");
        assert_eq!(name("use.csv", &profiles), "mine");
        assert_eq!(name("activity.csv", &profiles), "activity");
    }

    #[test]
    fn a_header_scores_by_its_known_names() {
        let all = Profiles::builtin();
        assert_eq!(score_header(&["event_id", "timestamp", "foo"], &all), 2);
        assert_eq!(score_header(&["event_id;timestamp;foo"], &all), 0);
        assert!(score_header(&["id", "Created (UTC)", "Amount Refunded", "Status"], &all) == 4);
    }
}

//! Second stage: defaults < crosscheck.toml < `CROSSCHECK_*` < flags, each value with where it came from.

use super::discover::Environment;
use super::fault::{Fault, Origin, nearest};
use super::keys::{Catalogue, Slot};
use super::values::{Kind, split_list};
use super::written::{Raw, Written};
use std::collections::{BTreeMap, BTreeSet};

/// Flags as given: their names without dashes, and the texts of every time they were given. A switch without a
/// text is on.
pub type FlagValues = BTreeMap<String, Vec<String>>;

/// What counts, and what it beat.
#[derive(Debug)]
pub(crate) struct Merged {
    /// One for each key of the catalogue.
    pub(crate) values: Vec<Raw>,
    /// Values of the file that another layer beat: still to be valid, since the file is wrong or right for all.
    pub(crate) beaten: Vec<(usize, Raw)>,
    /// What is odd but no error.
    pub(crate) warnings: Vec<String>,
}

/// Lays the layers over one another. `check` is the check whose flags were given, if one.
pub(crate) fn merge(
    known: &Catalogue,
    mut written: Written,
    environment: &Environment,
    flags: &FlagValues,
    check: Option<&str>,
    faults: &mut Vec<Fault>,
) -> Merged {
    let variables = our_variables(environment, faults);
    let mut used_flags = BTreeSet::new();
    let (mut values, mut beaten) = (Vec::new(), Vec::new());
    for (at, slot) in known.slots.iter().enumerate() {
        let file = written.values.remove(&at);
        let flag = flag_of(slot, flags, check);
        if flag.is_some() {
            used_flags.insert(slot.flag);
        }
        let above = flag.or_else(|| variable_of(known, slot, &variables, check));
        if let (Some(_), Some(file)) = (&above, &file) {
            beaten.push((at, file.clone()));
        }
        let default = || Raw::of(default_texts(slot), Origin::Default);
        values.push(above.or(file).unwrap_or_else(default));
    }
    for name in flags.keys().filter(|f| !used_flags.contains(f.as_str())) {
        faults.push(Fault::new(format!("--{name} is no option of {}", check.unwrap_or("this command"))));
    }
    let warnings = unknown_variables(known, &variables);
    Merged { values, beaten, warnings }
}

/// The default as texts; none where there is no default.
pub(crate) fn default_texts(slot: &Slot) -> Vec<String> {
    layer_texts(slot, slot.default)
}

/// A text of a flag or variable: split for a list.
fn layer_texts(slot: &Slot, text: &str) -> Vec<String> {
    if slot.kind.is_list() { split_list(text) } else { vec![text.to_owned()] }
}

/// A list unites all times it was given; of a single value the last counts.
fn flag_of(slot: &Slot, flags: &FlagValues, check: Option<&str>) -> Option<Raw> {
    if slot.flag.is_empty() || slot.kind.shape().is_some() || (slot.of_check && Some(slot.section) != check) {
        return None;
    }
    let given = flags.get(slot.flag)?;
    let texts = match given.last() {
        None if slot.kind.is_list() => Vec::new(),
        None => vec!["true".to_owned()],
        // A comma may be part of a file's name.
        Some(_) if slot.kind == Kind::Paths => given.clone(),
        Some(_) if slot.kind.is_list() => given.iter().flat_map(|t| split_list(t)).collect(),
        Some(last) => vec![last.clone()],
    };
    Some(Raw::of(texts, Origin::Flag(slot.flag.to_owned())))
}

/// The variables of the program that are set; an empty one is not.
fn our_variables(environment: &Environment, faults: &mut Vec<Fault>) -> BTreeMap<String, String> {
    let mut ours = BTreeMap::new();
    for (name, value) in environment.iter().filter(|(n, v)| n.starts_with("CROSSCHECK_") && !v.is_empty()) {
        match value.to_str() {
            Some(text) => drop(ours.insert(name.clone(), text.to_owned())),
            None => faults.push(Fault::new(format!("{name} is not UTF-8"))),
        }
    }
    ours
}

/// The key's own variable, else the one that it shares with other checks. The shared one is passed over where the
/// text is no value of this key but one of another check's, unless it is this check that runs.
fn variable_of(
    known: &Catalogue,
    slot: &Slot,
    variables: &BTreeMap<String, String>,
    check: Option<&str>,
) -> Option<Raw> {
    if slot.kind.shape().is_some() {
        return None;
    }
    let raw = |name: String, s: &Slot| {
        let texts = layer_texts(s, variables.get(&name)?);
        Some(Raw::of(texts, Origin::Variable(name)))
    };
    if let Some(own) = raw(slot.variable(), slot) {
        return Some(own);
    }
    let shared = slot.shared_variable().filter(|v| variables.contains_key(v))?;
    if known.slots.iter().any(|s| s.variable() == shared) {
        return None;
    }
    let mine = raw(shared.clone(), slot)?;
    let fits = |s: &Slot, r: &Raw| s.kind.read(&r.texts, known).is_ok();
    let elsewhere = || {
        let sharing = known.slots.iter().filter(|s| s.shared_variable().as_ref() == Some(&shared));
        sharing.filter_map(|s| Some((s, raw(shared.clone(), s)?))).any(|(s, r)| fits(s, &r))
    };
    (fits(slot, &mine) || Some(slot.section) == check || !elsewhere()).then_some(mine)
}

fn unknown_variables(known: &Catalogue, variables: &BTreeMap<String, String>) -> Vec<String> {
    let slots = || known.slots.iter().filter(|s| s.kind.shape().is_none());
    let shared = slots().filter_map(Slot::shared_variable);
    let names: BTreeSet<String> = slots().map(Slot::variable).chain(shared).collect();
    let unknown = variables.keys().filter(|v| !names.contains(*v));
    let near = |wanted: &str| {
        // The common beginning would make any two of them near.
        let tail = |n: &'_ str| n.strip_prefix("CROSSCHECK_").unwrap_or_default().to_owned();
        let tails: Vec<String> = names.iter().map(|n| tail(n)).collect();
        nearest(&tail(wanted), tails.iter().map(String::as_str))
            .map(|n| format!("; did you mean CROSSCHECK_{n}?"))
    };
    unknown.map(|v| format!("{v} is set but sets nothing{}", near(v).unwrap_or_default())).collect()
}

//! Where the code names the flags: searched in source trees, or told by another tool's export.

use super::inputs::{CodeReference, Inputs, Known, names};
use crate::code_refs::{Keys, Searched, is_everyday_word, search};
use anyhow::{Context as _, Result};
use std::path::PathBuf;

/// Where one flag stands in the code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Referenced {
    /// `path:line`, sorted by path and line, each once.
    pub(super) places: Vec<String>,
    /// The same paths, each once.
    pub(super) paths: Vec<String>,
    /// Lines that may name it or not.
    pub(super) uncertain: u64,
}

impl Referenced {
    /// Whether the code names it; `None` where only everyday words were found.
    pub(super) fn is_there(&self) -> Option<bool> {
        match (self.places.is_empty(), self.uncertain) {
            (false, _) => Some(true),
            (true, 0) => Some(false),
            (true, _) => None,
        }
    }
}

/// What the code says of all flags, in their order.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) flags: Vec<Referenced>,
    /// The folders that were searched, as given.
    pub(super) folders: Vec<String>,
    /// What the search came to; `None` where only another tool's references were given.
    pub(super) searched: Option<Searched>,
    /// Whether another tool's references were given.
    pub(super) references_given: bool,
    /// References of flags that are not among the flags.
    pub(super) unknown: u64,
}

/// Searches, and unites what was found with what was given; `None` where neither was asked for.
pub(super) fn code(inputs: &Inputs, folders: &[PathBuf], leave_out: &[PathBuf]) -> Result<Option<Code>> {
    if folders.is_empty() && inputs.references.is_none() {
        return Ok(None);
    }
    let mut found: Vec<Vec<(String, Option<u64>)>> = vec![Vec::new(); inputs.flags.len()];
    let mut uncertain = vec![0; inputs.flags.len()];
    let mut searched = None;
    if !folders.is_empty() {
        let keys: Vec<&str> = inputs.flags.iter().map(|k| &*k.flag.flag).collect();
        let keys = Keys::new(&keys).context("the flags' keys cannot be searched for")?;
        let result = search(&keys, folders, leave_out).context("--code")?;
        for (at, key) in result.keys.iter().enumerate() {
            found[at].extend(key.certain.iter().map(|r| (r.path.clone(), Some(r.line))));
            uncertain[at] = key.uncertain;
        }
        searched = Some(Searched { keys: Vec::new(), ..result });
    }
    let unknown = add(&inputs.flags, inputs.references.as_deref().unwrap_or_default(), &mut found);
    let flags = found.into_iter().zip(uncertain).map(|(found, uncertain)| told(found, uncertain)).collect();
    let folders = folders.iter().map(|f| f.display().to_string()).collect();
    Ok(Some(Code { flags, folders, searched, references_given: inputs.references.is_some(), unknown }))
}

/// Adds the references of another tool; gives how many are of unknown flags.
fn add(flags: &[Known], given: &[CodeReference], found: &mut [Vec<(String, Option<u64>)>]) -> u64 {
    let names = names(flags);
    let mut unknown = 0;
    for reference in given {
        match names.get(&*reference.flag) {
            Some(at) => {
                let line = reference.line.and_then(|line| u64::try_from(line).ok());
                found[*at].push((reference.path.to_string(), line));
            }
            None => unknown += 1,
        }
    }
    unknown
}

fn told(mut found: Vec<(String, Option<u64>)>, uncertain: u64) -> Referenced {
    found.sort();
    found.dedup();
    let place = |(path, line): &(String, Option<u64>)| match line {
        Some(line) => format!("{path}:{line}"),
        None => path.clone(),
    };
    let places = found.iter().map(place).collect();
    let mut paths: Vec<String> = found.into_iter().map(|(path, _)| path).collect();
    paths.dedup();
    Referenced { places, paths, uncertain }
}

/// Flags whose keys are everyday words that the code holds.
pub(super) fn everyday<'f>(flags: &'f [Known], code: &Code) -> Vec<&'f str> {
    let mut words: Vec<&str> = flags
        .iter()
        .zip(&code.flags)
        .filter(|(known, found)| found.uncertain > 0 && is_everyday_word(&known.flag.flag))
        .map(|(known, _)| &*known.flag.flag)
        .collect();
    words.sort_unstable();
    words
}

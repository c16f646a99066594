//! Settings: defaults < crosscheck.toml < `CROSSCHECK_*` < flags.
//!
//! Three stages. As written: TOML with lines, flags and variables as texts. Merged: one text for each key, and where
//! it came from. Resolved: [`Settings`], typed, the only stage that checks see. This is also the one place that
//! asks for the time, so that `--as-of` governs everything.

mod discover;
mod fault;
mod init;
mod keys;
mod merged;
mod node;
mod options;
mod resolved;
mod sections;
mod tables;
#[cfg(test)]
mod tests;
mod values;
mod waiver;
mod written;

pub use discover::{
    Config, ConfigOrigin, Environment, FILE_NAME, FOLDER_NAME, Places, locate, process_environment,
};
pub use fault::{Fault, Origin, SettingsError};
pub use init::{Found, FoundSource, init_text};
pub use keys::{ACCOUNT_KINDS, DIALECTS, ENGINE_CODES, FORMATS, KEYS, Key, USUAL_ZONES};
pub use merged::FlagValues;
pub use node::{Entry, Node, NodeValue};
pub use options::{OptionError, OptionalValue};
pub use resolved::{AccountPattern, Color, InForce, RowsShown, RunChecks, Scope, Settings};
pub use sections::{Maps, RawProfile, SourceRule};
pub use tables::Table;
pub use values::{AllowRejects, Kind, Value, format_duration, parse_duration, parse_percent, parse_rejects};
pub use waiver::Waiver;

use crate::check::CheckInfo;
use crate::model::time::Instant;
use keys::Catalogue;
use std::path::Path;

/// Everything that settings are made of.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The current folder, absolute.
    pub cwd: &'a Path,
    /// The environment, e.g. [`process_environment`].
    pub environment: &'a Environment,
    /// The flags that were given: those of [`KEYS`], and those of `check`.
    pub flags: &'a FlagValues,
    /// Every check of this version.
    pub checks: &'a [&'a CheckInfo],
    /// The check that runs; `None` for `run` and for commands that are no check.
    pub check: Option<&'a str>,
}

/// Finds, reads, merges and resolves the settings. The error holds everything that is wrong, not only the first.
pub fn load(inputs: &Inputs<'_>) -> Result<Settings, SettingsError> {
    let known = Catalogue::new(inputs.checks);
    let named = |key: &str, variable: &str| {
        let flag = inputs.flags.get(key).and_then(|given| given.last()).map(String::as_str);
        let variable = inputs.environment.get(variable).and_then(|v| v.to_str());
        flag.or(variable).filter(|text| !text.is_empty())
    };
    let (config, cache) = (named("config", "CROSSCHECK_CONFIG"), named("cache", "CROSSCHECK_CACHE"));
    let places = locate(inputs.cwd, inputs.environment, config, cache);
    let mut faults = Vec::new();
    let mut written = match &places.config {
        Some(config) => written::read(&config.shown, &discover::read(config)?, &known, &mut faults),
        None => written::Written::default(),
    };
    let sections = std::mem::take(&mut written.sections);
    let merged = merged::merge(&known, written, inputs.environment, inputs.flags, inputs.check, &mut faults);
    resolved::resolve(&known, merged, sections, places, inputs.check, faults)
}

/// The current time, in whole seconds: so that a report's `as_of`, given again, tells the same. Beside `as_of` it
/// says only when a run took place, in the history and in metrics.
#[allow(clippy::disallowed_methods, reason = "the one place that asks for the time; --as-of replaces it")]
pub fn now() -> Instant {
    let now = chrono::Utc::now();
    Instant::from_timestamp(now.timestamp(), 0).unwrap_or(now)
}

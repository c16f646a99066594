//! Answers that the cache remembers: the same question about the same bytes has the same answer.
//!
//! Only questions about many rows are worth it. A question is all that an answer depends on: the program itself,
//! the check, the settings with the moment that stands for now, how the report is written, the contents of the
//! exports, and what the findings are compared with. So an answer can be old but never wrong.

use super::outputs::Outputs;
use crate::{
    cache::{Cache, Input},
    history::Entry,
    render::{Format, RenderOptions},
    report::Problem,
    settings::Settings,
};
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Fewer rows of input are judged as soon as an answer is found.
const WORTH: u64 = 10_000;

/// What a run gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Answer {
    /// The report for standard output.
    pub printed: String,
    /// Files, in the order in which they are written.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// Lines for standard error.
    pub told: Vec<String>,
    /// The process's exit code.
    pub exit_code: u8,
    /// What the history keeps of it.
    pub entry: Option<Entry>,
}

/// All that an answer depends on.
pub(super) struct Question<'q> {
    pub check: &'q str,
    pub settings: &'q Settings,
    pub format: Format,
    pub options: &'q RenderOptions,
    pub outputs: &'q Outputs,
    pub inputs: &'q [Input],
    pub problems: &'q [Problem],
    /// The digest of what findings are compared with.
    pub before: [u8; 32],
}

impl Question<'_> {
    /// Its name in the cache; `None` where it is not worth remembering.
    pub(super) fn name(&self) -> Option<[u8; 32]> {
        let rows: u64 = self.inputs.iter().flat_map(|i| &i.content.parts).map(|p| p.rows).sum();
        if rows < WORTH {
            return None;
        }
        let program = std::env::current_exe().and_then(std::fs::metadata).ok()?;
        let program = (program.len(), program.modified().ok()?);
        let Question { check, settings, format, options, outputs, inputs, problems, before } = self;
        let all = (program, check, settings, format, options, outputs, inputs, problems, before);
        Some(*blake3::hash(format!("answer/2 {all:?}").as_bytes()).as_bytes())
    }
}

/// The answer to a question of that name, where it is remembered.
pub(super) fn recall(cache: &Cache, name: &[u8; 32]) -> Result<Option<Answer>> {
    Ok(cache.recall(name)?.and_then(|bytes| postcard::from_bytes(&bytes).ok()))
}

/// Remembers an answer.
pub(super) fn remember(cache: &mut Cache, name: &[u8; 32], answer: &Answer) -> Result<()> {
    cache.remember(name, &postcard::to_stdvec(answer)?)
}

//! crosscheck compares what a SaaS company's systems say about the same customers.
//!
//! Data goes one way: export file → import → cache → data → check → report → renderer → terminal. Each module
//! imports only from those above it here; `tests/suite/layering.rs` reads this list and holds them
//! to it.
//!
//! - `model`: plain values of the field: decimals, money, time, the dataset catalogue.
//! - `exit`: the exit codes.
//! - `report`: what a check found, as data.
//! - `check`: what a check is.
//! - `settings`: crosscheck.toml, environment and flags, merged; the only place that asks for the time.
//! - `cache`: what the exports held; with `history` the only place that names SQLite.
//! - `history`: what earlier runs found; a database of its own, since it cannot be made again.
//! - `usage`: tens of millions of events, packed and summed.
//! - `residue`: what files still hold of people who asked to be deleted.
//! - `import`: export files into the cache: reading, profiles, validation.
//! - `code_refs`: source trees searched for keys.
//! - `data`: the exports as typed records with shared names.
//! - `judge`: judgement that several checks share, pure.
//! - `engine`: a check's outcome made into a report: severities, scope, verdict, exit code.
//! - `checks`: one file a check, and their register.
//! - `render`: a report made into bytes.
//! - `ui`: the only place that touches the terminal.
//! - `commands`, `cli`: the verbs, and the command line folded from the registers.

pub mod cache;
pub mod check;
pub mod checks;
pub mod cli;
pub mod code_refs;
pub mod commands;
pub mod data;
pub mod engine;
pub mod exit;
pub mod history;
pub mod import;
pub mod judge;
pub mod model;
pub mod render;
pub mod report;
pub mod residue;
pub mod settings;
pub mod ui;
pub mod usage;

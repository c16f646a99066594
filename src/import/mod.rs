//! Export files → rows of datasets in the cache.
//!
//! [`exports`] finds the files, [`read`] takes them apart into records, [`detect`] says what they are, [`mapping`]
//! (with [`profile`]s for vendors' exports, and [`validate`]) makes records rows, [`ingest`] keeps the cache up
//! to date. [`draft`] proposes a profile for an unknown export.

pub mod detect;
pub mod draft;
pub mod exports;
mod fast;
mod fold;
pub mod ingest;
mod load;
pub mod mapping;
pub mod profile;
pub mod read;
#[cfg(test)]
mod samples;
pub mod validate;
mod wide;

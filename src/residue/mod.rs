//! What systems still hold of people who asked to be deleted: finds their addresses, numbers, names and ids in files.
//!
//! It reads files and judges nothing. [`scan`] searches all places for all subjects in one pass.
//! A subject is known by its index; a system by the label of its place.

mod chars;
mod countries;
mod cut;
mod digests;
mod escapes;
mod find;
mod gather;
mod index;
mod open;
mod phone;
mod pool;
#[cfg(test)]
mod tests;
mod walk;

use anyhow::{Result, ensure};
use chrono::{DateTime, Utc};
use std::{fmt, path::PathBuf};

/// What is known of a person. Its `Debug` tells how much that is, and nothing of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// E-mail addresses, as written.
    pub emails: Vec<String>,
    /// Phone numbers.
    pub phones: Vec<Phone>,
    /// Full names, in either order.
    pub names: Vec<String>,
    /// Account, subject and other ids.
    pub ids: Vec<String>,
}

/// A phone number as somebody wrote it. Its `Debug` shows nothing of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Phone {
    /// In any notation.
    pub written: String,
    /// Where a number without a country code is dialled: ISO 3166 alpha-2, in any case.
    pub country: Option<String>,
}

/// A file or folder that belongs to a system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The system's name.
    pub label: String,
    /// The file or folder.
    pub path: PathBuf,
}

/// How much a scan may use, and who is told of its progress.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// How many threads search; 0: as many as there are cores. It changes no result.
    pub threads: usize,
    /// Bytes that one compressed file may unpack to, in all.
    pub unpacked: Unpacked,
    /// Told the bytes that were read from disk, from any thread, every few milliseconds.
    pub progress: Option<&'a (dyn Fn(u64) + Sync)>,
}

/// What a compressed file on disk may unpack to, archives in archives included: `least` bytes, or `ratio` times its
/// own size where that is more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unpacked {
    /// 1 GiB.
    pub least: u64,
    /// 250; an ordinary export is below 50.
    pub ratio: u64,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options { threads: 0, unpacked: Unpacked { least: 1 << 30, ratio: 250 }, progress: None }
    }
}

/// What a scan found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// By place, file, line, subject and kind; a line is named once for each subject and kind.
    pub hits: Vec<Hit>,
    /// Lines beyond the first [`KEPT`] of one subject and kind in one file. In the order of `hits`.
    pub beyond: Vec<Beyond>,
    /// Every file that was searched, by place and name.
    pub inputs: Vec<Scanned>,
    /// What could not be searched, wholly or in part; by place and name.
    pub troubles: Vec<Trouble>,
    /// Values too short or too plain to be told from other text. They were not searched.
    pub unsearched: Vec<Unsearched>,
}

/// How many lines are named of one subject and kind in one file; further ones are counted.
pub const KEPT: usize = 20;

/// A line that holds something of a subject. Its `Debug` hides what.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Index of the place.
    pub place: usize,
    /// The file's path below the place (for a place that is a file, its name), with the member of an archive or the
    /// table of a database: `a.zip!/b.csv`, `x.sqlite!/users`.
    pub file: String,
    /// From 1; in a database the rowid of the row, else its number.
    pub line: u64,
    /// Index of the subject.
    pub subject: usize,
    /// What was found.
    pub kind: HitKind,
    /// The first such text of the line as it stands there, UNMASKED.
    pub matched: String,
}

/// Lines that were counted and not kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Beyond {
    /// Index of the place.
    pub place: usize,
    /// As in [`Hit::file`].
    pub file: String,
    /// Index of the subject.
    pub subject: usize,
    /// What was found.
    pub kind: HitKind,
    /// How many lines.
    pub lines: u64,
}

/// The form in which something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HitKind {
    /// The address, in any case.
    Email,
    /// The address with a tag: `ann+news@example.com` for `ann@example.com`.
    EmailPlusTag,
    /// The address (or a tagged one) with percent, JSON or HTML escapes in it.
    EmailEncoded,
    /// The MD5 of the address in lower case, in hexadecimal.
    EmailMd5,
    /// Its SHA-1.
    EmailSha1,
    /// Its SHA-256.
    EmailSha256,
    /// The phone number, in any notation.
    Phone,
    /// The full name, in either order.
    Name,
    /// An id.
    Id,
}

/// A file that was searched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scanned {
    /// Index of the place.
    pub place: usize,
    /// The file's path below the place; for a place that is a file, its name.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of the file as it lies, in lower-case hexadecimal.
    pub sha256: String,
    /// When it was last written, as the file system has it.
    pub modified: Option<DateTime<Utc>>,
}

/// Something that was not searched, wholly or in part; the rest was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trouble {
    /// Index of the place.
    pub place: usize,
    /// As in [`Hit::file`]; also folders, links and the like.
    pub file: String,
    /// What is the matter, as the rest of a sentence that begins with the file: `is a FIFO and was not opened`.
    pub what: String,
}

/// A value of a subject that was not searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unsearched {
    /// Index of the subject.
    pub subject: usize,
    /// What it is.
    pub field: Field,
    /// Index of the value in that field.
    pub value: usize,
    /// Why, as the rest of a sentence: `is too short to be told from other numbers`.
    pub why: &'static str,
}

/// A field of [`Subject`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// `emails`
    Email,
    /// `phones`
    Phone,
    /// `names`
    Name,
    /// `ids`
    Id,
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("emails", &self.emails.len())
            .field("phones", &self.phones.len())
            .field("names", &self.names.len())
            .field("ids", &self.ids.len())
            .finish()
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Phone").field("country", &self.country).finish_non_exhaustive()
    }
}

impl fmt::Debug for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hit")
            .field("place", &self.place)
            .field("file", &self.file)
            .field("line", &self.line)
            .field("subject", &self.subject)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Bytes of a block: small enough for the core's own cache, large enough that its borders cost nothing.
const BODY: usize = 1 << 20;

/// Bytes that one character may be written in, at most, escaped twice (`%255Cu0040`).
const ESCAPED: usize = 16;

/// Searches all places for all subjects. An error means that nothing could be begun; whatever a single file gives
/// trouble with is in [`Scan::troubles`].
pub fn scan(subjects: &[Subject], places: &[Place], options: &Options<'_>) -> Result<Scan> {
    search(subjects, places, options, BODY)
}

fn search(subjects: &[Subject], places: &[Place], options: &Options<'_>, body: usize) -> Result<Scan> {
    ensure!(u32::try_from(subjects.len()).is_ok(), "{} requests are too many for one scan", subjects.len());
    let (index, mut unsearched) = index::Index::new(subjects);
    let (mut files, mut troubles) = (Vec::new(), Vec::new());
    for (number, place) in places.iter().enumerate() {
        walk::files(number, place, &mut files, &mut troubles);
    }
    // The largest first, so that no thread is left alone with one of them.
    files.sort_by(|a, b| (b.bytes, a.place, &a.name).cmp(&(a.bytes, b.place, &b.name)));
    let sizes = cut::Sizes { body, around: ESCAPED * index.reach() };
    let mut results = pool::run(&index, &files, sizes, options);
    troubles.append(&mut results.troubles);
    troubles.sort();
    troubles.dedup();
    results.inputs.sort();
    unsearched.sort();
    let (hits, beyond) = results.gathered.finish();
    Ok(Scan { hits, beyond, inputs: results.inputs, troubles, unsearched })
}

//! Plain text, line by line, a subject at a time.

use super::{Hit, HitKind, Options, Place, Scan, Scanned, Subject, Trouble};
use anyhow::Result;
use sha2::{Digest as _, Sha256};
use std::{fs, path::Path};

pub(super) fn scan(subjects: &[Subject], places: &[Place], options: &Options<'_>) -> Result<Scan> {
    let mut found = Scan::default();
    for (place, Place { path, .. }) in places.iter().enumerate() {
        let mut files = Vec::new();
        for entry in walkdir::WalkDir::new(path).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_file() => files.push(entry.into_path()),
                Ok(_) => {}
                Err(error) => {
                    let file = error.path().unwrap_or(path).display().to_string();
                    found.troubles.push(Trouble { place, file, what: "cannot be opened".to_owned() });
                }
            }
        }
        for file in files {
            let below = file.strip_prefix(path).ok().filter(|p| !p.as_os_str().is_empty());
            let name = below.unwrap_or_else(|| Path::new(file.file_name().unwrap_or_default()));
            let name = name.display().to_string();
            match fs::read(&file) {
                Ok(bytes) => {
                    search(subjects, place, &name, &String::from_utf8_lossy(&bytes), &mut found);
                    if let Some(told) = options.progress {
                        told(bytes.len() as u64);
                    }
                    let modified = fs::metadata(&file).and_then(|m| m.modified()).ok().map(Into::into);
                    let sha256 = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
                    found.inputs.push(Scanned {
                        place,
                        file: name,
                        bytes: bytes.len() as u64,
                        sha256,
                        modified,
                    });
                }
                Err(error) => found.troubles.push(Trouble {
                    place,
                    file: name,
                    what: format!("cannot be opened: {error}"),
                }),
            }
        }
    }
    found.hits.sort();
    Ok(found)
}

fn search(subjects: &[Subject], place: usize, file: &str, text: &str, found: &mut Scan) {
    for (line, text) in (1..).zip(text.lines()) {
        let lower = text.to_lowercase();
        for (subject, s) in subjects.iter().enumerate() {
            let mut hit = |kind, matched: &str| {
                found.hits.push(Hit {
                    place,
                    file: file.to_owned(),
                    line,
                    subject,
                    kind,
                    matched: matched.to_owned(),
                });
            };
            if s.emails.iter().any(|e| holds(&lower, &e.trim().to_lowercase(), "._-+")) {
                hit(HitKind::Email, text);
            }
            if s.names.iter().any(|n| holds(&lower, &n.trim().to_lowercase(), "")) {
                hit(HitKind::Name, text);
            }
            if s.ids.iter().any(|i| holds(text, i.trim(), "-_")) {
                hit(HitKind::Id, text);
            }
            if s.phones.iter().any(|p| holds(text, p.written.trim(), "-")) {
                hit(HitKind::Phone, text);
            }
        }
    }
}

/// Whether the text holds the word, neither preceded nor followed by a letter, a digit or one of `more`.
fn holds(text: &str, word: &str, more: &str) -> bool {
    let inner = |c: char| c.is_alphanumeric() || more.contains(c);
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            !text[..at].chars().next_back().is_some_and(inner)
                && !text[at + word.len()..].chars().next().is_some_and(inner)
        })
}

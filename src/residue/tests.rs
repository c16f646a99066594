//! What is found in texts and files, and what is not.

#[cfg(test)]
mod files;
#[cfg(test)]
mod forms;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod slow;

use super::{escapes::find_all, index::Index, *};

/// Ann Smith of Berlin, as her requests name her.
fn ann() -> Subject {
    Subject {
        emails: vec!["Ann@Example.com".to_owned()],
        phones: vec![phone("030 1234567", Some("DE"))],
        names: vec!["Ann Smith".to_owned()],
        ids: vec!["usr_4711".to_owned()],
    }
}

fn phone(written: &str, country: Option<&str>) -> Phone {
    Phone { written: written.to_owned(), country: country.map(str::to_owned) }
}

fn one_email(email: &str) -> Subject {
    Subject { emails: vec![email.to_owned()], ..Subject::default() }
}

fn one_phone(written: &str, country: Option<&str>) -> Subject {
    Subject { phones: vec![phone(written, country)], ..Subject::default() }
}

fn one_name(name: &str) -> Subject {
    Subject { names: vec![name.to_owned()], ..Subject::default() }
}

fn one_id(id: &str) -> Subject {
    Subject { ids: vec![id.to_owned()], ..Subject::default() }
}

/// What is found of the subjects in a text: subject, kind and the text itself.
fn found(subjects: &[Subject], text: &[u8]) -> Vec<(u32, HitKind, String)> {
    let mut found = Vec::new();
    find_all(&Index::new(subjects).0, text, &mut found);
    found.sort();
    let shown = |f: &find::Found| String::from_utf8_lossy(&text[f.start..f.end]).into_owned();
    found.iter().map(|f| (f.subject, f.kind, shown(f))).collect()
}

/// The text holds the subject once, so written.
#[track_caller]
fn holds(subject: &Subject, text: impl AsRef<[u8]>, kind: HitKind, matched: &str) {
    let text = text.as_ref();
    let all = found(std::slice::from_ref(subject), text);
    assert_eq!(all, [(0, kind, matched.to_owned())], "{}", String::from_utf8_lossy(text));
}

/// The text holds nothing of the subject.
#[track_caller]
fn lacks(subject: &Subject, text: impl AsRef<[u8]>) {
    let text = text.as_ref();
    assert_eq!(found(std::slice::from_ref(subject), text), [], "{}", String::from_utf8_lossy(text));
}

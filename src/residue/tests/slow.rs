//! A plain reference: everything that is found, found by trying every place with every value.

use super::*;

/// Kinds that the reference knows.
const KINDS: [HitKind; 5] =
    [HitKind::Email, HitKind::EmailPlusTag, HitKind::EmailMd5, HitKind::Name, HitKind::Id];

/// What stands in an ASCII text without escapes, trying each value of each subject at each place. Names are two words.
pub(super) fn slow(subjects: &[Subject], text: &str) -> Vec<(usize, usize, u32, HitKind)> {
    let mut all = Vec::new();
    let lower = text.to_ascii_lowercase();
    for (n, s) in subjects.iter().enumerate() {
        for at in 0..text.len() {
            for email in &s.emails {
                let (local, domain) = email.split_once('@').unwrap();
                if let Some(rest) = lower[at..].strip_prefix(local)
                    && mailbox_begins(text, at)
                {
                    let tag = if rest.starts_with('+') { rest.find('@').unwrap_or(0) } else { 0 };
                    let tag_is_whole =
                        rest[..tag].chars().all(|c| c.is_ascii_alphanumeric() || "._+-%=/'".contains(c));
                    if let Some(after) = rest[tag..].strip_prefix('@').and_then(|r| r.strip_prefix(domain))
                        && tag_is_whole
                        && domain_ends(after)
                    {
                        let kind = if tag > 0 { HitKind::EmailPlusTag } else { HitKind::Email };
                        all.push((at, text.len() - after.len(), n as u32, kind));
                    }
                }
                let md5 = digests::hex(&digests::of(email)[0].1);
                let hex = |c: Option<char>| c.is_some_and(|c| c.is_ascii_hexdigit());
                if let Some(after) = lower[at..].strip_prefix(&md5)
                    && !hex(text[..at].chars().next_back())
                    && !hex(after.chars().next())
                {
                    all.push((at, at + 32, n as u32, HitKind::EmailMd5));
                }
            }
            for name in &s.names {
                let (a, b) = name.split_once(' ').unwrap();
                for (first, second) in [(a, b), (b, a)] {
                    let Some(rest) = lower[at..].strip_prefix(&first.to_lowercase()) else { continue };
                    let joint = rest.len()
                        - rest.trim_start_matches([' ', ',', ';', '"', '.', '-', '+', '\n', '\'']).len();
                    let between = &rest[..joint];
                    let commas = between.matches([',', ';']).count();
                    let dots = between.matches('.').count();
                    let Some(after) = rest[joint..].strip_prefix(&second.to_lowercase()) else { continue };
                    let good = (1..=8).contains(&joint)
                        && commas <= 1
                        && if commas == 0 { !between.contains('"') } else { !between.contains('\n') };
                    if good && dots < joint && !longer_name(text, at, text.len() - after.len()) {
                        all.push((at, text.len() - after.len(), n as u32, HitKind::Name));
                    }
                }
            }
            for id in &s.ids {
                if lower[at..].starts_with(&id.to_lowercase()) && !longer_id(text, at, at + id.len()) {
                    all.push((at, at + id.len(), n as u32, HitKind::Id));
                }
            }
        }
    }
    all.sort();
    all.dedup();
    all
}

fn word(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Skips what may stand before an address, then looks whether more of an address does.
fn mailbox_begins(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end_matches(['.', '-', '+']);
    match before.chars().next_back() {
        None => true,
        Some('\'') => {
            !word(before[..before.len() - 1].chars().next_back())
                && before[..before.len() - 1].chars().next_back().is_none_or(|c| c != '_')
        }
        Some(c) => !(c.is_ascii_alphanumeric() || "_%".contains(c)),
    }
}

fn domain_ends(after: &str) -> bool {
    let rest = after.trim_start_matches(['.', '-']);
    !rest.starts_with(|c: char| c.is_ascii_alphanumeric())
}

fn longer_name(text: &str, from: usize, to: usize) -> bool {
    let before: Vec<char> = text[..from].chars().rev().take(2).collect();
    let after: Vec<char> = text[to..].chars().take(2).collect();
    word(before.first().copied())
        || word(after.first().copied())
        || before.first().is_some_and(|c| "-'".contains(*c)) && word(before.get(1).copied())
        || after.first() == Some(&'-') && word(after.get(1).copied())
}

fn longer_id(text: &str, from: usize, to: usize) -> bool {
    let before: Vec<char> = text[..from].chars().rev().take(2).collect();
    let after: Vec<char> = text[to..].chars().take(3).collect();
    let digit = |c: Option<&char>| c.is_some_and(char::is_ascii_digit);
    let zero = after.get(1) == Some(&'0') && !digit(after.get(2));
    word(before.first().copied())
        || word(after.first().copied())
        || before.first() == Some(&'-') && word(before.get(1).copied())
        || after.first() == Some(&'-') && word(after.get(1).copied())
        || before.first() == Some(&'.') && digit(before.get(1)) && digit(text[from..].chars().next().as_ref())
        || after.first() == Some(&'.')
            && digit(after.get(1))
            && digit(text[..to].chars().next_back().as_ref())
            && !zero
}

/// What the scan finds of the kinds that the reference knows.
pub(super) fn fast(subjects: &[Subject], text: &str) -> Vec<(usize, usize, u32, HitKind)> {
    let mut found = Vec::new();
    find_all(&Index::new(subjects).0, text.as_bytes(), &mut found);
    let mut all: Vec<_> = found.iter().map(|f| (f.start, f.end, f.subject, f.kind)).collect();
    all.retain(|(_, _, _, kind)| KINDS.contains(kind));
    all.sort();
    all.dedup();
    all
}

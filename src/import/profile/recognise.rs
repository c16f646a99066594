//! Whether a file is the export that a profile reads.

use super::{Field, Profile, words::Word};
use crate::{
    import::profile::path::{Found, Scope, scalar},
    model::{datasets::fold_name, time},
};
use chrono_tz::Tz;
use serde_json::Value;

/// What a header or JSON shape must have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recognise {
    pub all: Vec<Field>,
    pub any: Vec<Vec<Field>>,
    pub none: Vec<Field>,
    pub equals: Vec<(Field, Word)>,
}

impl Field {
    /// The position of the header that this field names. Where `Created` and `Created (UTC)` both stand, the
    /// one that names its zone.
    pub(crate) fn position(&self, folded: &[String], header: &[&str]) -> Option<usize> {
        let (name, brackets) = match self {
            Field::Header { name, brackets, .. } => (name, *brackets),
            Field::Headers { name, .. } => (name, false),
            _ => return None,
        };
        if !brackets {
            return folded.iter().position(|h| h == name);
        }
        let fits = |at: usize| {
            folded.get(at).is_some_and(|h| {
                h.strip_prefix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('('))
            })
        };
        let all = || (0..header.len()).filter(|at| fits(*at));
        all().find(|at| header_zone(header[*at]).is_some()).or_else(|| all().next())
    }

    fn stands_in(&self, record: &Value) -> bool {
        let scope = Scope::whole(record);
        match self {
            Field::Path(path) => !matches!(path.find(&scope), Found::Missing),
            _ => false,
        }
    }
}

/// The zone that a header names at its end: `Created (UTC)`, `Created (Europe/Paris)`, `created_utc`.
pub(crate) fn header_zone(header: &str) -> Option<Tz> {
    let header = header.trim();
    if let Some(inner) = header.strip_suffix(')').and_then(|h| h.rsplit_once('(')).map(|(_, z)| z.trim()) {
        return if inner.eq_ignore_ascii_case("utc") { Some(Tz::UTC) } else { time::zone(inner) };
    }
    let lower = header.to_ascii_lowercase();
    (lower.ends_with("_utc") || lower.ends_with(" utc")).then_some(Tz::UTC)
}

/// Header names folded for comparison.
pub(crate) fn fold_header(header: &[&str]) -> Vec<String> {
    header.iter().map(|h| fold_name(h)).collect()
}

impl Profile {
    /// How many of the names by which it is recognised stand in the header; `None` where it is another file.
    pub(crate) fn fits_header(&self, header: &[&str]) -> Option<usize> {
        if self.format != super::Format::Csv {
            return None;
        }
        let folded = fold_header(header);
        let has = |f: &Field| f.position(&folded, header).is_some();
        self.fits(&has)
    }

    /// As [`Profile::fits_header`], for JSON records: each of them must have the shape.
    pub(crate) fn fits_records(&self, records: &[Value]) -> Option<usize> {
        if self.format != super::Format::Json || records.is_empty() {
            return None;
        }
        let constants = self.recognise.equals.iter().all(|(field, word)| {
            let Field::Path(path) = field else { return false };
            records.iter().all(|r| match path.find(&Scope::whole(r)) {
                Found::One(v) => scalar(v).is_some_and(|t| word.fits(&t)),
                _ => false,
            })
        });
        let none = self.recognise.none.iter().any(|f| records.iter().any(|r| f.stands_in(r)));
        let mut best = None;
        for record in records {
            let score = self.fits(&|f: &Field| f.stands_in(record))?;
            best = Some(score.max(best.unwrap_or(0)));
        }
        best.filter(|_| constants && !none).map(|n| n + self.recognise.equals.len())
    }

    fn fits(&self, has: &dyn Fn(&Field) -> bool) -> Option<usize> {
        let r = &self.recognise;
        let fits = r.all.iter().all(has)
            && r.any.iter().all(|group| group.iter().any(has))
            && !r.none.iter().any(has);
        let named = r.all.len() + r.any.iter().flatten().filter(|f| has(f)).count();
        (fits && named + r.equals.len() > 0).then_some(named)
    }

    /// Where most of the names that it must have stand in a header: those that lack, as written.
    pub(crate) fn nearly_fits(&self, header: &[&str]) -> Option<Vec<String>> {
        let folded = fold_header(header);
        let all = &self.recognise.all;
        let lacks: Vec<_> =
            all.iter().filter(|f| f.position(&folded, header).is_none()).map(ToString::to_string).collect();
        let csv = self.format == super::Format::Csv;
        (csv && all.len() > 1 && lacks.len() * 2 <= all.len() && !lacks.is_empty()).then_some(lacks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_names_its_zone() {
        assert_eq!(header_zone("Created (UTC)"), Some(Tz::UTC));
        assert_eq!(header_zone("Created (Europe/Paris)"), Some(Tz::Europe__Paris));
        assert_eq!(header_zone("created_utc"), Some(Tz::UTC));
        assert_eq!(header_zone("Created"), None);
        assert_eq!(header_zone("Amount (net)"), None);
        assert_eq!(header_zone("team (metadata)"), None);
    }

    #[test]
    fn of_two_headers_the_one_with_a_zone_is_taken() {
        let header = ["Created", "Created (UTC)", "Created by"];
        let field =
            Field::Header { name: "created".to_owned(), written: "Created (*)".to_owned(), brackets: true };
        assert_eq!(field.position(&fold_header(&header), &header), Some(1));
        assert_eq!(field.position(&fold_header(&header[..1]), &header[..1]), Some(0));
        assert_eq!(field.position(&fold_header(&header[2..]), &header[2..]), None);
    }
}

//! The words of a profile as they stand in TOML.

use super::ProfileError;
use crate::model::datasets::fold_name;
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use std::{collections::BTreeMap, fmt};

/// What kind of file a profile reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Delimited text with a header line.
    Csv,
    /// JSON: an array, one object a line, or an object around the array.
    Json,
}

impl Format {
    /// `csv`, `json`.
    pub fn name(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Json => "json",
        }
    }
}

/// A profile as it is written; see [`crate::import::profile`]. It can stand in the settings as it is:
/// `profile: BTreeMap<String, ProfileWords>` keeps TOML's line numbers in the errors.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProfileWords {
    pub(super) base: Option<String>,
    pub(super) title: Option<String>,
    pub(super) docs: Option<String>,
    pub(super) url: Option<String>,
    pub(super) format: Option<Format>,
    pub(super) system: Option<String>,
    pub(super) recognise: Option<RecogniseWords>,
    pub(super) output: Vec<OutputWords>,
    pub(super) join: BTreeMap<String, Join>,
    pub(super) truncated: Vec<String>,
    pub(super) counted_by: Option<String>,
    pub(super) more: Option<Conditions>,
    pub(super) minor_digits: BTreeMap<String, u32>,
}

/// How a file is recognised.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RecogniseWords {
    pub all: Vec<String>,
    pub any: Vec<Vec<String>>,
    pub none: Vec<String>,
    pub equals: BTreeMap<String, String>,
}

/// The rows of one dataset.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OutputWords {
    pub dataset: String,
    pub rows: Option<String>,
    pub when: Option<Conditions>,
    pub keep: Option<Conditions>,
    pub drop: Option<Conditions>,
    #[serde(default)]
    pub columns: BTreeMap<String, Takes>,
}

/// A companion file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Join {
    pub profile: Option<String>,
    pub file: Option<String>,
    pub key: String,
    pub by: String,
    #[serde(default)]
    pub optional: bool,
}

impl Join {
    /// The other join, and its column, that this one goes by.
    pub(super) fn through(&self) -> Option<(&str, &str)> {
        self.by.strip_prefix('@')?.split_once('.')
    }
}

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TimeForm {
    Rfc3339,
    Minute,
    NamedZone,
    UnixS,
    UnixMs,
    DayFirst,
    MonthFirst,
    EitherFirst,
    Month,
    Compact,
}

/// A span that is added to a time: `15m`, `1h`, `1d`, `1w`, `1mo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    Minutes(u16),
    Days(u16),
    Months(u16),
}

impl Span {
    /// From its text in a profile.
    pub(super) fn parse(text: &str) -> Option<Span> {
        let digits = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = text.split_at(digits);
        let n: u16 = number.parse().ok().filter(|n| *n > 0)?;
        match unit {
            "m" => Some(Span::Minutes(n)),
            "h" => n.checked_mul(60).map(Span::Minutes),
            "d" => Some(Span::Days(n)),
            "w" => n.checked_mul(7).map(Span::Days),
            "mo" => Some(Span::Months(n)),
            _ => None,
        }
    }
}

/// What becomes of a column's values where many records make one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Fold {
    /// How many different ones there are.
    Distinct,
    /// The different ones, sorted.
    List,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Unit {
    Major,
    Minor,
    Local,
    Thousandth,
}

/// One way to a value, as a table.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TakeWords {
    pub from: Texts,
    #[serde(rename = "const")]
    pub fixed: Option<Text>,
    pub concat: Vec<String>,
    pub separator: Option<String>,
    pub minus: Option<String>,
    pub times: Texts,
    pub plus_minutes: Option<String>,
    pub when: Option<Conditions>,
    pub strip: Texts,
    pub part: Option<Part>,
    pub member: Option<String>,
    pub split: Option<String>,
    pub starting: Option<String>,
    pub words: Option<BTreeMap<String, String>>,
    pub default: Option<Text>,
    pub unit: Option<Unit>,
    pub time: Option<TimeForm>,
    pub zone: Option<String>,
    pub inclusive: bool,
    pub plus: Option<String>,
    pub fold: Option<Fold>,
}

/// One part of a text that is cut at a separator.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    pub at: String,
    /// From 1 at the start; below 0 from the end, -1 the last.
    pub number: i32,
}

impl Part {
    /// That part, where the text has so many.
    pub(super) fn of<'t>(&self, text: &'t str) -> Option<&'t str> {
        let from_end = usize::try_from(self.number.unsigned_abs()).ok()?.checked_sub(1)?;
        if self.number > 0 {
            text.split(&*self.at).nth(from_end)
        } else {
            text.rsplit(&*self.at).nth(from_end)
        }
    }
}

/// The ways to a column's value, first first.
#[derive(Clone, Debug, Default)]
pub(super) struct Takes(pub Vec<TakeWords>);

/// One text or a list of texts.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts(pub Vec<String>);

/// A text; a number or bool is read as its text.
#[derive(Clone, Debug)]
pub(super) struct Text(pub String);

/// One table of conditions or a list of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions(pub Vec<BTreeMap<String, Texts>>);

/// A word that a condition compares with; see [`Word::fits`].
#[derive(Clone, Debug)]
pub(crate) enum Word {
    None,
    Any,
    Folded(String),
    Pattern(Vec<String>),
}

impl Word {
    /// From its text in a profile.
    pub(super) fn parse(text: &str) -> Word {
        match text {
            "" => Word::None,
            "*" => Word::Any,
            t if t.contains('*') => Word::Pattern(t.split('*').map(str::to_lowercase).collect()),
            t => Word::Folded(fold_name(t)),
        }
    }

    /// Whether a value is that word: compared like a header, or with `*` for any text.
    pub(crate) fn fits(&self, value: &str) -> bool {
        let value = value.trim();
        match self {
            Word::None => value.is_empty(),
            Word::Any => !value.is_empty(),
            Word::Folded(word) => !value.is_empty() && fold_name(value) == *word,
            Word::Pattern(parts) => !value.is_empty() && pattern_fits(parts, &value.to_lowercase()),
        }
    }
}

/// `parts`: what stood between the stars; the first and the last are bound to the ends.
fn pattern_fits(parts: &[String], value: &str) -> bool {
    let [first, middle @ .., last] = parts else { return false };
    let Some(mut rest) = value.strip_prefix(first.as_str()) else { return false };
    for part in middle {
        match rest.find(part.as_str()) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}

impl ProfileWords {
    /// From TOML text of one profile.
    pub fn parse(name: &str, text: &str) -> Result<ProfileWords, ProfileError> {
        toml::from_str(text).map_err(|e| fault(name, &e))
    }

    /// From a TOML value.
    pub fn from_value(name: &str, value: toml::Value) -> Result<ProfileWords, ProfileError> {
        value.try_into().map_err(|e| fault(name, &e))
    }

    /// These words, and what they leave out from `base`.
    pub(super) fn over(self, base: ProfileWords) -> ProfileWords {
        let mut output = base.output;
        for own in self.output {
            let under = output.iter_mut().find(|o| {
                fold_name(&o.dataset) == fold_name(&own.dataset) && (own.rows.is_none() || own.rows == o.rows)
            });
            match under {
                Some(under) => {
                    under.columns.extend(own.columns);
                    under.when = own.when.or(under.when.take());
                    under.keep = own.keep.or(under.keep.take());
                    under.drop = own.drop.or(under.drop.take());
                }
                None => output.push(own),
            }
        }
        let (mut join, mut minor_digits) = (base.join, base.minor_digits);
        join.extend(self.join);
        minor_digits.extend(self.minor_digits);
        ProfileWords {
            base: None,
            title: self.title.or(base.title),
            docs: self.docs.or(base.docs),
            url: self.url.or(base.url),
            format: self.format.or(base.format),
            system: self.system.or(base.system),
            recognise: self.recognise.or(base.recognise),
            output,
            join,
            counted_by: self.counted_by.or(base.counted_by),
            more: self.more.or(base.more),
            truncated: if self.truncated.is_empty() { base.truncated } else { self.truncated },
            minor_digits,
        }
    }
}

fn fault(name: &str, e: &toml::de::Error) -> ProfileError {
    ProfileError {
        profile: name.to_owned(),
        key: String::new(),
        message: e.to_string().trim_end().to_owned(),
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number or a bool")
    }
    fn visit_str<E: de::Error>(self, v: &str) -> Result<Text, E> {
        Ok(Text(v.to_owned()))
    }
    fn visit_bool<E: de::Error>(self, v: bool) -> Result<Text, E> {
        Ok(Text(v.to_string()))
    }
    fn visit_i64<E: de::Error>(self, v: i64) -> Result<Text, E> {
        Ok(Text(v.to_string()))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(TextVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of texts")
    }
    fn visit_str<E: de::Error>(self, v: &str) -> Result<Texts, E> {
        Ok(Texts(vec![v.to_owned()]))
    }
    fn visit_bool<E: de::Error>(self, v: bool) -> Result<Texts, E> {
        Ok(Texts(vec![v.to_string()]))
    }
    fn visit_i64<E: de::Error>(self, v: i64) -> Result<Texts, E> {
        Ok(Texts(vec![v.to_string()]))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Texts, A::Error> {
        let mut all = Vec::new();
        while let Some(Text(one)) = seq.next_element()? {
            all.push(one);
        }
        Ok(Texts(all))
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(TextsVisitor)
    }
}

struct ConditionsVisitor;

impl<'de> Visitor<'de> for ConditionsVisitor {
    type Value = Conditions;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of fields and their words, or a list of such tables")
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Conditions, A::Error> {
        BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(|one| Conditions(vec![one]))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Conditions, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = seq.next_element()? {
            all.push(one);
        }
        Ok(Conditions(all))
    }
}

impl<'de> Deserialize<'de> for Conditions {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(ConditionsVisitor)
    }
}

/// An item of a list of ways: a field or a table.
struct TakeItem(TakeWords);

impl TakeWords {
    fn field(name: &str) -> TakeWords {
        TakeWords { from: Texts(vec![name.to_owned()]), ..TakeWords::default() }
    }
}

struct TakesVisitor;

impl<'de> Visitor<'de> for TakesVisitor {
    type Value = Takes;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field, a table such as { from = \"…\" }, or a list of these")
    }
    fn visit_str<E: de::Error>(self, v: &str) -> Result<Takes, E> {
        Ok(Takes(vec![TakeWords::field(v)]))
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Takes, A::Error> {
        TakeWords::deserialize(MapAccessDeserializer::new(map)).map(|one| Takes(vec![one]))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Takes, A::Error> {
        let mut all = Vec::new();
        while let Some(TakeItem(one)) = seq.next_element()? {
            all.push(one);
        }
        Ok(Takes(all))
    }
}

impl<'de> Deserialize<'de> for Takes {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(TakesVisitor)
    }
}

struct TakeItemVisitor;

impl<'de> Visitor<'de> for TakeItemVisitor {
    type Value = TakeItem;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field or a table such as { from = \"…\" }")
    }
    fn visit_str<E: de::Error>(self, v: &str) -> Result<TakeItem, E> {
        Ok(TakeItem(TakeWords::field(v)))
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TakeItem, A::Error> {
        TakeWords::deserialize(MapAccessDeserializer::new(map)).map(TakeItem)
    }
}

impl<'de> Deserialize<'de> for TakeItem {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(TakeItemVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_compared_like_a_header_and_stars_stand_for_any_text() {
        let fits = |word: &str, value: &str| Word::parse(word).fits(value);
        assert!(fits("Past Due", "past_due"));
        assert!(!fits("past", "past_due"));
        assert!(fits("", " ") && !fits("", "x"));
        assert!(fits("*", "x") && !fits("*", ""));
        assert!(fits("-*", "-900") && !fits("-*", "900"));
        assert!(fits("*true*up*", "Minimum True-Up fee") && !fits("*true*up*", "upstream"));
        assert!(fits("ch*", "ch_1") && !fits("*ch", "ch_1"));
    }

    #[test]
    fn an_unknown_word_is_an_error_that_names_it() {
        for text in [
            "titel = 'x'",
            "[[output]]\ndataset = 'invoices'\ncolumns.status = { form = 'x' }",
            "[[output]]\ndataset = 'invoices'\ncolumns.status = [{ from = 'x', wrods = {} }]",
            "[[output]]\ndataset = 'invoices'\ncolumns.total = { from = 'x', unit = 'cents' }",
        ] {
            let e = ProfileWords::parse("mine", text).unwrap_err();
            assert_eq!(e.profile, "mine");
            let named =
                ["titel", "form", "wrods", "cents"].iter().any(|w| e.message.contains(&format!("`{w}`")));
            assert!(named && e.message.contains("line"), "{}", e.message);
            let value = toml::Value::Table(toml::from_str(text).unwrap());
            assert!(ProfileWords::from_value("mine", value).is_err());
        }
    }
}

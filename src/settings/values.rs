//! What the values of settings mean: from texts to typed values.

use super::fault::{did_you_mean, quoted};
use super::keys::Catalogue;
use super::tables::{Table, is_clock};
use crate::check::{OptKind, Shape};
use crate::model::{
    decimal::{self, Decimal},
    time::{Stamp, zone},
};
use chrono::TimeDelta;
use chrono_tz::Tz;
use serde_json::Value as Json;

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `5` or `5%`: a share in per cent, not negative.
    Percent,
    /// An exact decimal.
    Decimal,
    /// An exact decimal that is not negative.
    Amount,
    /// A whole number.
    Int,
    /// `90s`, `15m`, `26h`, `3d` or `0`.
    Duration,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Any text.
    Text,
    /// Several texts.
    Texts,
    /// Several of these words.
    Words(&'static [&'static str]),
    /// Several finding codes, or checks for all their codes.
    Codes,
    /// Several checks.
    Checks,
    /// A file or folder.
    Path,
    /// True or false.
    Switch,
    /// An IANA time zone.
    Zone,
    /// Several IANA time zones.
    Zones,
    /// A day or timestamp.
    Moment,
    /// A number of rows, or a share of them in per cent.
    Rejects,
    /// A number of rows, or `all`.
    Limit,
    /// A whole number that is not negative.
    Count,
    /// Whole days, `40` or `40d`.
    Days,
    /// Several files or folders.
    Paths,
    /// A time of day, `00:00` to `24:00`.
    Clock,
    /// A table of crosscheck.toml.
    Table(&'static Shape),
    /// A list of tables of crosscheck.toml.
    Tables(&'static Shape),
}

impl From<OptKind> for Kind {
    fn from(kind: OptKind) -> Kind {
        match kind {
            OptKind::Percent => Kind::Percent,
            OptKind::Decimal => Kind::Decimal,
            OptKind::Int => Kind::Int,
            OptKind::Duration => Kind::Duration,
            OptKind::Choice(words) => Kind::Choice(words),
            OptKind::Text => Kind::Text,
            OptKind::Texts => Kind::Texts,
            OptKind::OutFile => Kind::Path,
            OptKind::Switch => Kind::Switch,
            OptKind::Count => Kind::Count,
            OptKind::Days => Kind::Days,
            OptKind::Paths => Kind::Paths,
            OptKind::Words(words) => Kind::Words(words),
            OptKind::Clock => Kind::Clock,
            OptKind::Zone => Kind::Zone,
            OptKind::Table(shape) => Kind::Table(shape),
            OptKind::Tables(shape) => Kind::Tables(shape),
        }
    }
}

/// How many rows may be rejected before the data is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllowRejects {
    /// At most so many rows.
    Count(u64),
    /// At most such a share of the rows, in per cent, 0 to 100.
    Share(Decimal),
}

impl AllowRejects {
    /// Whether `rejected` of `rows` rows are within what is allowed; the bound itself is.
    pub fn allows(self, rejected: u64, rows: u64) -> bool {
        match self {
            AllowRejects::Count(most) => rejected <= most,
            AllowRejects::Share(share) => !decimal::exceeds(rejected.into(), rows.into(), share),
        }
    }
}

/// A typed value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Not set, and there is no default.
    Unset,
    /// In per cent.
    Percent(Decimal),
    /// Exact.
    Decimal(Decimal),
    /// Whole.
    Int(i64),
    /// Whole seconds.
    Duration(TimeDelta),
    /// One of a key's words.
    Word(&'static str),
    /// Any text.
    Text(String),
    /// In the order given.
    Texts(Vec<String>),
    /// In the order given.
    Words(Vec<&'static str>),
    /// As written.
    Path(String),
    /// Yes or no.
    Switch(bool),
    /// A zone.
    Zone(Tz),
    /// In the order given.
    Zones(Vec<Tz>),
    /// As written; a zone makes an instant of it.
    Moment(Stamp),
    /// Rows that may be rejected.
    Rejects(AllowRejects),
    /// `None`: all.
    Limit(Option<u64>),
    /// Whole, not negative.
    Count(u64),
    /// As written.
    Clock(String),
    /// A table.
    Table(Table),
    /// In the order given.
    Tables(Vec<Table>),
}

impl Value {
    /// For reports: texts, an array of them for lists, null where nothing is set.
    pub fn to_json(&self) -> Json {
        let texts = |list: Vec<&str>| Json::from(list);
        match self {
            Value::Unset => Json::Null,
            Value::Percent(p) => format!("{}%", decimal::shortest(*p)).into(),
            Value::Decimal(d) => decimal::shortest(*d).into(),
            Value::Int(i) => i.to_string().into(),
            Value::Duration(d) => format_duration(*d).into(),
            Value::Word(w) => (*w).into(),
            Value::Text(t) | Value::Path(t) => t.as_str().into(),
            Value::Texts(list) => texts(list.iter().map(String::as_str).collect()),
            Value::Words(list) => texts(list.clone()),
            Value::Switch(b) => b.to_string().into(),
            Value::Zone(z) => z.name().into(),
            Value::Zones(list) => texts(list.iter().map(|z| z.name()).collect()),
            Value::Moment(m) => m.to_string().into(),
            Value::Rejects(AllowRejects::Count(n)) => n.to_string().into(),
            Value::Rejects(AllowRejects::Share(p)) => format!("{}%", decimal::shortest(*p)).into(),
            Value::Limit(None) => "all".into(),
            Value::Limit(Some(n)) | Value::Count(n) => n.to_string().into(),
            Value::Clock(t) => t.as_str().into(),
            Value::Table(t) => t.to_json(),
            Value::Tables(list) => list.iter().map(Table::to_json).collect(),
        }
    }
}

impl Kind {
    /// Whether it takes several values: an array in crosscheck.toml, separated by commas elsewhere.
    pub fn is_list(self) -> bool {
        matches!(self, Kind::Texts | Kind::Paths | Kind::Words(_) | Kind::Codes | Kind::Checks | Kind::Zones)
    }

    /// The shape of what only crosscheck.toml can say: a table or a list of tables.
    pub fn shape(self) -> Option<&'static Shape> {
        match self {
            Kind::Table(shape) | Kind::Tables(shape) => Some(shape),
            _ => None,
        }
    }

    /// What a value must be, as the end of 'must be …'.
    pub(crate) fn expects(self) -> String {
        match self {
            Kind::Percent => "a share in per cent that is not negative, such as 5 or 5%".into(),
            Kind::Decimal => "a decimal number such as 0.5".into(),
            Kind::Amount => "a decimal number that is not negative, such as 100 or 0.50".into(),
            Kind::Int => "a whole number".into(),
            Kind::Duration => "a duration such as 90s, 15m, 26h or 3d".into(),
            Kind::Choice(words) => format!("one of {}", words.join(", ")),
            Kind::Text => "a text".into(),
            Kind::Texts => "a list of texts".into(),
            Kind::Words(words) => format!("a list of {}", words.join(", ")),
            Kind::Codes => "a list of finding codes".into(),
            Kind::Checks => "a list of checks".into(),
            Kind::Path => "a file or folder".into(),
            Kind::Switch => "true or false".into(),
            Kind::Zone => "an IANA time zone such as Europe/Berlin".into(),
            Kind::Zones => "a list of IANA time zones such as Europe/Berlin".into(),
            Kind::Moment => "a day or timestamp such as 2026-11-01 or 2026-11-01T06:00:00Z".into(),
            Kind::Rejects => "a number of rows such as 10 or a share of them such as 1%".into(),
            Kind::Limit => "a number of rows, or all".into(),
            Kind::Count => "a whole number that is not negative".into(),
            Kind::Days => "a number of whole days such as 40 or 40d".into(),
            Kind::Paths => "a list of files or folders".into(),
            Kind::Clock => "a time of day such as 09:00".into(),
            Kind::Table(_) => "a table".into(),
            Kind::Tables(_) => "a list of tables".into(),
        }
    }

    /// Types texts: one for a single value, any number for a list. The error is the rest of a sentence that begins
    /// with the key.
    pub(crate) fn read(self, texts: &[String], known: &Catalogue) -> Result<Value, String> {
        if self.is_list() {
            return self.read_list(texts, known);
        }
        let text = texts.last().map_or("", |t| t.trim());
        let must = || format!("must be {}, not {}", self.expects(), quoted(text));
        match self {
            Kind::Percent => parse_percent(text).map(Value::Percent).ok_or_else(must),
            Kind::Decimal => decimal::parse(text).map(Value::Decimal).map_err(|_| must()),
            Kind::Amount => {
                decimal::parse(text).ok().filter(|d| is_amount(*d)).map(Value::Decimal).ok_or_else(must)
            }
            Kind::Int => text.parse().map(Value::Int).map_err(|_| must()),
            Kind::Duration => parse_duration(text).map(Value::Duration).ok_or_else(must),
            Kind::Choice(words) => one_of(words, text)
                .map(Value::Word)
                .ok_or_else(|| format!("{}{}", must(), did_you_mean(text, words.iter().copied()))),
            Kind::Text => Ok(Value::Text(text.to_owned())),
            Kind::Path => Ok(Value::Path(text.to_owned())),
            Kind::Switch => parse_switch(text).map(Value::Switch).ok_or_else(must),
            Kind::Zone => parse_zone(text).map(Value::Zone),
            Kind::Moment => {
                Stamp::parse(text).map(Value::Moment).map_err(|e| format!("{} {e}", quoted(text)))
            }
            Kind::Rejects => parse_rejects(text).map(Value::Rejects).ok_or_else(must),
            Kind::Limit if text == "all" => Ok(Value::Limit(None)),
            Kind::Limit => text.parse().map(|n| Value::Limit(Some(n))).map_err(|_| must()),
            Kind::Count => text.parse().map(Value::Count).map_err(|_| must()),
            Kind::Days => {
                text.strip_suffix('d').unwrap_or(text).parse().map(Value::Count).map_err(|_| must())
            }
            Kind::Clock if is_clock(text) => Ok(Value::Clock(text.to_owned())),
            Kind::Clock | Kind::Table(_) | Kind::Tables(_) => Err(must()),
            Kind::Texts | Kind::Paths | Kind::Words(_) | Kind::Codes | Kind::Checks | Kind::Zones => {
                Err(must())
            }
        }
    }

    fn read_list(self, texts: &[String], known: &Catalogue) -> Result<Value, String> {
        match self {
            Kind::Words(words) => {
                let word = |t: &String| {
                    one_of(words, t).ok_or_else(|| {
                        let near = did_you_mean(t, words.iter().copied());
                        format!("must be {}; {} is none of them{near}", self.expects(), quoted(t))
                    })
                };
                texts.iter().map(word).collect::<Result<_, _>>().map(Value::Words)
            }
            Kind::Zones => texts.iter().map(|t| parse_zone(t)).collect::<Result<_, _>>().map(Value::Zones),
            Kind::Codes => {
                if let Some(text) = texts.iter().find(|t| !known.selects_something(t)) {
                    return Err(format!("names no finding code: {}{}", quoted(text), known.near_code(text)));
                }
                Ok(Value::Texts(texts.to_vec()))
            }
            Kind::Checks => {
                let unknown = texts.iter().find(|t| !known.checks.contains(&t.as_str()));
                if let Some(text) = unknown {
                    let near = did_you_mean(text, known.checks.iter().copied());
                    return Err(format!("names no check: {}{near}", quoted(text)));
                }
                Ok(Value::Texts(texts.to_vec()))
            }
            _ => Ok(Value::Texts(texts.to_vec())),
        }
    }
}

fn one_of(words: &'static [&'static str], text: &str) -> Option<&'static str> {
    words.iter().copied().find(|w| *w == text)
}

fn is_amount(d: Decimal) -> bool {
    d.is_zero() || d.is_sign_positive()
}

/// `5` or `5%`, in per cent; decimals too, nothing negative.
pub fn parse_percent(text: &str) -> Option<Decimal> {
    let number = text.strip_suffix('%').map_or(text, str::trim_end);
    decimal::parse(number).ok().filter(|d| is_amount(*d)).map(|d| d.abs())
}

/// `90s`, `15m`, `26h`, `3d` (of 24 hours), or `0`.
pub fn parse_duration(text: &str) -> Option<TimeDelta> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let n: i64 = text[..split].parse().ok()?;
    let seconds = match &text[split..] {
        "" if n == 0 => 0,
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    TimeDelta::try_seconds(n.checked_mul(seconds)?)
}

/// In the largest unit that divides it: `26h`, `3d`, `0s`.
pub fn format_duration(d: TimeDelta) -> String {
    let seconds = d.num_seconds();
    let unit =
        [(86_400, 'd'), (3_600, 'h'), (60, 'm')].into_iter().find(|(n, _)| seconds != 0 && seconds % n == 0);
    let (n, letter) = unit.unwrap_or((1, 's'));
    format!("{}{letter}", seconds / n)
}

/// A number of rows, or `P%` with P from 0 to 100.
pub fn parse_rejects(text: &str) -> Option<AllowRejects> {
    if !text.ends_with('%') {
        return text.parse().ok().map(AllowRejects::Count);
    }
    parse_percent(text).filter(|p| *p <= Decimal::ONE_HUNDRED).map(AllowRejects::Share)
}

/// As bool columns of exports are read: `true/false`, `yes/no`, `1/0`.
fn parse_switch(text: &str) -> Option<bool> {
    match text {
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

/// An IANA zone; the error is the rest of a sentence.
pub(crate) fn parse_zone(text: &str) -> Result<Tz, String> {
    zone(text).ok_or_else(|| {
        let wanted = text.replace(' ', "_");
        // The last part is what people remember: `Berlin`, `berlin`, `Europe/berlin`.
        let names = || chrono_tz::TZ_VARIANTS.iter().map(|z| z.name());
        let city = |n: &str| n.rsplit('/').next().unwrap_or(n).to_ascii_lowercase();
        let near = match names().find(|n| !wanted.contains('/') && city(n) == wanted.to_ascii_lowercase()) {
            Some(name) => format!("; did you mean '{name}'?"),
            None => did_you_mean(&wanted, names()),
        };
        format!("must be {}, not {}{near}", Kind::Zone.expects(), quoted(text))
    })
}

/// The items of a list in a flag or variable: separated by commas (`\,` is a comma within an item), without the
/// blanks around them and without empty ones.
pub(crate) fn split_list(text: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, items.last_mut()) {
            ('\\', Some(item)) if chars.peek() == Some(&',') => {
                item.push(',');
                chars.next();
            }
            (',', _) => items.push(String::new()),
            (c, Some(item)) => item.push(c),
            (_, None) => {}
        }
    }
    items.iter().map(|i| i.trim()).filter(|i| !i.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn percent(text: &str) -> Option<String> {
        parse_percent(text).map(decimal::shortest)
    }

    #[test]
    fn a_percent_is_written_with_or_without_its_sign() {
        let good = [
            ("5", "5"),
            ("5%", "5"),
            ("5 %", "5"),
            ("0.5%", "0.5"),
            ("0", "0"),
            ("-0", "0"),
            ("250%", "250"),
        ];
        for (text, value) in good {
            assert_eq!(percent(text).as_deref(), Some(value), "{text}");
        }
        for text in ["-5", "-0.1%", "5%%", "%", "", "five", "1e1", "5,5", "NaN"] {
            assert_eq!(percent(text), None, "{text}");
        }
    }

    #[test]
    fn days_are_whole_with_or_without_their_letter() {
        let read = |t: &str| Kind::Days.read(&[t.to_owned()], &Catalogue::new(&[]));
        assert_eq!((read("40"), read("40d")), (Ok(Value::Count(40)), Ok(Value::Count(40))));
        assert!(["", "d", "-1", "4h", "1.5"].iter().all(|t| read(t).is_err()));
    }

    #[test]
    fn a_duration_has_one_unit() {
        let seconds = |t: &str| parse_duration(t).map(|d| d.num_seconds());
        let good = [("90s", 90), ("15m", 900), ("26h", 93_600), ("3d", 259_200), ("0s", 0), ("0", 0)];
        for (text, value) in good {
            assert_eq!(seconds(text), Some(value), "{text}");
        }
        for text in ["90", "-3d", "3 d", "1h30m", "1.5h", "d", "", "3w", "99999999999999999d", "３d"] {
            assert_eq!(seconds(text), None, "{text}");
        }
        assert_eq!(
            ["26h", "48h", "90s", "60m", "0d"].map(|t| format_duration(parse_duration(t).unwrap())),
            ["26h", "2d", "90s", "1h", "0s"]
        );
    }

    #[test]
    fn rejects_are_allowed_by_number_or_share_and_the_bound_is_within() {
        assert_eq!(parse_rejects("10"), Some(AllowRejects::Count(10)));
        assert_eq!(parse_rejects("0.5%"), Some(AllowRejects::Share(decimal::parse("0.5").unwrap())));
        for text in ["-1", "1.5", "101%", "-1%", "", "all"] {
            assert_eq!(parse_rejects(text), None, "{text}");
        }
        assert!(parse_rejects("5%").is_some_and(|a| a.allows(5, 100) && !a.allows(6, 100) && a.allows(0, 0)));
        assert!(parse_rejects("0").is_some_and(|a| a.allows(0, 9) && !a.allows(1, 9)));
    }

    #[test]
    fn a_list_is_split_at_commas() {
        assert_eq!(split_list("a, b ,,c"), ["a", "b", "c"]);
        assert_eq!(split_list(r"Doe\, Inc,b\c"), ["Doe, Inc", r"b\c"]);
        assert!(split_list(" , ").is_empty());
    }

    #[test]
    fn a_misspelt_zone_is_answered_with_the_nearest() {
        assert!(parse_zone("Europe/Berlin").is_ok());
        let show = |t: &str| parse_zone(t).unwrap_err();
        assert!(show("Europe/Berln").ends_with("did you mean 'Europe/Berlin'?"), "{}", show("Europe/Berln"));
        assert!(show("berlin").ends_with("did you mean 'Europe/Berlin'?"), "{}", show("berlin"));
        assert!(show("America/New York").ends_with("did you mean 'America/New_York'?"));
        assert!(show("Mars/Olympus_Mons_Base").ends_with("not 'Mars/Olympus_Mons_Base'"));
    }

    proptest! {
        #[test]
        fn a_duration_comes_back(n in 0i64..1_000_000_000) {
            let d = TimeDelta::try_seconds(n).unwrap();
            prop_assert_eq!(parse_duration(&format_duration(d)), Some(d));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,12}") {
            let known = Catalogue::new(&[]);
            for kind in [Kind::Percent, Kind::Decimal, Kind::Amount, Kind::Int, Kind::Duration, Kind::Switch,
                Kind::Zone, Kind::Moment, Kind::Rejects, Kind::Limit, Kind::Zones, Kind::Codes, Kind::Checks] {
                let _ = kind.read(&split_list(&text), &known);
            }
        }
    }
}

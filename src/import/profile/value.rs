//! One way to a column's value: fetch, strip, translate, convert, validate.

use super::{
    Take, What, abbreviation,
    path::{Found, Path, Scope, scalar},
    row::{Compiled, Fetched, Place, Slot},
    words::{Span, TimeForm},
};
use crate::{
    import::validate::{self, REQUIRED, Reason},
    model::{
        datasets::{Column, Type, fold_name},
        decimal::{self, Decimal},
        money,
        time::{NotTime, Stamp, Unit},
    },
};
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Timelike};
use chrono_tz::Tz;
use serde_json::Value;
use std::borrow::Cow;

/// Why there is no value: the field, its text, the reason.
pub(super) type Fault<'a> = (Option<&'a Slot>, String, Reason);

type Made<'a> = Option<Cow<'a, str>>;

/// The canonical value; `None` where this way gives none. `seen` is set where one of its keys stands in the
/// record.
pub(super) fn take<'a>(
    compiled: &'a Compiled,
    take: &'a Take<Slot>,
    column: &Column,
    place: &Place<'a, '_>,
    currency: Option<&str>,
    seen: &mut bool,
) -> Result<Made<'a>, Fault<'a>> {
    let plus = take.plus.as_ref().map(|field| compiled.fetch(field, place));
    if matches!(plus, Some(Fetched::Missing)) {
        return Ok(None);
    }
    *seen |= matches!(take.what, What::Const(_)) || take.default.is_some();
    if take.when.as_ref().is_some_and(|c| !compiled.holds(c, place)) {
        return Ok(None);
    }
    let optional = Column { required: false, ..*column };
    let (slot, fetched) = match &take.what {
        What::Const(text) => return fixed(&optional, text),
        What::From(all) | What::Minus(all, _) => first(compiled, all, place, seen),
        What::Concat(all, separator) => (None, concat(compiled, all, separator, place, seen)),
    };
    if !fetched.has_value() || plus.as_ref().is_some_and(|p| !p.has_value()) {
        return default(&optional, take);
    }
    let shown = |fetched: &str| fetched.to_owned();
    let mut number = matches!(fetched, Fetched::Number(_));
    let mut text = match fetched {
        fetched if take.member.is_some() => {
            let text = fetched.text();
            match take.member.as_ref().map_or(Ok(None), |path| member(&text, path)) {
                Ok(None) => return default(&optional, take),
                Ok(Some((value, is_number))) => {
                    number = is_number;
                    Cow::Owned(value)
                }
                Err(reason) => return Err((slot, text.into_owned(), reason)),
            }
        }
        Fetched::Nested(v) => {
            let value = validate::check_json(&optional, v);
            return value.map_err(|reason| (slot, v.to_string(), reason));
        }
        other => other.text(),
    };
    for prefix in &take.strip {
        if let Some(rest) = text.strip_prefix(prefix.as_str()) {
            text = Cow::Owned(rest.to_owned());
            break;
        }
    }
    if let Some(part) = &take.part {
        match part.of(&text) {
            Some(one) if !one.is_empty() => text = Cow::Owned(one.to_owned()),
            _ => {
                let reason = Reason::new(format!("has no part {} at '{}'", part.number, part.at));
                return Err((slot, text.into_owned(), reason));
            }
        }
    }
    if let Some(between) = &take.split {
        text = Cow::Owned(items(&text, between));
    }
    if let Some(starting) = &take.starting {
        match word_starting(&text, starting) {
            Some(word) => text = Cow::Owned(word.to_owned()),
            None => return default(&optional, take),
        }
    }
    if let Some(words) = &take.words {
        match words.get(&fold_name(&text)) {
            Some(ours) if ours.is_empty() => return default(&optional, take),
            Some(ours) => return fixed(&optional, ours),
            None => {
                if let Type::Enum(own) = column.ty {
                    return match validate::word(&text, own) {
                        Ok(word) => Ok(Some(Cow::Borrowed(word))),
                        Err(_) => Err((slot, shown(&text), Reason::new(unknown_word(words.keys(), own)))),
                    };
                }
            }
        }
    }
    if take.local
        && let Some(plain) = currency.and_then(|code| plain(&text, digits(compiled, code)))
    {
        text = Cow::Owned(plain);
    }
    let mut factors = Vec::with_capacity(take.times.len());
    for factor in &take.times {
        let fetched = compiled.fetch(factor, place);
        if !fetched.has_value() {
            return default(&optional, take);
        }
        let number = matches!(fetched, Fetched::Number(_));
        let raw = fetched.text();
        let parsed = parse(&raw, number).map_err(|reason| (Some(factor), shown(&raw), reason))?;
        factors.push(parsed);
    }
    let done = if take.thousandth {
        thousandth(&text, number).map(Some)
    } else if take.minor || !factors.is_empty() || matches!(take.what, What::Minus(..)) {
        let less = match &take.what {
            What::Minus(_, less) => Some(compiled.fetch(less, place)).filter(Fetched::has_value),
            _ => None,
        };
        let whole = amount(compiled, &text, number, less, take.minor.then_some(currency));
        whole.and_then(|amount| product(amount, &factors)).map(|d| Some(decimal::shortest(d)))
    } else if matches!(column.ty, Type::Time | Type::Date)
        && (take.time.is_some()
            || take.zone.is_some()
            || take.inclusive
            || plus.is_some()
            || take.span.is_some()
            || header_zone(slot).is_some())
    {
        let zone = take.zone.or(header_zone(slot));
        let later = plus.map(seconds).transpose();
        later.and_then(|later| time(&text, take, zone, later, column.ty == Type::Date)).map(Some)
    } else {
        return checked(&optional, text, number).map_err(|(raw, reason)| (slot, raw, reason));
    };
    done.map(|v| v.map(Cow::Owned)).map_err(|reason| (slot, shown(&text), reason))
}

/// What stands at a path in a JSON text, and whether it is a number there.
fn member(text: &str, path: &Path) -> Result<Option<(String, bool)>, Reason> {
    let whole: Value = serde_json::from_str(text).map_err(|_| Reason::fixed("is no JSON text"))?;
    Ok(match path.find(&Scope::whole(&whole)) {
        Found::One(value) => {
            let text = scalar(value).map_or_else(|| value.to_string(), Cow::into_owned);
            (!text.trim().is_empty()).then_some((text, value.is_number()))
        }
        Found::Missing | Found::Null | Found::Many(_) | Found::Name(_) => None,
    })
}

/// A list's items as a JSON array.
fn items(text: &str, between: &str) -> String {
    let all = text.split(|c| between.contains(c)).map(str::trim).filter(|item| !item.is_empty());
    serde_json::Value::from_iter(all).to_string()
}

/// The first run of letters and digits that begins with `starting`, which itself stands at the beginning of a word.
fn word_starting<'t>(text: &'t str, starting: &str) -> Option<&'t str> {
    let begins = |at: &usize| !text[..*at].ends_with(char::is_alphanumeric);
    let at = text.match_indices(starting).map(|(at, _)| at).find(begins)?;
    let rest = &text[at + starting.len()..];
    let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
    (end > 0).then(|| &text[at..at + starting.len() + end])
}

fn header_zone(slot: Option<&Slot>) -> Option<Tz> {
    match slot {
        Some(Slot::Cell { zone, .. }) => *zone,
        _ => None,
    }
}

fn first<'a>(
    compiled: &'a Compiled,
    slots: &'a [Slot],
    place: &Place<'a, '_>,
    seen: &mut bool,
) -> (Option<&'a Slot>, Fetched<'a>) {
    for slot in slots {
        let fetched = compiled.fetch(slot, place);
        *seen |= !matches!(fetched, Fetched::Missing);
        if fetched.has_value() {
            return (Some(slot), fetched);
        }
    }
    (slots.first(), Fetched::Null)
}

fn concat<'a>(
    compiled: &'a Compiled,
    slots: &'a [Slot],
    separator: &str,
    place: &Place<'a, '_>,
    seen: &mut bool,
) -> Fetched<'a> {
    let mut text = String::new();
    for (at, slot) in slots.iter().enumerate() {
        let part = compiled.fetch(slot, place);
        *seen |= !matches!(part, Fetched::Missing);
        if !part.has_value() {
            return Fetched::Null;
        }
        if at > 0 {
            text.push_str(separator);
        }
        text.push_str(&part.text());
    }
    Fetched::Text(Cow::Owned(text))
}

fn default<'a>(column: &Column, take: &'a Take<Slot>) -> Result<Made<'a>, Fault<'a>> {
    take.default.as_ref().map_or(Ok(None), |text| fixed(column, text))
}

fn fixed<'a>(column: &Column, text: &'a str) -> Result<Made<'a>, Fault<'a>> {
    validate::check(column, text).map_err(|reason| (None, text.to_owned(), reason))
}

fn checked<'a>(column: &Column, text: Cow<'a, str>, number: bool) -> Result<Made<'a>, (String, Reason)> {
    let check = if number { validate::check_json_number } else { validate::check };
    match text {
        Cow::Borrowed(t) => check(column, t).map_err(|reason| (t.to_owned(), reason)),
        Cow::Owned(t) => match check(column, &t) {
            Ok(value) => Ok(value.map(|v| Cow::Owned(v.into_owned()))),
            Err(reason) => Err((t, reason)),
        },
    }
}

fn unknown_word<'w>(theirs: impl Iterator<Item = &'w String>, ours: &[&str]) -> String {
    let theirs: Vec<_> =
        theirs.map(String::as_str).filter(|w| !ours.iter().any(|o| fold_name(o) == **w)).collect();
    let mut known = ours.join(", ");
    if !theirs.is_empty() {
        known.push_str(" and of the vendor's words ");
        known.push_str(&theirs.join(", "));
    }
    format!("is a word that the profile does not know; it knows {known}; add it under words")
}

fn parse(text: &str, number: bool) -> Result<Decimal, Reason> {
    let parsed = if number { decimal::parse_json_number(text) } else { decimal::parse(text) };
    parsed.map_err(|e| match e {
        decimal::NotDecimal::Other => Reason::fixed("is not a decimal number"),
        e => Reason::new(e.to_string()),
    })
}

/// The decimal places of a currency's minor unit as the vendor counts them.
fn digits(compiled: &Compiled, code: &str) -> u32 {
    compiled.minor_digits.get(code).copied().unwrap_or_else(|| money::minor_digits(code))
}

/// An amount with separators as a plain decimal: it has all `digits` places of its currency, so that what separates
/// thousands cannot be taken for what separates places. `None` where it is plain already, or written otherwise.
fn plain(text: &str, digits: u32) -> Option<String> {
    if !text.contains(',') && (digits > 0 || !text.contains('.')) {
        return None;
    }
    let (sign, number) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, point, places) = match number.rfind([',', '.']) {
        Some(at) if digits > 0 => (&number[..at], &number[at..=at], &number[at + 1..]),
        _ => (number, "", ""),
    };
    if places.len() != digits as usize {
        return None;
    }
    let all_digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let between = whole.chars().find(|c| !c.is_ascii_digit());
    let mut groups = match between {
        None => vec![whole],
        Some(c) if matches!(c, ',' | '.') && !point.starts_with(c) => whole.split(c).collect(),
        Some(_) => return None,
    };
    let first = groups.remove(0);
    let rest_fits = groups.iter().all(|g| g.len() == 3 && all_digits(g));
    let first_fits = all_digits(first) && (groups.is_empty() || first.len() <= 3);
    let shape = first_fits && rest_fits && (places.is_empty() || all_digits(places));
    shape.then(|| format!("{sign}{first}{}{}{places}", groups.concat(), if digits > 0 { "." } else { "" }))
}

/// The thousandth part of a number.
fn thousandth(text: &str, number: bool) -> Result<String, Reason> {
    let plain = parse(text, number)?.normalize();
    let value = Decimal::try_from_i128_with_scale(plain.mantissa(), plain.scale() + 3);
    value.map(decimal::shortest).map_err(|_| Reason::fixed("has more than 28 digits"))
}

const LARGE: Reason = Reason::fixed("has more than 28 digits");

/// `text − less`, and where `currency` is given divided by its minor units.
fn amount(
    compiled: &Compiled,
    text: &str,
    number: bool,
    less: Option<Fetched<'_>>,
    currency: Option<Option<&str>>,
) -> Result<Decimal, Reason> {
    let mut value = parse(text, number)?;
    if let Some(less) = less {
        let number = matches!(less, Fetched::Number(_));
        let less = parse(&less.text(), number)
            .map_err(|r| Reason::new(format!("cannot be reduced: what is to be subtracted {r}")))?;
        value = decimal::sub(value, less).ok_or(LARGE)?;
    }
    if let Some(currency) = currency {
        let code = currency.ok_or(Reason::fixed("is in minor units and the row names no currency"))?;
        let digits = digits(compiled, code);
        let plain = value.normalize();
        value =
            Decimal::try_from_i128_with_scale(plain.mantissa(), plain.scale() + digits).map_err(|_| LARGE)?;
    }
    Ok(value)
}

/// A number times all of the factors.
fn product(number: Decimal, factors: &[Decimal]) -> Result<Decimal, Reason> {
    factors.iter().try_fold(number, |product, f| decimal::mul(product, *f)).ok_or(LARGE)
}

/// A time's canonical text. One without an offset becomes an instant where `zone` is known, else stays as it is.
fn time(
    text: &str,
    take: &Take<Slot>,
    zone: Option<Tz>,
    later: Option<TimeDelta>,
    day: bool,
) -> Result<String, Reason> {
    let mut stamp = match take.time.unwrap_or(TimeForm::Rfc3339) {
        TimeForm::Rfc3339 => Stamp::parse(text).map_err(fault)?,
        TimeForm::Minute => minute(text)?,
        TimeForm::NamedZone => abbreviation::parse(text).map_err(|e| match e {
            abbreviation::Fault::Time(e) => fault(e),
            abbreviation::Fault::Zone(zone) => Reason::new(format!(
                "names its zone {zone}, which is no abbreviation of one offset; known are {}",
                abbreviation::known()
            )),
        })?,
        TimeForm::UnixS => unix(text, 0)?,
        TimeForm::UnixMs => unix(text, 3)?,
        TimeForm::DayFirst => local_date(text, Some(true))?,
        TimeForm::MonthFirst => local_date(text, Some(false))?,
        TimeForm::EitherFirst => local_date(text, None)?,
        TimeForm::Month => first_of_month(text)?,
        TimeForm::Compact => compact(text)?,
    };
    if let Some(later) = later {
        stamp = add(stamp, later, zone).ok_or(OUT_OF_RANGE)?;
    }
    if day && take.time.is_some() {
        stamp = Stamp::Date(match (stamp, zone) {
            (Stamp::Instant(t), Some(zone)) => t.with_timezone(&zone).date_naive(),
            (stamp, _) => stamp.naive().date(),
        });
    }
    if take.inclusive {
        stamp = after(stamp).ok_or(OUT_OF_RANGE)?;
    }
    if let Some(span) = take.span {
        stamp = spanned(stamp, span).ok_or(OUT_OF_RANGE)?;
    }
    if day && !matches!(stamp, Stamp::Date(_)) {
        return Err(Reason::fixed("is a timestamp where a day is expected"));
    }
    Ok(validate::stamp_text(match (zone, stamp) {
        (Some(zone), Stamp::Civil(_) | Stamp::Date(_)) if !day => Stamp::Instant(stamp.in_zone(zone)),
        _ => stamp,
    }))
}

/// Minutes as a length of time, to the second.
fn seconds(minutes: Fetched<'_>) -> Result<TimeDelta, Reason> {
    const FAULT: Reason = Reason::fixed("cannot be moved: what is to be added is no number of minutes");
    let number = matches!(minutes, Fetched::Number(_));
    let minutes = parse(&minutes.text(), number).map_err(|_| FAULT)?;
    let seconds = decimal::mul(minutes, Decimal::from(60)).ok_or(FAULT)?.trunc();
    i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds).ok_or(FAULT)
}

/// A moment so much later. A civil time is moved as an instant where its zone is known.
fn add(stamp: Stamp, later: TimeDelta, zone: Option<Tz>) -> Option<Stamp> {
    Some(match (stamp, zone) {
        (Stamp::Instant(t), _) => Stamp::Instant(t.checked_add_signed(later)?),
        (stamp, Some(zone)) => Stamp::Instant(stamp.in_zone(zone).checked_add_signed(later)?),
        (stamp, None) => Stamp::Civil(stamp.naive().checked_add_signed(later)?),
    })
}

/// A month by the first three letters of its English name, as `Nov`.
fn month(text: &str) -> Option<u32> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let text = text.to_ascii_lowercase();
    (1..).zip(MONTHS).find(|(_, name)| text == *name).map(|(number, _)| number)
}

/// `31/12/2026`, `12/31/2026, 2:05 PM`, `31.12.2026 14:05`, `31/Dec/26 2:05 PM`; a date that begins with its year is one of the usual
/// forms. `None`: the day and the month are told apart by the date itself.
fn local_date(text: &str, day_first: Option<bool>) -> Result<Stamp, Reason> {
    const FAULT: Reason = Reason::fixed("is no date such as 31/12/2026 or 12/31/2026");
    const UNSURE: Reason = Reason::fixed(
        "may be day and month or month and day; say which by a profile of your own with time = \"day_first\" or \
         \"month_first\"",
    );
    let (date, clock) = text.split_once([' ', ',']).unwrap_or((text, ""));
    let between = date.find(['/', '.', '-']).and_then(|at| date.get(at..=at)).ok_or(FAULT)?;
    let parts: Vec<&str> = date.trim_end_matches('.').split(between).collect();
    let [a, b, year] = parts.as_slice() else { return Err(FAULT) };
    if a.len() == 4 {
        return minute(text);
    }
    let number = |t: &str| t.parse::<u32>().ok().filter(|_| t.len() <= 2).ok_or(FAULT);
    let named = month(b);
    let (a, b) = (number(a)?, named.map_or_else(|| number(b), Ok)?);
    let year = match (year.len(), year.parse::<i32>().map_err(|_| FAULT)?) {
        (4, year) => year,
        // Such a year stands only where the month has its name.
        (2, year) if named.is_some() => 2000 + year,
        _ => return Err(FAULT),
    };
    let day_first = match day_first {
        _ if between == "." || named.is_some() => true,
        Some(told) => told,
        None if a == b || a > 12 => true,
        None if b > 12 => false,
        None => return Err(UNSURE),
    };
    let (day, month) = if day_first { (a, b) } else { (b, a) };
    let date = NaiveDate::from_ymd_opt(year, month, day).ok_or(FAULT)?;
    let clock = clock.trim_matches([' ', ',']);
    if clock.is_empty() {
        return Ok(Stamp::Date(date));
    }
    let clock = clock.replace('\u{202f}', " ").to_uppercase();
    let forms = ["%I:%M %p", "%I:%M:%S %p", "%H:%M", "%H:%M:%S"];
    let time = forms.iter().find_map(|f| NaiveTime::parse_from_str(&clock, f).ok()).ok_or(FAULT)?;
    Ok(Stamp::Civil(date.and_time(time)))
}

const OUT_OF_RANGE: Reason = Reason::fixed("lies outside the years 1678 to 2261");

fn fault(e: NotTime) -> Reason {
    if e == NotTime::Empty { REQUIRED } else { Reason::new(e.to_string()) }
}

/// `YYYY-MM-DD HH:MM`, or with seconds.
fn minute(text: &str) -> Result<Stamp, Reason> {
    let whole = text.len() == 16 && text.as_bytes()[13] == b':';
    let parsed = if whole { Stamp::parse(&format!("{text}:00")) } else { Stamp::parse(text) };
    parsed.map_err(|e| match e {
        NotTime::Other => Reason::fixed("is no timestamp of the form YYYY-MM-DD HH:MM"),
        e => fault(e),
    })
}

/// `YYYY-MM` or `YYYYMM`: the first day.
fn first_of_month(text: &str) -> Result<Stamp, Reason> {
    let digits = |from, to| text.get(from..to).filter(|t| t.bytes().all(|b| b.is_ascii_digit()));
    let parts = match text.len() {
        6 => digits(0, 4).zip(digits(4, 6)),
        7 if text.as_bytes()[4] == b'-' => digits(0, 4).zip(digits(5, 7)),
        _ => None,
    };
    let (year, month) = parts.ok_or(Reason::fixed("is no month of the form YYYY-MM"))?;
    Stamp::parse(&format!("{year}-{month}-01")).map_err(fault)
}

/// `YYYYMMDD`.
fn compact(text: &str) -> Result<Stamp, Reason> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Reason::fixed("is no day of the form YYYYMMDD"));
    }
    Stamp::parse(&format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..])).map_err(fault)
}

/// A time later. A day stays a day where whole days are added; an instant's days are those of UTC.
fn spanned(stamp: Stamp, span: Span) -> Option<Stamp> {
    let civil = match span {
        Span::Minutes(n) => stamp.naive().checked_add_signed(TimeDelta::minutes(n.into()))?,
        Span::Days(n) => Unit::Day.add(stamp.naive(), n.into(), 1)?,
        Span::Months(n) => {
            let start = stamp.naive();
            Unit::Month.add(start, n.into(), start.day())?
        }
    };
    if civil.year() > 2261 {
        return None;
    }
    Some(match (stamp, span) {
        (Stamp::Instant(_), _) => Stamp::Instant(civil.and_utc()),
        (Stamp::Date(_), Span::Days(_) | Span::Months(_)) => Stamp::Date(civil.date()),
        _ => Stamp::Civil(civil),
    })
}

/// Seconds since 1970, after moving the point `shift` places to the left.
fn unix(text: &str, shift: u32) -> Result<Stamp, Reason> {
    const FAULT: Reason = Reason::fixed("is no Unix time");
    const RANGE: Reason =
        Reason::fixed("is no Unix time in the years 1678 to 2261; check the unit (unix_s, unix_ms)");
    let value = decimal::parse_json_number(text).map_err(|_| FAULT)?.normalize();
    let scale = value.scale() + shift;
    let unit = 10i128.checked_pow(scale).ok_or(RANGE)?;
    let (seconds, part) = (value.mantissa().div_euclid(unit), value.mantissa().rem_euclid(unit));
    let nanos = part.checked_mul(1_000_000_000).ok_or(RANGE)? / unit;
    let seconds = i64::try_from(seconds).map_err(|_| RANGE)?;
    let t = u32::try_from(nanos).ok().and_then(|n| DateTime::from_timestamp(seconds, n)).ok_or(RANGE)?;
    // 1678-01-01 to 2261-12-31, the years of Stamp.
    if (-9_214_560_000..9_214_646_400).contains(&seconds) { Ok(Stamp::Instant(t)) } else { Err(RANGE) }
}

/// The exclusive end of a period whose last day or second this is.
fn after(stamp: Stamp) -> Option<Stamp> {
    Some(match stamp {
        Stamp::Date(day) => Stamp::Date(day.succ_opt()?),
        Stamp::Civil(t) if t.second() == 59 => Stamp::Civil(t.with_nanosecond(0)? + TimeDelta::seconds(1)),
        Stamp::Instant(t) if t.second() == 59 => {
            Stamp::Instant(t.with_nanosecond(0)? + TimeDelta::seconds(1))
        }
        other => other,
    })
}

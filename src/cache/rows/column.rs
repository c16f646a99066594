//! A column of a block, in the form that takes the fewest bytes; every form gives each cell's text back as it was.
//!
//! A column without a cell has no bytes. Else the first says the form:
//!
//! | form | what follows |
//! | --- | --- |
//! | one | the text of every cell |
//! | words | how many different texts, their lengths, the texts; a byte a cell: 0 for an empty one, else the word's number plus 1 |
//! | number | the places that all mantissas have, [`Distances`] of these |
//! | date | distances of the days since the year 1 |
//! | moment, civil | distances of the seconds since 1970, of stamps in UTC and of those without an offset |
//! | numbered | the texts' common beginning with its length, the digits that zeros fill up to, distances of the numbers that follow |
//! | alike | the length that all texts have, the texts |
//! | texts | the size of what follows; a length a cell, one more than the text's, 0 for an empty one; the texts |

use super::{
    bytes::{Distances, byte, number, piece, put_number},
    value::{BEFORE, Meaning, Number, Numbered, Value, Word},
};
use crate::model::time::Stamp;
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use std::{collections::HashMap, ops::RangeInclusive};

const ONE: u8 = 1;
const WORDS: u8 = 2;
const NUMBER: u8 = 3;
const DATE: u8 = 4;
const MOMENT: u8 = 5;
const CIVIL: u8 = 6;
const NUMBERED: u8 = 7;
const ALIKE: u8 = 8;
const TEXTS: u8 = 9;

/// Most places that a number is kept with.
const PLACES: u8 = 18;

/// Adds the cells of a column.
pub(super) fn pack(cells: &[Option<&str>], out: &mut Vec<u8>) {
    let mut filled = cells.iter().flatten();
    let Some(first) = filled.next() else { return };
    if cells.iter().all(|cell| cell.is_some_and(|text| text == *first)) {
        out.push(ONE);
        out.extend_from_slice(first.as_bytes());
        return;
    }
    let plain = texts_size(cells);
    let mut best = scalars(first, cells).filter(|packed| packed.len() < plain);
    // A byte a cell is the least that words need.
    if best.as_ref().is_none_or(|packed| packed.len() > cells.len() * 2) {
        let least = best.as_ref().map_or(plain, Vec::len);
        best = words(cells).filter(|packed| packed.len() < least).or(best);
    }
    match best {
        Some(packed) => out.extend_from_slice(&packed),
        None => texts(cells, out),
    }
}

/// The cells as numbers, times or numbered texts, whichever the first of them is.
fn scalars(first: &str, cells: &[Option<&str>]) -> Option<Vec<u8>> {
    match Meaning::of(first) {
        Some(Meaning::Number(_)) => numbers(cells),
        Some(Meaning::Time(stamp)) => times(unit(stamp), cells),
        None => None,
    }
    .or_else(|| numbered(first, cells))
}

/// What is made of each cell; `None` where it cannot be made of one.
fn each<T>(cells: &[Option<&str>], of: impl Fn(&str) -> Option<T>) -> Option<Vec<Option<T>>> {
    cells
        .iter()
        .map(|cell| match cell {
            None => Some(None),
            Some(text) => of(text).map(Some),
        })
        .collect()
}

fn numbers(cells: &[Option<&str>]) -> Option<Vec<u8>> {
    let found = each(cells, Number::of)?;
    let places = found.iter().flatten().map(|n| n.places()).max()?;
    let scaled: Option<Vec<Option<i64>>> = found
        .iter()
        .map(|n| match n {
            None => Some(None),
            Some(n) => n.scaled(places).map(Some),
        })
        .collect();
    let mut out = vec![NUMBER, places];
    Distances::put(&scaled?, &mut out)?;
    Some(out)
}

/// The form of times like this one.
fn unit(stamp: Stamp) -> u8 {
    match stamp {
        Stamp::Date(_) => DATE,
        Stamp::Instant(_) => MOMENT,
        Stamp::Civil(_) => CIVIL,
    }
}

fn times(form: u8, cells: &[Option<&str>]) -> Option<Vec<u8>> {
    let units = |text: &str| match Meaning::of(text)? {
        Meaning::Time(stamp) if unit(stamp) == form => Some(match stamp {
            Stamp::Date(day) => day.num_days_from_ce().into(),
            other => other.naive().and_utc().timestamp(),
        }),
        _ => None,
    };
    let mut out = vec![form];
    Distances::put(&each(cells, units)?, &mut out)?;
    Some(out)
}

/// Digits that a numbered text ends in, at most.
const NUMBERED_DIGITS: usize = 18;

fn numbered(first: &str, cells: &[Option<&str>]) -> Option<Vec<u8>> {
    let digits = first.bytes().rev().take(NUMBERED_DIGITS).take_while(u8::is_ascii_digit).count();
    let (before, _) = first.split_at_checked(first.len() - digits)?;
    if digits == 0 || before.len() > BEFORE {
        return None;
    }
    let end = |text: &str| -> Option<(usize, bool, i64)> {
        let end = text.strip_prefix(before)?;
        let fits = (1..=NUMBERED_DIGITS).contains(&end.len()) && end.bytes().all(|c| c.is_ascii_digit());
        fits.then_some((end.len(), end.starts_with('0') && end.len() > 1, end.parse().ok()?))
    };
    let ends = each(cells, end)?;
    let filled = match ends.iter().flatten().all(|(length, _, _)| *length == digits) {
        true => digits,
        false if ends.iter().flatten().any(|(_, zero, _)| *zero) => return None,
        false => 0,
    };
    let mut out = vec![NUMBERED, before.len() as u8];
    out.extend_from_slice(before.as_bytes());
    out.push(filled as u8);
    let numbers: Vec<Option<i64>> = ends.into_iter().map(|end| end.map(|(_, _, n)| n)).collect();
    Distances::put(&numbers, &mut out)?;
    Some(out)
}

fn words(cells: &[Option<&str>]) -> Option<Vec<u8>> {
    let mut known: HashMap<&str, u8, foldhash::fast::RandomState> = HashMap::default();
    let mut list: Vec<&str> = Vec::new();
    let mut codes = Vec::with_capacity(cells.len());
    let mut last: (Option<&str>, u8) = (None, 0);
    for cell in cells {
        if *cell != last.0 {
            let code = match cell {
                None => 0,
                Some(text) => match known.get(text) {
                    Some(&code) => code,
                    None => {
                        let code = u8::try_from(list.len() + 1).ok()?;
                        known.insert(text, code);
                        list.push(text);
                        code
                    }
                },
            };
            last = (*cell, code);
        }
        codes.push(last.1);
    }
    let mut out = vec![WORDS];
    put_number(list.len() as u64, &mut out);
    list.iter().for_each(|text| put_number(text.len() as u64, &mut out));
    list.iter().for_each(|text| out.extend_from_slice(text.as_bytes()));
    out.append(&mut codes);
    Some(out)
}

/// The length that all texts have, where none is empty.
fn alike(cells: &[Option<&str>]) -> Option<usize> {
    let length = cells.first()?.as_ref()?.len();
    cells.iter().all(|cell| cell.is_some_and(|text| text.len() == length)).then_some(length)
}

/// About the bytes that the cells take as texts.
fn texts_size(cells: &[Option<&str>]) -> usize {
    let letters: usize = cells.iter().flatten().map(|text| text.len()).sum();
    letters + if alike(cells).is_some() { 0 } else { cells.len() }
}

fn texts(cells: &[Option<&str>], out: &mut Vec<u8>) {
    if let Some(length) = alike(cells) {
        out.push(ALIKE);
        put_number(length as u64, out);
    } else {
        let mut lengths = Vec::with_capacity(cells.len());
        cells.iter().for_each(|cell| put_number(cell.map_or(0, |text| text.len() as u64 + 1), &mut lengths));
        out.push(TEXTS);
        put_number(lengths.len() as u64, out);
        out.append(&mut lengths);
    }
    cells.iter().flatten().for_each(|text| out.extend_from_slice(text.as_bytes()));
}

/// A column of a block, opened.
#[derive(Debug)]
pub(super) enum Column<'b> {
    Empty,
    One(Word<'b>),
    Words {
        words: Vec<Word<'b>>,
        codes: &'b [u8],
    },
    Numbers {
        places: u8,
        mantissas: Distances<'b>,
    },
    Dates(Distances<'b>),
    Moments(Distances<'b>),
    Civils(Distances<'b>),
    Numbered {
        form: Numbered<'b>,
        numbers: Distances<'b>,
    },
    Alike {
        length: usize,
        texts: &'b str,
    },
    /// With each cell's end among the texts, or that of the one before with a mark where it is empty.
    Texts {
        ends: Vec<(u32, bool)>,
        texts: &'b str,
    },
}

impl<'b> Column<'b> {
    /// The column that these are the bytes of; `None` where they are none.
    pub(super) fn open(mut bytes: &'b [u8], rows: usize) -> Option<Column<'b>> {
        if bytes.is_empty() {
            return Some(Column::Empty);
        }
        let utf8 = |bytes| std::str::from_utf8(bytes).ok();
        Some(match byte(&mut bytes)? {
            ONE => Column::One(Word::new(0, utf8(bytes)?)),
            WORDS => {
                let words = open_words(&mut bytes)?;
                let known = |code: &u8| usize::from(*code) <= words.len();
                if bytes.len() != rows || !bytes.iter().all(known) {
                    return None;
                }
                Column::Words { words, codes: bytes }
            }
            NUMBER => {
                let places = byte(&mut bytes).filter(|places| *places <= PLACES)?;
                Column::Numbers { places, mantissas: Distances::open(bytes, rows)? }
            }
            DATE => Column::Dates(within(bytes, rows, DAYS)?),
            MOMENT => Column::Moments(within(bytes, rows, SECONDS)?),
            CIVIL => Column::Civils(within(bytes, rows, SECONDS)?),
            NUMBERED => {
                let length = byte(&mut bytes).filter(|length| usize::from(*length) <= BEFORE)?;
                let before = utf8(piece(&mut bytes, length.into())?)?;
                let digits = byte(&mut bytes).filter(|digits| usize::from(*digits) <= NUMBERED_DIGITS)?;
                Column::Numbered {
                    form: Numbered { before, digits },
                    numbers: within(bytes, rows, 0..=i64::MAX)?,
                }
            }
            ALIKE => {
                let length = usize::try_from(number(&mut bytes)?).ok()?;
                let texts = utf8(bytes)?;
                let cuts = |length: usize| (0..rows).all(|row| texts.is_char_boundary(row * length));
                let whole = length.checked_mul(rows)? == texts.len() && cuts(length);
                whole.then_some(Column::Alike { length, texts })?
            }
            TEXTS => {
                let size = number(&mut bytes)?;
                let lengths = piece(&mut bytes, size)?;
                let (ends, texts) = (ends(lengths, rows)?, utf8(bytes)?);
                let whole = ends.iter().all(|(end, _)| texts.is_char_boundary(*end as usize));
                whole.then_some(Column::Texts { ends, texts })?
            }
            _ => return None,
        })
    }

    /// The cell of a row; empty where there is no such row.
    #[inline]
    pub(super) fn value(&self, row: usize) -> Value<'_> {
        // Each arm makes the whole value: one that is made of another's parts costs more than finding it.
        match self {
            Column::One(word) => Value::Word(word),
            Column::Words { words, codes } => match codes.get(row) {
                Some(&code @ 1..) => words.get(usize::from(code) - 1).map_or(Value::Empty, Value::Word),
                _ => Value::Empty,
            },
            Column::Numbers { places, mantissas } => match mantissas.get(row) {
                Some(mantissa) => Value::Number(Number::new(mantissa, *places)),
                None => Value::Empty,
            },
            Column::Numbered { form, numbers } => match numbers.get(row) {
                Some(n) => Value::Numbered(form, n.cast_unsigned()),
                None => Value::Empty,
            },
            other => other.rarer(row).unwrap_or(Value::Empty),
        }
    }

    fn rarer(&self, row: usize) -> Option<Value<'_>> {
        match self {
            Column::Dates(days) => Some(Value::Time(Stamp::Date(day(days.get(row)?)?))),
            Column::Moments(seconds) => Some(Value::Time(Stamp::Instant(second(seconds.get(row)?)?))),
            Column::Civils(seconds) => {
                Some(Value::Time(Stamp::Civil(second(seconds.get(row)?)?.naive_utc())))
            }
            Column::Alike { length, texts } => {
                let from = row.checked_mul(*length)?;
                texts.get(from..from + length).map(Value::Text)
            }
            Column::Texts { ends, texts } => {
                let (end, there) = *ends.get(row)?;
                let from = row.checked_sub(1).and_then(|before| ends.get(before)).map_or(0, |(end, _)| *end);
                texts.get(from as usize..end as usize).filter(|_| there).map(Value::Text)
            }
            _ => None,
        }
    }
}

fn open_words<'b>(bytes: &mut &'b [u8]) -> Option<Vec<Word<'b>>> {
    let count = u8::try_from(number(bytes)?).ok()?;
    let lengths: Vec<u64> = (0..count).map(|_| number(bytes)).collect::<Option<_>>()?;
    (0..count)
        .zip(lengths)
        .map(|(code, length)| Some(Word::new(code, std::str::from_utf8(piece(bytes, length)?).ok()?)))
        .collect()
}

fn ends(mut lengths: &[u8], rows: usize) -> Option<Vec<(u32, bool)>> {
    let mut end = 0u32;
    let mut next = || {
        let length = number(&mut lengths)?;
        end = end.checked_add(u32::try_from(length.saturating_sub(1)).ok()?)?;
        Some((end, length > 0))
    };
    (0..rows).map(|_| next()).collect()
}

/// The days and seconds of the years that stamps have; an offset may reach beyond them.
const DAYS: RangeInclusive<i64> = 612_000..=826_500;
const SECONDS: RangeInclusive<i64> = -9_250_000_000..=9_250_000_000;

/// Numbers that all lie in a range.
fn within(bytes: &[u8], rows: usize, range: RangeInclusive<i64>) -> Option<Distances<'_>> {
    Distances::open(bytes, rows).filter(|numbers| numbers.within(*range.start(), *range.end()))
}

fn day(n: i64) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(i32::try_from(n).ok()?)
}

fn second(n: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(n, 0)
}

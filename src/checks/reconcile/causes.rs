//! Why a billed quantity differs: hypotheses, each computed, and named only where it gives the billed figure.

use super::{lines::Line, readings::Readings};
use crate::{
    model::{
        decimal::{self, Decimal, Exact, exceeds, shortest},
        time::{Unit, add_days, add_months, day_start, format_offset, local, offset_seconds, resolve},
    },
    report::Cause,
};
use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta};
use chrono_tz::{TZ_VARIANTS, Tz};
use std::{
    collections::{BTreeSet, HashMap},
    rc::Rc,
};

/// What the hypotheses of one line need to know.
pub(super) struct Question<'q> {
    pub line: &'q Line,
    pub readings: &'q Readings,
    /// What was metered.
    pub metered: Decimal,
    /// First and last moment of the exports, nanoseconds.
    pub coverage: (i64, i64),
    /// `--timezone`.
    pub timezone: Tz,
    /// The zones that windows are most often cut in.
    pub usual: &'q [Tz],
    /// The difference is beyond the threshold: a cause that explains nearly all of it is named too.
    pub mismatch: bool,
}

/// A hypothesis that was computed.
struct Guess {
    id: &'static str,
    detail: String,
    figure: Decimal,
    /// It rests on what billing itself says, not on a search.
    declared: bool,
}

/// The cause of a line's difference, if the data shows one.
pub(super) fn explain(q: &Question<'_>, cache: &mut Windows) -> Option<Cause> {
    let billed = q.line.quantity;
    if billed == q.metered {
        return None;
    }
    let mut guesses: Vec<Guess> = Vec::new();
    edges(q, &mut guesses);
    let zones = windows(q, cache);
    let whole = |g: &Guess| g.figure == billed;
    if let Some(best) = zones.iter().position(whole).or_else(|| nearest(q, &zones)) {
        guesses.extend(zones.into_iter().nth(best));
    }
    copies(q, &mut guesses);
    late(q, &mut guesses);
    missing_days(q, &mut guesses);
    neighbours(q, &mut guesses);
    running(q, &mut guesses);
    scale(q, &mut guesses);

    let exact: Vec<&Guess> = guesses.iter().filter(|g| whole(g)).collect();
    if let Some(declared) = exact.iter().find(|g| g.declared) {
        return Some(cause(declared));
    }
    let mut kinds: Vec<&str> = exact.iter().map(|g| g.id).collect();
    kinds.dedup();
    match kinds.len() {
        1 => return exact.first().map(|g| cause(g)),
        2.. => {
            let details: Vec<String> = exact.iter().map(|g| format!("{}: {}", g.id, g.detail)).collect();
            let detail = format!("several explain the figure equally: {}", details.join("; or "));
            return Some(Cause { id: "ambiguous".to_owned(), detail });
        }
        _ => {}
    }
    if !q.mismatch {
        return None;
    }
    let near: Vec<&Guess> = guesses.iter().filter(|g| nearly(q, g.figure)).collect();
    let mut kinds: Vec<&str> = near.iter().map(|g| g.id).collect();
    kinds.dedup();
    if kinds.len() != 1 {
        return None;
    }
    let best = near.into_iter().min_by_key(|g| away(billed, g.figure))?;
    let residue = decimal::sub(billed, best.figure)?;
    let detail = format!("{}; a difference of {} remains unexplained", best.detail, shortest(residue));
    Some(Cause { id: best.id.to_owned(), detail })
}

/// How far two figures lie apart.
fn away(a: Decimal, b: Decimal) -> Decimal {
    decimal::sub(a, b).map_or(Decimal::MAX, |d| d.abs())
}

fn cause(g: &Guess) -> Cause {
    Cause { id: g.id.to_owned(), detail: g.detail.clone() }
}

/// Whether a figure leaves at most a hundredth of the difference unexplained (and explains some of it).
fn nearly(q: &Question<'_>, figure: Decimal) -> bool {
    let billed = q.line.quantity;
    let (Some(residue), Some(delta)) = (decimal::sub(billed, figure), decimal::sub(billed, q.metered)) else {
        return false;
    };
    figure != q.metered && !exceeds(residue, delta, Decimal::ONE)
}

fn nearest(q: &Question<'_>, guesses: &[Guess]) -> Option<usize> {
    let near = guesses.iter().enumerate().filter(|(_, g)| nearly(q, g.figure));
    near.min_by_key(|(_, g)| away(q.line.quantity, g.figure)).map(|(at, _)| at)
}

fn nanos(t: crate::model::time::Instant) -> i64 {
    t.timestamp_nanos_opt().unwrap_or(i64::MAX)
}

fn covered(q: &Question<'_>, from: i64, to: i64) -> bool {
    q.coverage.0 <= from && to <= q.coverage.1
}

fn total(q: &Question<'_>, from: i64, to: i64) -> Option<Decimal> {
    if !covered(q, from, to) {
        return None;
    }
    q.readings.total(from, to)
}

/// The line's ends on the clock of its zone.
fn civil(q: &Question<'_>) -> (NaiveDateTime, NaiveDateTime) {
    let read = |t: i64| local(DateTime::from_timestamp_nanos(t), q.line.zone);
    (read(q.line.start), read(q.line.end))
}

fn edges(q: &Question<'_>, guesses: &mut Vec<Guess>) {
    let Line { start, end, zone, .. } = *q.line;
    let (from, to) = civil(q);
    let next = |t: NaiveDateTime| add_days(t.date(), 1).map(|d| nanos(resolve(d.and_time(t.time()), zone)));
    let mut push = |a: i64, b: i64, detail: String| {
        if let Some(figure) = total(q, a, b) {
            guesses.push(Guess { id: "period-edge", detail, figure, declared: false });
        }
    };
    push(start, end + 1, "an event at the very end of the period was counted in".to_owned());
    push(start + 1, end, "an event at the very start of the period was left out".to_owned());
    if let Some(later) = next(to) {
        push(start, later, format!("the end day {} was counted in", to.date()));
    }
    if let Some(later) = next(from).filter(|t| *t < end) {
        push(later, end, format!("the start day {} was left out", from.date()));
    }
}

/// A window of a line's wall-clock period at another UTC offset.
#[derive(Clone)]
struct Window {
    from: i64,
    to: i64,
    detail: String,
    declared: bool,
}

/// A wall-clock period, the zone it is agreed in, and those that billing names.
type Civil = (NaiveDateTime, NaiveDateTime, Tz, Vec<Tz>);

/// The windows of each wall-clock period: many lines share one.
#[derive(Default)]
pub(super) struct Windows {
    known: HashMap<Civil, Rc<[Window]>>,
}

impl Windows {
    fn of(&mut self, q: &Question<'_>) -> Rc<[Window]> {
        let (from, to) = civil(q);
        let key = (from, to, q.line.zone, q.line.billed_zones.clone());
        self.known.entry(key).or_insert_with(|| candidates(q).into()).clone()
    }
}

/// The same wall-clock window at other UTC offsets, the likeliest first: the zone that billing names,
/// `--timezone`, the usual zones, whole hours, smaller shifts, zones that change their clock in the period.
fn candidates(q: &Question<'_>) -> Vec<Window> {
    let (from, to) = civil(q);
    let mut seen = BTreeSet::from([(q.line.start, q.line.end)]);
    let mut list = Vec::new();
    let mut push = |window: (i64, i64), detail: &dyn Fn() -> String, declared: bool| {
        if window.0 < window.1 && seen.insert(window) {
            list.push(Window { from: window.0, to: window.1, detail: detail(), declared });
        }
    };
    let in_zone = |zone: Tz| (nanos(resolve(from, zone)), nanos(resolve(to, zone)));
    let zone_text = |zone: Tz| {
        let offsets = [from, to].map(|t| format_offset(offset_seconds(resolve(t, zone), zone)));
        let offset = if offsets[0] == offsets[1] { offsets[0].clone() } else { offsets.join("/") };
        format!("the window was cut at UTC{offset} ({zone})")
    };
    for zone in &q.line.billed_zones {
        push(in_zone(*zone), &|| zone_text(*zone), true);
    }
    for zone in std::iter::once(&q.timezone).chain(q.usual) {
        push(in_zone(*zone), &|| zone_text(*zone), false);
    }
    let own_offset = offset_seconds(resolve(from, q.line.zone), q.line.zone);
    let mut offsets: Vec<i32> = (-48..=56).map(|quarter| quarter * 900).collect();
    offsets.sort_by_key(|o| (o % 3600 != 0, (o - own_offset).abs(), *o));
    for offset in offsets {
        let at = |t: NaiveDateTime| nanos((t - TimeDelta::seconds(i64::from(offset))).and_utc());
        push((at(from), at(to)), &|| format!("the window was cut at UTC{}", format_offset(offset)), false);
    }
    for zone in TZ_VARIANTS {
        let ends = [from, to].map(|t| offset_seconds(resolve(t, zone), zone));
        if ends[0] != ends[1] {
            push(in_zone(zone), &|| zone_text(zone), false);
        }
    }
    list
}

fn windows(q: &Question<'_>, cache: &mut Windows) -> Vec<Guess> {
    let all = cache.of(q);
    let guess = |w: &Window| {
        let figure = total(q, w.from, w.to)?;
        Some(Guess { id: "timezone-window", detail: w.detail.clone(), figure, declared: w.declared })
    };
    all.iter().filter_map(guess).collect()
}

fn copies(q: &Question<'_>, guesses: &mut Vec<Guess>) {
    let Line { start, end, .. } = *q.line;
    if !q.readings.aggregation().adds_up() {
        return;
    }
    let Some((count, more)) = q.readings.copies(start, end).filter(|(count, _)| *count > 0) else { return };
    if let Some(figure) = decimal::add(q.metered, more) {
        let events =
            if count == 1 { "1 event that was".to_owned() } else { format!("{count} events that were") };
        let detail = format!("{events} delivered again, {} in all, were billed again", shortest(more));
        guesses.push(Guess { id: "duplicates-counted", detail, figure, declared: false });
    }
}

fn late(q: &Question<'_>, guesses: &mut Vec<Guess>) {
    let Line { start, end, .. } = *q.line;
    let Some(finalized) = q.line.finalized_at else { return };
    let is_late = |i: Option<i64>| i.is_some_and(|i| i > finalized);
    let count = q.readings.within(start, end).iter().filter(|r| is_late(r.ingested)).count();
    if count == 0 {
        return;
    }
    if let Some(figure) = q.readings.total_of(start, end, |r| !is_late(r.ingested)) {
        let events = if count == 1 { "1 event".to_owned() } else { format!("{count} events") };
        let detail = format!(
            "{events} arrived after the invoice was finalized at {}",
            crate::model::time::rfc3339(DateTime::from_timestamp_nanos(finalized))
        );
        guesses.push(Guess { id: "late-events", detail, figure, declared: false });
    }
}

/// A contiguous run of days without which the sum is what was billed: the shortest, then the first.
fn missing_days(q: &Question<'_>, guesses: &mut Vec<Guess>) {
    let Line { start, end, zone, quantity, .. } = *q.line;
    if !q.readings.aggregation().adds_up() || quantity >= q.metered || quantity.is_zero() {
        return;
    }
    let (from, to) = civil(q);
    let mut days: Vec<(chrono::NaiveDate, Decimal)> = Vec::new();
    let mut day = from.date();
    while day <= to.date() {
        let Some(next) = add_days(day, 1) else { return };
        let (a, b) = (nanos(day_start(day, zone)).max(start), nanos(day_start(next, zone)).min(end));
        if a < b {
            let Some(used) = q.readings.total(a, b) else { return };
            days.push((day, used));
        }
        day = next;
        if days.len() > 400 {
            return;
        }
    }
    let mut best: Option<(Decimal, usize, usize)> = None;
    for first in 0..days.len() {
        if days[first].1.is_zero() {
            continue;
        }
        let mut lacking = Decimal::ZERO;
        for last in first..days.len() {
            let Some(sum) = decimal::add(lacking, days[last].1) else { return };
            lacking = sum;
            if days[last].1.is_zero() || last - first + 1 == days.len() {
                continue;
            }
            let Some(figure) = decimal::sub(q.metered, lacking) else { return };
            let off = away(figure, quantity);
            let better = best.is_none_or(|(o, a, b)| (off, last - first, first) < (o, b - a, a));
            if better && (off.is_zero() || nearly(q, figure)) {
                best = Some((off, first, last));
            }
        }
    }
    let Some((_, first, last)) = best else { return };
    let lacking = decimal::sum(days[first..=last].iter().map(|d| d.1));
    let Some(figure) = lacking.and_then(|l| decimal::sub(q.metered, l)) else { return };
    // The first day alone is the period's edge, said once.
    if first == 0 && last == 0 && guesses.iter().any(|g| g.id == "period-edge" && g.figure == figure) {
        return;
    }
    let detail = if first == last {
        format!("the usage of {} is lacking", days[first].0)
    } else {
        format!("the usage of {} days, {} to {}, is lacking", last - first + 1, days[first].0, days[last].0)
    };
    guesses.push(Guess { id: "missing-days", detail, figure, declared: false });
}

/// The periods of the same length before and after.
fn neighbours(q: &Question<'_>, guesses: &mut Vec<Guess>) {
    let Line { start, end, zone, .. } = *q.line;
    let (from, to) = civil(q);
    let months = (to.year() - from.year()) * 12 + to.month() as i32 - from.month() as i32;
    let anchor = from.day().max(to.day());
    let whole_months = months > 0 && Unit::Month.add(from, months, anchor) == Some(to);
    let shift = |t: NaiveDateTime, forward: bool| -> Option<i64> {
        let sign = if forward { 1 } else { -1 };
        let date = if whole_months {
            add_months(t.date(), sign * months, anchor)?
        } else {
            add_days(t.date(), i64::from(sign) * (to.date() - from.date()).num_days().max(1))?
        };
        Some(nanos(resolve(date.and_time(t.time()), zone)))
    };
    let mut push = |window: Option<(i64, i64)>, which: &str| {
        let Some((a, b)) = window else { return };
        if let Some(figure) = total(q, a, b).filter(|f| !f.is_zero()) {
            let day = local(DateTime::from_timestamp_nanos(a), zone).date();
            let detail = format!("it is the usage of the {which} period, which starts on {day}");
            guesses.push(Guess { id: "neighbour-period", detail, figure, declared: false });
        }
    };
    push(shift(from, false).map(|a| (a, start)), "previous");
    push(shift(to, true).map(|b| (end, b)), "next");
}

fn running(q: &Question<'_>, guesses: &mut Vec<Guess>) {
    let Line { start, end, .. } = *q.line;
    if !q.readings.aggregation().adds_up() || q.readings.within(start, end).len() < 2 {
        return;
    }
    if let Some(figure) = q.readings.running_total(start, end) {
        let detail = "running totals were added up as if each were a quantity of its own".to_owned();
        guesses.push(Guess { id: "running-total", detail, figure, declared: false });
    }
}

/// The factors by which units are mistaken for one another.
fn factors() -> Vec<(Decimal, String)> {
    let mut list: Vec<(Decimal, String)> = Vec::new();
    for n in 1..=12u32 {
        list.push((Decimal::from(10u64.pow(n)), format!("10^{n}")));
    }
    for n in 1..=4u32 {
        list.push((Decimal::from(1024u64.pow(n)), format!("1024^{n}")));
    }
    for seconds in [60u64, 3600, 86_400] {
        list.push((Decimal::from(seconds), seconds.to_string()));
    }
    list
}

fn scale(q: &Question<'_>, guesses: &mut Vec<Guess>) {
    let billed = q.line.quantity;
    if billed.is_zero() || q.metered.is_zero() {
        return;
    }
    for (factor, text) in factors() {
        let times = |value: Decimal| Exact::from(value).mul(Exact::from(factor)).ok();
        let hit = if times(q.metered) == Some(Exact::from(billed)) {
            Some(format!("the metered quantity was multiplied by {text}"))
        } else if times(billed) == Some(Exact::from(q.metered)) {
            Some(format!("the metered quantity was divided by {text}"))
        } else {
            None
        };
        if let Some(detail) = hit {
            guesses.push(Guess { id: "unit-scale", detail, figure: billed, declared: false });
            return;
        }
    }
}

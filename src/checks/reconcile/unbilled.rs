//! Periods in which a metric was billed to others, and what an account's own rows leave of them.

use super::lines::Line;
use crate::{
    data::records::Text,
    model::time::{local, resolve},
};
use chrono::{DateTime, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};

/// A billed period as a calendar writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    pub from: NaiveDateTime,
    pub to: NaiveDateTime,
}

/// The periods in which each metric was billed, those that most lines share first, then the longest.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    by_metric: BTreeMap<Text, Vec<Candidate>>,
}

fn nanos(civil: NaiveDateTime, zone: Tz) -> i64 {
    resolve(civil, zone).timestamp_nanos_opt().unwrap_or(i64::MAX)
}

impl Candidates {
    /// From the lines. Periods may overlap, as accounts are billed on other days of the month; what one covers is
    /// not looked at again for a later one.
    pub(super) fn of(lines: &[Line]) -> Candidates {
        let mut counted: BTreeMap<&Text, BTreeMap<Candidate, u64>> = BTreeMap::new();
        for l in lines {
            let civil = |t: i64| local(DateTime::from_timestamp_nanos(t), l.zone);
            let candidate = Candidate { from: civil(l.start), to: civil(l.end) };
            if candidate.from < candidate.to {
                *counted.entry(&l.metric).or_default().entry(candidate).or_default() += 1;
            }
        }
        let mut by_metric = BTreeMap::new();
        for (metric, counts) in counted {
            let mut order: Vec<(Candidate, u64)> = counts.into_iter().collect();
            let length = |c: &Candidate| c.to - c.from;
            order.sort_by(|a, b| (b.1, length(&b.0)).cmp(&(a.1, length(&a.0))).then_with(|| a.0.cmp(&b.0)));
            by_metric.insert(*metric, order.into_iter().map(|(c, _)| c).collect());
        }
        Candidates { by_metric }
    }

    /// The periods of a metric.
    pub(super) fn of_metric(&self, metric: &Text) -> &[Candidate] {
        self.by_metric.get(metric).map_or(&[], Vec::as_slice)
    }

    /// The periods of a metric in a zone.
    pub(super) fn in_zone(&self, metric: &Text, zone: Tz) -> Vec<(i64, i64)> {
        self.of_metric(metric).iter().map(|candidate| candidate.in_zone(zone)).collect()
    }

    /// Their ends as instants in a zone.
    pub(super) fn edges(&self, metric: &Text, zone: Tz) -> BTreeSet<i64> {
        self.of_metric(metric).iter().flat_map(|c| [nanos(c.from, zone), nanos(c.to, zone)]).collect()
    }
}

impl Candidate {
    /// The period in a zone.
    pub(super) fn in_zone(&self, zone: Tz) -> (i64, i64) {
        (nanos(self.from, zone), nanos(self.to, zone))
    }
}

/// Spans of time, in order and apart from one another.
#[derive(Clone, Debug, Default)]
pub(super) struct Covered(Vec<(i64, i64)>);

impl Covered {
    /// A period that ends before it starts covers nothing.
    pub(super) fn add(&mut self, (from, to): (i64, i64)) {
        if from >= to {
            return;
        }
        let first = self.0.partition_point(|span| span.1 < from);
        let after = self.0.partition_point(|span| span.0 <= to);
        let merged =
            self.0[first..after].iter().fold((from, to), |all, span| (all.0.min(span.0), all.1.max(span.1)));
        self.0.splice(first..after, [merged]);
    }

    /// What they leave of a period.
    pub(super) fn leave_of(&self, (start, end): (i64, i64)) -> Vec<(i64, i64)> {
        let (mut at, mut left) = (start, Vec::new());
        let first = self.0.partition_point(|span| span.1 <= start);
        for &(from, to) in self.0[first..].iter().take_while(|span| span.0 < end) {
            if from > at {
                left.push((at, from));
            }
            at = to;
        }
        if at < end {
            left.push((at, end));
        }
        left
    }
}

/// A moment as a day where it is a midnight of the zone, else as an instant.
pub(super) fn moment_text(t: i64, zone: Tz) -> String {
    let at = DateTime::from_timestamp_nanos(t);
    let civil = local(at, zone);
    if civil.time() == NaiveTime::MIN { civil.date().to_string() } else { crate::model::time::rfc3339(at) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn covered_and_uncovered_tile_the_period(spans in proptest::collection::vec((0i64..40, -3i64..12), 0..8)) {
            let day = |n: i64| DateTime::from_timestamp(n * 86_400, 0).unwrap().naive_utc();
            let period = Candidate { from: day(10), to: day(30) };
            let nanos = |n: i64| n * 86_400_000_000_000;
            let covered: Vec<(i64, i64)> = spans.iter().map(|(a, l)| (nanos(*a), nanos(a + l))).collect();
            let mut spans = Covered::default();
            covered.iter().for_each(|span| spans.add(*span));
            let left = spans.leave_of(period.in_zone(Tz::UTC));
            for n in 10..30 {
                let inside = |list: &[(i64, i64)]| list.iter().filter(|(a, b)| (*a..*b).contains(&nanos(n))).count();
                prop_assert_eq!(inside(&left), usize::from(inside(&covered) == 0), "day {}", n);
            }
        }
    }
}

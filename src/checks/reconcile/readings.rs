//! What one account used of one metric: readings over time, summed exactly between any two moments.

use crate::{
    model::decimal::{self, Decimal, Exact},
    usage::Event,
};

/// How a quantity comes from readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Aggregation {
    /// The sum of quantities.
    #[default]
    Sum,
    /// The number of events.
    Count,
    /// The greatest quantity.
    Max,
    /// The quantity of the last event by time and id.
    Last,
    /// The number of distinct unique keys.
    Unique,
}

impl Aggregation {
    pub(super) fn parse(word: &str) -> Aggregation {
        match word {
            "count" => Aggregation::Count,
            "max" => Aggregation::Max,
            "last" => Aggregation::Last,
            "unique" => Aggregation::Unique,
            _ => Aggregation::Sum,
        }
    }

    /// Whether parts of a period add up to the whole.
    pub(super) fn adds_up(self) -> bool {
        matches!(self, Aggregation::Sum | Aggregation::Count)
    }
}

/// A quantity over `[from, to]`; an event's two moments are one. Nanoseconds since 1970 in UTC.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub from: i64,
    /// The end of a total's window (exclusive); an event's own time.
    pub to: i64,
    pub quantity: Decimal,
    pub ingested: Option<i64>,
    pub unique: Option<u64>,
}

/// Readings in the order of their time (and id), each once.
#[derive(Debug, Default)]
pub(super) struct Readings {
    list: Vec<Reading>,
    /// Sums of the first n quantities: exact, however many digits they take.
    sums: Vec<Exact>,
    /// Further copies of events: time and quantity.
    again: Vec<(i64, Decimal)>,
    aggregation: Aggregation,
    windows: bool,
}

impl Readings {
    /// From events in the order of time and id. `None` where a sum is too large.
    pub(super) fn of_events(events: &[Event], aggregation: Aggregation) -> Option<Readings> {
        let counted = aggregation == Aggregation::Count;
        let quantity = |e: &Event| if counted { Decimal::ONE } else { e.quantity };
        let list = events
            .iter()
            .filter(|e| !e.again)
            .map(|e| Reading {
                from: e.time,
                to: e.time,
                quantity: quantity(e),
                ingested: e.ingested,
                unique: e.unique,
            })
            .collect();
        let again = events.iter().filter(|e| e.again).map(|e| (e.time, quantity(e))).collect();
        Readings::new(list, again, aggregation, false)
    }

    /// From totals' windows.
    pub(super) fn of_windows(mut list: Vec<Reading>) -> Option<Readings> {
        list.sort_by_key(|r| (r.from, r.to));
        Readings::new(list, Vec::new(), Aggregation::Sum, true)
    }

    fn new(
        list: Vec<Reading>,
        again: Vec<(i64, Decimal)>,
        aggregation: Aggregation,
        windows: bool,
    ) -> Option<Readings> {
        let mut sum = Exact::ZERO;
        let mut sums = Vec::with_capacity(list.len() + 1);
        sums.push(sum);
        for r in &list {
            sum = sum.add(r.quantity.into()).ok()?;
            sums.push(sum);
        }
        Some(Readings { list, sums, again, aggregation, windows })
    }

    pub(super) fn aggregation(&self) -> Aggregation {
        self.aggregation
    }

    fn range(&self, from: i64, to: i64) -> (usize, usize) {
        let low = self.list.partition_point(|r| r.from < from);
        let high = self.list.partition_point(|r| r.from < to);
        (low, high.max(low))
    }

    /// The readings in `[from, to)`.
    pub(super) fn within(&self, from: i64, to: i64) -> &[Reading] {
        let (low, high) = self.range(from, to);
        &self.list[low..high]
    }

    /// The quantity of `[from, to)`; `None` where a total's window straddles an end.
    pub(super) fn total(&self, from: i64, to: i64) -> Option<Decimal> {
        let (low, high) = self.range(from, to);
        if self.windows {
            let straddles = |edge: i64| self.list.iter().any(|r| r.from < edge && edge < r.to);
            if straddles(from) || straddles(to) {
                return None;
            }
        }
        self.aggregate(&self.list[low..high], || self.sums[high].sub(self.sums[low]).ok()?.to_decimal().ok())
    }

    /// The quantity of those readings in `[from, to)` that `keep` keeps.
    pub(super) fn total_of(&self, from: i64, to: i64, keep: impl Fn(&Reading) -> bool) -> Option<Decimal> {
        let kept: Vec<Reading> = self.within(from, to).iter().filter(|r| keep(r)).cloned().collect();
        self.aggregate(&kept, || decimal::sum(kept.iter().map(|r| r.quantity)))
    }

    fn aggregate(&self, readings: &[Reading], sum: impl FnOnce() -> Option<Decimal>) -> Option<Decimal> {
        Some(match self.aggregation {
            Aggregation::Sum | Aggregation::Count => sum()?,
            Aggregation::Max => readings.iter().map(|r| r.quantity).max().unwrap_or(Decimal::ZERO),
            Aggregation::Last => readings.last().map_or(Decimal::ZERO, |r| r.quantity),
            Aggregation::Unique => {
                let mut keys: Vec<u64> = readings.iter().filter_map(|r| r.unique).collect();
                keys.sort_unstable();
                keys.dedup();
                Decimal::from(keys.len())
            }
        })
    }

    /// The number and quantity of further copies in `[from, to)`.
    pub(super) fn copies(&self, from: i64, to: i64) -> Option<(usize, Decimal)> {
        let inside = self.again.iter().filter(|(t, _)| (from..to).contains(t));
        let mut count = 0;
        let mut sum = Decimal::ZERO;
        for (_, quantity) in inside {
            count += 1;
            sum = decimal::add(sum, *quantity)?;
        }
        Some((count, sum))
    }

    /// The sum of running totals: 1, 1, 1 read as 1, 2, 3 and added up to 6.
    pub(super) fn running_total(&self, from: i64, to: i64) -> Option<Decimal> {
        let mut running = Decimal::ZERO;
        let mut sum = Decimal::ZERO;
        for r in self.within(from, to) {
            running = decimal::add(running, r.quantity)?;
            sum = decimal::add(sum, running)?;
        }
        Some(sum)
    }
}

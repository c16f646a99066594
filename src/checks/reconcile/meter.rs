//! The metered side: events or totals, by paying account and metric.

use super::{
    inputs::{Inputs, Totals, totals},
    lines::Line,
    readings::{Aggregation, Readings},
    unbilled::Candidates,
};
use crate::{
    data::records::Text,
    model::decimal::{self, Decimal},
    usage::{Event, Metering, SeriesKey, Sums},
};
use anyhow::{Context as _, Result};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// A paying account and a metric.
pub(super) type Group = (Text, Text);

/// A group, or one dimension of it.
type Wanted = (Text, Text, Option<Text>);

/// What was used.
pub(super) struct Meter<'d> {
    source: Source<'d>,
    aggregations: HashMap<Text, Aggregation>,
    readings: BTreeMap<Wanted, Readings>,
}

enum Source<'d> {
    Events(Box<Events<'d>>),
    Totals(Totals),
}

struct Events<'d> {
    metering: Metering<'d>,
    /// The keys of a group.
    groups: BTreeMap<Group, Vec<u32>>,
    cuts: Vec<Arc<[i64]>>,
    sums: Sums,
}

impl<'d> Meter<'d> {
    /// Reads the events (or the totals, where there are none) and sums them between the lines' and the
    /// candidate periods' ends.
    pub(super) fn open(inputs: &Inputs<'d>, lines: &[Line], candidates: &Candidates) -> Result<Meter<'d>> {
        let aggregations = inputs.aggregations.clone();
        let data = inputs.data;
        if !data.has("usage_events") {
            return Ok(Meter {
                source: Source::Totals(totals(inputs)?),
                aggregations,
                readings: BTreeMap::new(),
            });
        }
        let parts = data.meter_parts();
        let mut metering = Metering::open(data.cache, &parts, |part, series| SeriesKey {
            account: {
                let system = data.inputs[part.file]
                    .content
                    .parts
                    .iter()
                    .find(|p| p.id == part.part)
                    .and_then(|p| p.system.as_deref());
                data.names.account(system, &series.account)
            },
            metric: data.names.metric(&series.metric),
            dimension: series.dimension.as_deref().map(|d| data.names.intern(d)),
        })?;
        let mut groups: BTreeMap<Group, Vec<u32>> = BTreeMap::new();
        for (at, key) in (0..).zip(metering.keys()) {
            let payer = inputs.payer(&key.account, &key.metric);
            groups.entry((payer, key.metric)).or_default().push(at);
        }
        let cuts = cuts(inputs, lines, candidates, &groups, metering.keys().len());
        let sums = metering.sums(&cuts)?;
        data.keep_memos(metering.take_memos());
        let events = Events { metering, groups, cuts, sums };
        Ok(Meter { source: Source::Events(Box::new(events)), aggregations, readings: BTreeMap::new() })
    }

    /// The first and last moment of the exports, nanoseconds since 1970 in UTC.
    pub(super) fn coverage(&self) -> Option<(i64, i64)> {
        match &self.source {
            Source::Events(e) => e.sums.oldest.zip(e.sums.newest),
            Source::Totals(t) => t.coverage,
        }
    }

    /// Every group with usage.
    pub(super) fn groups(&self) -> Vec<Group> {
        match &self.source {
            Source::Events(e) => e.groups.keys().cloned().collect(),
            Source::Totals(t) => t.readings.keys().cloned().collect(),
        }
    }

    /// Every metric with usage.
    pub(super) fn metrics(&self) -> BTreeSet<Text> {
        self.groups().into_iter().map(|(_, m)| m).collect()
    }

    /// Every paying account with usage.
    pub(super) fn accounts(&self) -> BTreeSet<Text> {
        self.groups().into_iter().map(|(a, _)| a).collect()
    }

    /// The events' sums, where events are metered.
    pub(super) fn sums(&self) -> Option<(&Sums, &[SeriesKey])> {
        match &self.source {
            Source::Events(e) => Some((&e.sums, e.metering.keys())),
            Source::Totals(_) => None,
        }
    }

    fn aggregation(&self, metric: &Text) -> Aggregation {
        self.aggregations.get(metric).copied().unwrap_or_default()
    }

    /// Loads the single events of groups, for what sums cannot answer.
    pub(super) fn load(&mut self, inputs: &Inputs<'_>, wanted: &BTreeSet<Wanted>) -> Result<()> {
        let Source::Events(e) = &mut self.source else { return Ok(()) };
        let new: Vec<&Wanted> = wanted.iter().filter(|w| !self.readings.contains_key(*w)).collect();
        let mut marks = vec![false; e.metering.keys().len()];
        for (account, metric, _) in &new {
            for &key in e.groups.get(&(*account, *metric)).map_or(&[][..], Vec::as_slice) {
                marks[key as usize] = true;
            }
        }
        if !marks.contains(&true) {
            return Ok(());
        }
        let events = e.metering.events(&marks)?;
        inputs.data.keep_memos(e.metering.take_memos());
        let mut loaded = BTreeMap::new();
        for w in new {
            let list = merged(e, &events, w)?;
            let aggregation = self.aggregations.get(&w.1).copied().unwrap_or_default();
            let readings = Readings::of_events(&list, aggregation)
                .context("a metric's quantities are too large to be summed exactly")?;
            loaded.insert(*w, readings);
        }
        self.readings.extend(loaded);
        Ok(())
    }

    /// The single events of a group, for `--by day`.
    pub(super) fn events(&mut self, w: &Wanted) -> Result<Vec<Event>> {
        let Source::Events(e) = &mut self.source else { return Ok(Vec::new()) };
        let mut marks = vec![false; e.metering.keys().len()];
        for &key in e.groups.get(&(w.0, w.1)).map_or(&[][..], Vec::as_slice) {
            marks[key as usize] = true;
        }
        let events = e.metering.events(&marks)?;
        merged(e, &events, w)
    }

    /// A group's readings, where they are loaded.
    pub(super) fn readings(&self, w: &Wanted) -> Option<&Readings> {
        match &self.source {
            Source::Events(_) => self.readings.get(w),
            Source::Totals(t) => t.readings.get(&(w.0, w.1)),
        }
    }

    /// Whether a quantity needs single events: its metric's parts do not add up.
    pub(super) fn needs_readings(&self, metric: &Text) -> bool {
        matches!(self.source, Source::Events(_)) && !self.aggregation(metric).adds_up()
    }

    /// The quantity of `[from, to)`; `None` where it cannot be said.
    pub(super) fn total(&self, w: &Wanted, from: i64, to: i64) -> Option<Decimal> {
        let group = (w.0, w.1);
        let e = match &self.source {
            Source::Totals(t) => {
                return t.readings.get(&group).map_or(Some(Decimal::ZERO), |r| r.total(from, to));
            }
            Source::Events(e) => e,
        };
        let aggregation = self.aggregation(&w.1);
        let Some(keys) = e.groups.get(&group) else { return Some(Decimal::ZERO) };
        if !aggregation.adds_up() {
            return self.readings.get(w)?.total(from, to);
        }
        let mut parts = Vec::new();
        for &key in keys {
            if w.2.is_some() && e.metering.keys()[key as usize].dimension != w.2 {
                continue;
            }
            let cuts = &e.cuts[key as usize];
            let (a, b) = (cuts.binary_search(&from).ok()?, cuts.binary_search(&to).ok()?);
            for interval in e.sums.intervals[key as usize].get(a + 1..=b)? {
                parts.push(match aggregation {
                    Aggregation::Count => Decimal::from(interval.count),
                    _ => interval.sum,
                });
            }
        }
        decimal::sum(parts)
    }
}

fn merged(e: &Events<'_>, events: &[Vec<Event>], w: &Wanted) -> Result<Vec<Event>> {
    let keys = e.groups.get(&(w.0, w.1)).map_or(&[][..], Vec::as_slice);
    let fits = |k: &&u32| w.2.is_none() || e.metering.keys()[**k as usize].dimension == w.2;
    let mut list: Vec<Event> =
        keys.iter().filter(fits).flat_map(|k| events[*k as usize].iter().cloned()).collect();
    if keys.len() > 1 {
        e.metering.sort(&mut list)?;
    }
    Ok(list)
}

/// Each key's cuts: the ends of its group's lines and of the periods in which its metric was billed to others.
fn cuts(
    inputs: &Inputs<'_>,
    lines: &[Line],
    candidates: &Candidates,
    groups: &BTreeMap<Group, Vec<u32>>,
    keys: usize,
) -> Vec<Arc<[i64]>> {
    let mut own: HashMap<(&str, &str), BTreeSet<i64>> = HashMap::new();
    for l in lines {
        own.entry((&l.account, &l.metric)).or_default().extend([l.start, l.end]);
    }
    let mut shared: HashMap<(Text, chrono_tz::Tz), Arc<[i64]>> = HashMap::new();
    let none: Arc<[i64]> = Arc::from([]);
    let mut cuts = vec![none; keys];
    for ((account, metric), members) in groups {
        let zone = inputs.agreed_zone(account, None);
        let common = shared
            .entry((*metric, zone))
            .or_insert_with(|| candidates.edges(metric, zone).into_iter().collect::<Vec<_>>().into())
            .clone();
        let mine = own.get(&(&**account, &**metric));
        let all = match mine {
            Some(mine) if !mine.iter().all(|c| common.binary_search(c).is_ok()) => {
                let set: BTreeSet<i64> = common.iter().chain(mine).copied().collect();
                set.into_iter().collect::<Vec<_>>().into()
            }
            _ => common,
        };
        for &key in members {
            cuts[key as usize] = all.clone();
        }
    }
    cuts
}

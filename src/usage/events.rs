//! The single events of some keys, each whole, in order.
//!
//! They are remembered. Where more exports have come since, only those are read, and the older events of which it is
//! now decided otherwise whether they count.

use super::{
    alike::dead_in,
    memo,
    meter::{Event, Metering, State, instant, nanos},
    pack::BlockView,
    scan::{BlockAt, PartInfo, Row, Scan, cores, within},
};
use anyhow::{Context as _, Result};
use std::{collections::HashMap, sync::Arc};

/// Events of one key that are known, and the rows of those that come in their place or beside them.
struct Known {
    lists: Vec<Vec<Event>>,
    /// Events from this on are not among them.
    old: Row,
    /// Rows before that of which it is decided anew whether they count, rising.
    anew: Vec<Row>,
}

impl Known {
    fn wants(&self, block: &BlockAt) -> bool {
        block.first >= self.old || !within(&self.anew, block).is_empty()
    }

    /// Whether an event has to be read.
    fn lacks(&self, row: Row) -> bool {
        row >= self.old || self.anew.binary_search(&row).is_ok()
    }
}

impl Metering<'_> {
    /// Every event (further copies marked) of the wanted keys, by time and id.
    pub fn events(&mut self, wanted: &[bool]) -> Result<Vec<Vec<Event>>> {
        let all = self.parts.len();
        if let Some(lists) = self.recall_events(all, wanted)? {
            return self.in_files(lists);
        }
        if self.dead.is_none() {
            // The sums were remembered; which events do not count may be too.
            self.dead = self.recall_dead(all)?;
        }
        if self.dead.is_none() {
            let nothing: Arc<[i64]> = Arc::from([]);
            self.compute(&vec![nothing; self.keys().len()], 0, State::default(), Vec::new())?;
        }
        let known = self.known_events(wanted)?;
        let lists = self.read_events(wanted, known)?;
        if self.worth_remembering() {
            let name = self.events_name(all, wanted);
            self.fresh.extend(name.zip(memo::of_events(&lists)));
        }
        self.in_files(lists)
    }

    fn events_name(&self, parts: usize, wanted: &[bool]) -> Option<[u8; 32]> {
        let wanted: Vec<u8> = wanted.iter().map(|w| u8::from(*w)).collect();
        self.name_of(parts, "events", &wanted)
    }

    /// The events of the first parts, where they are remembered.
    fn recall_events(&self, parts: usize, wanted: &[bool]) -> Result<Option<Vec<Vec<Event>>>> {
        let wanted = &wanted[..self.keys_of.get(parts.wrapping_sub(1)).copied().unwrap_or(0)];
        let Some(name) = self.events_name(parts, wanted) else { return Ok(None) };
        let lists = self.cache.recall(&name)?.as_deref().and_then(memo::to_events);
        Ok(lists.filter(|l| l.len() == wanted.len()))
    }

    /// The events that are remembered of the most parts; none where nothing is.
    fn known_events(&self, wanted: &[bool]) -> Result<Known> {
        let dead = self.dead.as_deref().unwrap_or_default();
        for parts in (1..self.parts.len()).rev() {
            let Some(lists) = self.recall_events(parts, wanted)? else { continue };
            let Some(were) = self.recall_dead(parts)? else { continue };
            let old = self.scan()?.first_of(parts);
            let anew = differing(&were, &dead[..dead.partition_point(|(row, _)| *row < old)]);
            return Ok(Known { lists, old, anew });
        }
        Ok(Known { lists: Vec::new(), old: 0, anew: Vec::new() })
    }

    /// Files in place of parts.
    fn in_files(&self, mut lists: Vec<Vec<Event>>) -> Result<Vec<Vec<Event>>> {
        for event in lists.iter_mut().flatten() {
            event.file = self.parts.get(event.file).context("an unknown part")?.file;
        }
        Ok(lists)
    }

    /// Adds to what is known what it lacks.
    fn read_events(&self, wanted: &[bool], known: Known) -> Result<Vec<Vec<Event>>> {
        let wanted_parts: Vec<Vec<bool>> =
            self.parts.iter().map(|p| p.series.iter().map(|(_, k)| wanted[*k as usize]).collect()).collect();
        let dead = self.dead.as_deref().unwrap_or_default();
        let (scan, parts) = (self.scan()?, &self.parts);
        let shares = scan.run(
            cores(),
            |block| known.wants(block),
            Vec::new,
            |found: &mut Vec<(u32, Event)>, block, view| {
                let wanted = &wanted_parts[block.part];
                let series = view.series()?;
                let rows: Vec<usize> = (block.span().zip(0..))
                    .filter(|&(row, at)| wanted[series[at] as usize] && known.lacks(row))
                    .map(|(_, at)| at)
                    .collect();
                read_rows(&parts[block.part], block, view, &series, &rows, dead, found)
            },
        )?;
        let Known { mut lists, old, anew } = known;
        lists.resize(self.keys().len(), Vec::new());
        if !anew.is_empty() {
            lists.iter_mut().for_each(|list| list.retain(|e| anew.binary_search(&e.row).is_err()));
        }
        for (key, event) in shares.into_iter().flatten() {
            lists[key as usize].push(event);
        }
        let new = |e: &Event| e.row >= old || anew.binary_search(&e.row).is_ok();
        sort(&scan, &mut lists, new)?;
        Ok(lists)
    }

    /// Sorts events by time and id.
    pub fn sort(&self, events: &mut Vec<Event>) -> Result<()> {
        sort(&self.scan()?, std::slice::from_mut(events), |_| true)
    }
}

/// Rows of a block, which does not count those that are dead; further copies are marked.
fn read_rows(
    part: &PartInfo,
    block: &BlockAt,
    view: &BlockView<'_, '_>,
    series: &[i64],
    rows: &[usize],
    dead: &[(Row, bool)],
    found: &mut Vec<(u32, Event)>,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let (times, quantities, lines) = (view.times()?, view.quantities()?, view.lines()?);
    let (ingested, unique) = (view.ingested()?, view.unique()?);
    let dead = dead_in(dead, block);
    for &at in rows {
        let row = block.first + u32::try_from(at)?;
        let again = match dead.binary_search_by_key(&row, |(r, _)| *r) {
            Ok(i) if !dead[i].1 => continue,
            Ok(_) => true,
            Err(_) => false,
        };
        let (form, key) = part.series[series[at] as usize];
        let event = Event {
            time: instant(times[at], form, part.zone),
            quantity: quantities.get(at).normalize(),
            ingested: ingested.as_ref().and_then(|i| i[at]).and_then(|s| nanos(s, part.zone)),
            unique: unique.as_ref().and_then(|u| u[at]),
            again,
            file: block.part,
            line: lines.get(at),
            row,
        };
        found.push((key, event));
    }
    Ok(())
}

/// Sorts each list by time and id; those that are not new are in that order already. Ids are read only where times are
/// equal.
fn sort(scan: &Scan<'_, '_>, lists: &mut [Vec<Event>], new: impl Fn(&Event) -> bool) -> Result<()> {
    let tied = |run: &[Event]| run.len() > 1 && run.iter().any(&new);
    let mut rows: Vec<Row> = Vec::new();
    for list in lists.iter_mut() {
        // Stable: what is not new stays in its order.
        list.sort_by_key(|e| e.time);
        let runs = list.chunk_by(|a, b| a.time == b.time).filter(|run| tied(run));
        rows.extend(runs.flatten().map(|e| e.row));
    }
    if rows.is_empty() {
        return Ok(());
    }
    rows.sort_unstable();
    let ids: HashMap<Row, String> = scan.id_texts(&rows)?;
    for list in lists {
        for run in list.chunk_by_mut(|a, b| a.time == b.time).filter(|run| tied(run)) {
            // Equal ids stay in their order in the cache.
            run.sort_by(|a, b| (ids.get(&a.row), a.again, a.row).cmp(&(ids.get(&b.row), b.again, b.row)));
        }
    }
    Ok(())
}

/// The rows whose entry stands in one of the lists alone, rising as both do.
fn differing(one: &[(Row, bool)], other: &[(Row, bool)]) -> Vec<Row> {
    let mut all = [one, other].concat();
    // Two rising runs: a stable sort merges them.
    all.sort();
    let alone = all.chunk_by(|a, b| a == b).filter(|run| run.len() == 1);
    let mut rows: Vec<Row> = alone.map(|run| run[0].0).collect();
    rows.dedup();
    rows
}

//! Which invoice lines belong to which change.

use super::{
    change::{Event, Kind, Priced},
    inputs::{Inputs, Line},
};
use crate::{
    data::records::Text,
    judge::{pieces, proration::Cycle},
};
use std::collections::HashMap;

/// Lines by change.
pub(super) struct Attributed {
    /// For each change the indices of its lines among the inputs'.
    pub of: Vec<Vec<usize>>,
    /// Proration lines that belong to no change.
    pub loose: usize,
}

/// A line computed by another convention may begin at the start of the change's day.
const ONE_DAY: i64 = 86_400;

/// Gives each line to the nearest change of its subscription whose moment is within one unit of its period's start.
/// The largest unit is a day, since other conventions than the one in force are tried as well.
pub(super) fn attribute(
    inputs: &Inputs<'_>,
    events: &[Event<'_>],
    priced: &[Option<&Priced>],
    unit: i64,
) -> Attributed {
    let mut near: HashMap<&Text, Vec<usize>, foldhash::fast::RandomState> = HashMap::default();
    for (n, event) in events.iter().enumerate() {
        near.entry(&event.account).or_default().push(n);
        if let Some(id) = &event.subscription_id {
            near.entry(id).or_default().push(n);
        }
    }
    let mut found = Attributed { of: vec![Vec::new(); events.len()], loose: inputs.loose };
    let nearest = |line: &Line| {
        let candidates = [Some(&line.account), line.subscription.as_ref()];
        let candidates = candidates.into_iter().flatten().filter_map(|k| near.get(k)).flatten();
        let fitting = candidates.filter(|&&n| fits(inputs, line, &events[n], priced[n], unit));
        let distance = |n: &&usize| line.start.map(|s| (s - events[**n].at).abs());
        fitting.min_by_key(|n| (distance(n), **n)).copied()
    };
    let events_of = pieces::each(&inputs.lines, nearest);
    for (at, (line, event)) in inputs.lines.iter().zip(events_of).enumerate() {
        match event {
            Some(n) => found.of[n].push(at),
            None => found.loose += usize::from(&*line.row.kind == "proration"),
        }
    }
    found
}

fn fits(inputs: &Inputs<'_>, line: &Line, event: &Event<'_>, priced: Option<&Priced>, unit: i64) -> bool {
    let Some(start) = line.start.filter(|_| line.is_of(&event.account, event.subscription_id.as_ref()))
    else {
        return false;
    };
    let seconds = (start - event.at).num_seconds().abs();
    let plan = line.row.plan.as_ref();
    // What begins with the next cycle is not of this one.
    let next = priced.is_some_and(|p| !p.at_boundary && start >= p.cycle.1);
    match &*line.row.kind {
        "proration" => seconds <= ONE_DAY && !next && plan.is_none_or(|p| event.names(p)),
        "credit" => {
            let back = line.row.amount.is_sign_negative() && (plan.is_none() || plan == event.from.as_ref());
            seconds <= unit && !next && back && line.row.feature.is_none() && line.row.metric.is_none()
        }
        // The new plan's own line, where it starts with the change and not with the cycle.
        "subscription" => {
            let Some(priced) = priced.filter(|_| plan.is_some() && plan == event.to.as_ref()) else {
                return false;
            };
            let within = start > priced.cycle.0 && start < priced.cycle.1;
            let reach = if priced.change.cycle == Cycle::Anew { ONE_DAY } else { unit };
            let of_change = seconds <= reach && within || inputs.charges_anew(line, event.at, priced.cycle);
            of_change && event.kind != Kind::Cancel
        }
        _ => false,
    }
}

//! How far a score has fallen, and through what.

use super::{
    Component, Formula,
    points::{Change, Points, apportion},
    timeline::{Reading, Timeline},
};
use crate::model::decimal::Decimal;

/// What one component contributes to a fall.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The component.
    pub component: Component,
    /// Its weighted value then.
    then: Change,
    /// Weighted value now − then: negative where it pulled the score down.
    pub change: Change,
}

/// A component of a fall as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownPart {
    /// The component.
    pub component: Component,
    /// Its weighted value then.
    pub then: Decimal,
    /// What lies between then and now.
    pub change: Decimal,
}

/// Two days of an account compared over the components that both have, so that one that appears or vanishes is no
/// fall.
#[derive(Clone, Debug)]
pub struct Fall {
    /// The earlier day.
    pub then: Reading,
    /// The later day.
    pub now: Reading,
    /// The earlier score over the shared components.
    pub score_then: Points,
    /// The later one.
    pub score_now: Points,
    /// What lies between: score now − score then.
    pub change: Change,
    /// What each shared component contributes; the changes add up to [`Fall::change`]. The largest fall first.
    pub parts: Vec<Part>,
}

impl Fall {
    /// Compares two days; `None` where one has no score, or what they share has too little weight for one.
    pub fn between(formula: &Formula, then: Reading, now: Reading) -> Option<Fall> {
        let (weight, score_then, score_now) = scores(formula, &then, &now)?;
        let change = score_now.since(score_then);
        let weighted =
            |p: Points, c: Component| p.since(Points::whole(0)).weighted(formula.weight(c), weight);
        let mut parts: Vec<Part> = shared(&then, &now)
            .map(|(c, a, b)| Part {
                component: c,
                then: weighted(a, c),
                change: b.since(a).weighted(formula.weight(c), weight),
            })
            .collect();
        parts.sort_by_cached_key(|p| p.change.rounded(9));
        Some(Fall { then, now, score_then, score_now, change, parts })
    }

    /// The parts as decimals of `places`: their changes add up to the change as it is shown to as many, their values
    /// then to the earlier score.
    pub fn shown(&self, places: u32) -> Vec<ShownPart> {
        let of = |part: fn(&Part) -> Change, total: Change| {
            let parts: Vec<Change> = self.parts.iter().map(part).collect();
            apportion(&parts, total, places)
        };
        let then = of(|p| p.then, self.score_then.since(Points::whole(0)));
        let changes = of(|p| p.change, self.change);
        let parts = self.parts.iter().zip(then.into_iter().zip(changes));
        parts.map(|(p, (then, change))| ShownPart { component: p.component, then, change }).collect()
    }
}

/// The components that both days have, with their points then and now.
fn shared(then: &Reading, now: &Reading) -> impl Iterator<Item = (Component, Points, Points)> + Clone {
    Component::ALL.into_iter().filter_map(|c| Some((c, then.component(c)?, now.component(c)?)))
}

/// Over the components that both days have: their weight, and the score then and now.
fn scores(formula: &Formula, then: &Reading, now: &Reading) -> Option<(u32, Points, Points)> {
    then.score()?;
    now.score()?;
    let weight: u32 = shared(then, now).map(|(c, _, _)| formula.weight(c)).sum();
    let all: u32 = formula.weights.iter().sum();
    if weight == 0 || weight * 100 < formula.least_coverage * all {
        return None;
    }
    let score_then = Points::mean(shared(then, now).map(|(c, a, _)| (formula.weight(c), a)))?;
    let score_now = Points::mean(shared(then, now).map(|(c, _, b)| (formula.weight(c), b)))?;
    Some((weight, score_then, score_now))
}

impl Timeline<'_> {
    /// By how much the score changed from the day `days` before a day to it: [`Fall::change`] without the rest.
    fn shift(&self, now: &Reading, days: u32) -> Option<Change> {
        let then = self.on(now.day - chrono::TimeDelta::days(days.into()))?;
        let (_, score_then, score_now) = scores(self.formula(), &then, now)?;
        Some(score_now.since(score_then))
    }

    /// The change from the day `days` before a day to it.
    pub fn change(&self, now: &Reading, days: u32) -> Option<Fall> {
        let then = self.on(now.day - chrono::TimeDelta::days(days.into()))?;
        Fall::between(self.formula(), then, *now)
    }

    /// The deepest fall to a day from one of the `days` before it; the latest of equally deep ones. `None` where no pair of days can be compared.
    pub fn deepest(&self, now: &Reading, days: u32) -> Option<Fall> {
        let shifts = (1..=days).filter_map(|back| Some((back, self.shift(now, back)?)));
        let (back, _) = shifts.min_by_key(|(_, change)| change.rounded(12))?;
        self.change(now, back)
    }

    /// Whether the score fell by `points` or more within `days`, on any of the last `over` days; both ends lie in
    /// them.
    pub fn fell_within(&self, points: Decimal, days: u32, over: u32) -> bool {
        (0..over).filter_map(|back| Some((back, self.ago(back)?))).any(|(back, now)| {
            (1..=days.min(over - back))
                .any(|d| self.shift(&now, d).is_some_and(|change| change.falls_by(points)))
        })
    }
}

/// Accounts below which a base is too small to speak of.
const LEAST_BASE: usize = 3;

/// How far the whole base fell: the median of the accounts' deepest falls, in points with one decimal, where at least
/// three quarters of them fell by `least` or more; 0 in ordinary times and for fewer than three accounts. A holiday or
/// an outage moves everybody; one account in trouble, or two of three, do not make the base.
pub fn base_fall(falls: &[Change], least: Decimal) -> Decimal {
    let fallen = falls.iter().filter(|f| f.falls_by(least)).count();
    if falls.len() < LEAST_BASE || fallen * 4 < falls.len() * 3 {
        return Decimal::ZERO;
    }
    let mut points: Vec<Decimal> = falls.iter().map(|f| -f.rounded(9)).collect();
    points.sort_unstable();
    let middle = points.len() / 2;
    let median = match points.len() % 2 {
        1 => points[middle],
        _ => (points[middle - 1] + points[middle]) / Decimal::TWO,
    };
    median.round_dp_with_strategy(1, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
}

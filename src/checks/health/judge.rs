//! Runs the check: loads, judges each account, tells.

use super::{
    assess::{Assessed, Limits, NO_SCORE, assess, drop_of, history as history_of, leak_of},
    findings::Teller,
    rows,
};
use crate::{
    data::{Data, records::Account},
    engine::Outcome,
    judge::{
        health::{self, Change, Customer, Loaded, State, fall::base_fall, points::TENTHS},
        naming::{IDENTITIES, Words},
        pieces,
    },
    model::{decimal::Decimal, text::counted},
    report::{Finding, Problem, Row, RowSource, RowsNeeded, Severity, telling},
};
use anyhow::Result;
use serde_json::{Value, json};
use std::{collections::BTreeMap, io, sync::Arc};

/// Runs the check.
pub(super) fn run(data: &Data<'_>) -> Result<Outcome> {
    let limits = Limits::of(data.settings)?;
    let loaded = Arc::new(health::load(data, limits.back(), limits.activity_days())?);
    let mut out = Outcome { excluded: loaded.excluded, ..Outcome::default() };
    if let Some(problem) = names_differ(data, &loaded) {
        out.problems.push(problem);
        out.not_judged = loaded.accounts.len() as u64;
        "activity and accounts name different accounts".clone_into(&mut out.headline);
        return Ok(out);
    }
    notes(data, &loaded, &mut out);
    let scored = pairs(&loaded);
    let assessed = assess_all(&loaded, &limits, &scored);
    let base = base(&assessed, &limits);
    let mut told = Told { data, loaded: &loaded, limits: &limits, base, out };
    let worst: Vec<u8> = scored
        .iter()
        .zip(&assessed)
        .map(|((account, customer), a)| told.account(account, customer, a))
        .collect();
    told.rows(&scored, &assessed, &worst);
    told.history(&assessed);
    told.close(&assessed);
    Ok(told.out)
}

/// The accounts that are not canceled, each with what its score is made of.
fn pairs(loaded: &Loaded) -> Vec<(&Account, &Customer)> {
    let live = loaded.accounts.iter().filter(|a| &*a.status != "canceled");
    live.filter_map(|a| Some((a, loaded.health.find(&a.account_id)?))).collect()
}

/// Whether most ids of the activity export match no account: then nothing is judged.
fn names_differ(data: &Data<'_>, loaded: &Loaded) -> Option<Problem> {
    let problem = loaded.names().problem(
        &Words {
            kind: ("id", "ids"),
            clause: "in activity match no account, so nothing was judged",
            remedy: IDENTITIES,
        },
        loaded.accounts.iter().map(|a| &*a.account_id),
    )?;
    Some(data.blame("activity", problem))
}

/// How the data was read and what it lacks.
fn notes(data: &Data<'_>, loaded: &Loaded, out: &mut Outcome) {
    let activity = loaded.health.activity();
    if let Some((first, last)) = activity.span() {
        out.notes.push(format!("activity covers {first} to {last}"));
        if loaded.back > 0 {
            let back = counted(loaded.back.unsigned_abs(), "day", "days");
            out.notes.push(format!(
                "judged at {}, {back} back: the day after the last one that activity covers",
                loaded.health.day()
            ));
        }
    }
    let mut left_out = |lacks: bool, what: &str| {
        if lacks {
            out.notes.push(what.to_owned());
        }
    };
    left_out(!data.has("tickets"), "no tickets: sentiment left out");
    left_out(!data.has("payments"), "no payments: billing by the accounts' own state alone");
    left_out(!activity.measured.logins, "activity has no logins: that component left out");
    left_out(!activity.measured.features, "activity has no features_used: adoption left out");
    left_out(!activity.measured.api_calls, "activity has no api_calls: that component left out");
    let listed = data.has_column("plans", "features");
    left_out(
        activity.measured.features && !listed,
        "no plan lists its features: adoption counts against what any account on the plan used",
    );
    out.unmatched_ids = loaded.unknown.len() as u64;
    if out.unmatched_ids > 0 {
        let ids = counted(out.unmatched_ids, "id of activity matches", "ids of activity match");
        out.notes.push(format!("{ids} no account"));
    }
}

/// Judges all accounts, on every core where there are many.
fn assess_all(loaded: &Loaded, limits: &Limits, scored: &[(&Account, &Customer)]) -> Vec<Assessed> {
    let health = &loaded.health;
    let one = |(account, customer): &(&Account, &Customer)| assess(health, limits, account, customer);
    pieces::each(scored, one)
}

/// How far the whole base fell within the drop's days.
fn base(assessed: &[Assessed], limits: &Limits) -> Decimal {
    let falls: Vec<Change> = assessed.iter().filter_map(|a| a.deepest).collect();
    base_fall(&falls, limits.base_fall)
}

/// How many scores there are, and the median of them: the lower one of two. All in tenths.
fn median(scores: impl Iterator<Item = u16>) -> (usize, Option<u16>) {
    let mut of = [0usize; TENTHS as usize + 1];
    scores.for_each(|s| of[usize::from(s.min(TENTHS))] += 1);
    let all: usize = of.iter().sum();
    let mut up_to = 0;
    let reached = (0..).zip(of).find(|(_, n)| {
        up_to += n;
        up_to * 2 >= all
    });
    (all, reached.filter(|_| all > 0).map(|(tenths, _)| tenths))
}

/// The rows of a history: every account's scores day by day.
#[derive(Debug)]
struct History {
    loaded: Arc<Loaded>,
    limits: Limits,
    /// The accounts by their number among the scored ones, each with the order of its rows in a table.
    ranks: Vec<(usize, rows::Rank)>,
    count: u64,
}

impl RowSource for History {
    fn count(&self) -> u64 {
        self.count
    }

    fn each(&self, take: &mut dyn FnMut(Row) -> io::Result<()>) -> io::Result<()> {
        let scored = pairs(&self.loaded);
        for (at, rank) in &self.ranks {
            let Some((account, customer)) = scored.get(*at) else { continue };
            let days = history_of(&self.loaded.health, &self.limits, customer);
            let rows = rows::history(account, &self.loaded.customers, &days, *rank);
            rows.into_iter().try_for_each(&mut *take)?;
        }
        Ok(())
    }
}

struct Told<'t, 'd> {
    data: &'t Data<'d>,
    loaded: &'t Arc<Loaded>,
    limits: &'t Limits,
    base: Decimal,
    out: Outcome,
}

impl Told<'_, '_> {
    fn count(&mut self, code: &'static str, judged: bool) {
        let (yes, no) = self.out.judged.entry(code).or_default();
        *(if judged { yes } else { no }) += 1;
    }

    /// Judges an account; returns how bad its worst finding is: 0 with an error, 1 with a warning, 2 without one.
    fn account(&mut self, account: &Account, customer: &Customer, a: &Assessed) -> u8 {
        match a.now.state {
            State::Unknown => self.out.not_judged += 1,
            State::Scored | State::New => self.out.checked += 1,
        }
        let found = self.findings(account, customer, a);
        let worst = found.iter().map(|f| u8::from(f.severity != Severity::Error)).min().unwrap_or(2);
        self.out.findings.extend(found);
        worst
    }

    /// The rows that are needed: of the accounts that are asked for, a row each or one for each day of the history.
    fn rows(&mut self, scored: &[(&Account, &Customer)], assessed: &[Assessed], worst: &[u8]) {
        let settings = self.data.settings;
        let wanted = |at: &usize| {
            settings.accounts.is_empty() || settings.accounts.contains(&*scored[*at].0.account_id)
        };
        let rank = |at: usize| rows::rank(worst[at], &assessed[at].now);
        let made: Vec<usize> = match settings.rows_needed {
            RowsNeeded::None => return,
            RowsNeeded::Telling => telling(scored.len(), |at| worst[at] < 2, |a, b| rank(a).cmp(&rank(b))),
            RowsNeeded::Each | RowsNeeded::All => (0..scored.len()).filter(wanted).collect(),
        };
        let history = self.limits.history > 0;
        if history && settings.rows_needed == RowsNeeded::Each {
            let ranks = made.iter().map(|at| (*at, rank(*at)));
            self.out.rows_later = Some(Arc::new(History {
                loaded: Arc::clone(self.loaded),
                limits: self.limits.clone(),
                ranks: ranks.collect(),
                count: made.iter().flat_map(|at| assessed[*at].days).map(u64::from).sum(),
            }));
            return;
        }
        for at in &made {
            let (account, customer) = scored[*at];
            let (a, customers) = (&assessed[*at], &self.loaded.customers);
            if history {
                let days = history_of(&self.loaded.health, self.limits, customer);
                self.out.rows.extend(rows::history(account, customers, &days, rank(*at)));
            } else {
                self.out.rows.push(rows::row(account, customers, a, rank(*at)));
            }
        }
        if settings.rows_needed >= RowsNeeded::Each {
            return;
        }
        let mut left = vec![true; scored.len()];
        made.iter().for_each(|at| left[*at] = false);
        let states = [State::Scored, State::New, State::Unknown];
        for (a, _) in assessed.iter().zip(left).filter(|(_, left)| *left) {
            let days = if history { a.days } else { states.map(|s| u32::from(s == a.now.state)) };
            for (state, n) in states.iter().zip(days).filter(|(_, n)| *n > 0) {
                *self.out.rows_left.entry(state.name().to_owned()).or_default() += u64::from(n);
            }
        }
    }

    fn findings(&mut self, account: &Account, customer: &Customer, a: &Assessed) -> Vec<Finding> {
        let teller = Teller { data: self.data, loaded: self.loaded, limits: self.limits, account };
        let mut found = Vec::new();
        let new = a.now.state == State::New;
        let limits = self.limits;
        if !new {
            self.count("health/drop", a.deepest.is_some());
            self.count("health/low", a.now.score().is_some());
            self.count("health/slow-leak", a.leak.is_some());
            self.count("health/decline", a.decline.is_some());
        }
        let dropped = a.deepest.is_some_and(|c| c.falls_by(limits.drop + self.base));
        if dropped && let Some(fall) = drop_of(&self.loaded.health, limits, customer) {
            found.push(teller.drop(&fall, self.base));
        }
        if let Some(Some(decline)) = &a.decline {
            found.push(teller.decline(a, decline, !dropped));
        }
        if a.now.score().is_some_and(|s| s.compare(limits.low).is_lt()) {
            found.extend(teller.low(a));
        }
        self.count("health/feature-abandoned", a.abandoned.is_some());
        found.extend(a.abandoned.iter().flatten().map(|f| teller.abandoned(f)));
        if a.leak == Some(true)
            && !dropped
            && let Some(fall) = leak_of(&self.loaded.health, limits, customer)
        {
            found.push(teller.leak(&fall));
        }
        if let Some(silent) = a.silent {
            self.count("health/no-activity", true);
            found.extend(silent.then(|| teller.silent()));
        }
        found
    }

    /// The base's median score by day, where a history was asked for.
    fn history(&mut self, assessed: &[Assessed]) {
        if self.limits.history == 0 {
            return;
        }
        self.out.columns = Some(rows::HISTORY);
        let days: Vec<Value> = (0..self.limits.history)
            .map(|at| {
                let scores = assessed.iter().filter_map(|a| a.scores.get(at as usize).copied());
                let (scored, median) = median(scores.filter(|s| *s != NO_SCORE));
                let date = self.loaded.health.days_ago(self.limits.history - 1 - at).to_string();
                json!({
                    "date": date,
                    "scored": scored,
                    "median": median.map(|m| rows::one_place(Decimal::new(m.into(), 1))),
                })
            })
            .collect();
        self.out.own.insert("history".to_owned(), days.into());
    }

    fn close(&mut self, assessed: &[Assessed]) {
        let of = |state: State| assessed.iter().filter(|a| a.now.state == state).count() as u64;
        let (scored, new, unknown) = (of(State::Scored), of(State::New), of(State::Unknown));
        let day = self.loaded.health.day().to_string();
        let own = &mut self.out.own;
        own.insert("day".to_owned(), day.clone().into());
        own.insert("scored".to_owned(), scored.into());
        own.insert("new".to_owned(), new.into());
        own.insert("unknown".to_owned(), unknown.into());
        own.insert("base_fall".to_owned(), rows::one_place(self.base).into());
        if !self.base.is_zero() {
            self.out.notes.push(format!(
                "the whole base fell by {} points within {} days (median of the accounts): single accounts are judged \
                 against that",
                rows::one_place(self.base),
                self.limits.drop_days
            ));
        }
        let mut by_code: BTreeMap<&str, u64> = BTreeMap::new();
        for f in &self.out.findings {
            *by_code.entry(f.code).or_default() += 1;
        }
        let words = [
            ("health/drop", "dropped"),
            ("health/decline", "in decline"),
            ("health/slow-leak", "leaking slowly"),
            ("health/low", "low"),
            ("health/no-activity", "without activity"),
        ];
        let told: Vec<String> = words
            .iter()
            .filter_map(|(code, word)| by_code.get(code).map(|n| format!("{n} {word}")))
            .collect();
        let what = if told.is_empty() { "none in trouble".to_owned() } else { told.join(", ") };
        let mut rest = Vec::new();
        if new > 0 {
            rest.push(format!("{new} too new for a score"));
        }
        if unknown > 0 {
            rest.push(format!("{unknown} with too little data"));
        }
        let rest = if rest.is_empty() { String::new() } else { format!("; {}", rest.join(", ")) };
        self.out.headline =
            format!("{} scored on {day}: {what}{rest}", counted(scored, "account", "accounts"));
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_the_lower_of_two_in_the_middle() {
        let of = |scores: &[u16]| median(scores.iter().copied());
        assert_eq!(of(&[]), (0, None));
        assert_eq!(of(&[0]), (1, Some(0)));
        assert_eq!(of(&[1000]), (1, Some(1000)));
        assert_eq!(of(&[700, 10]), (2, Some(10)));
        assert_eq!(of(&[30, 20, 10, 20]), (4, Some(20)));
        assert_eq!(of(&[30, 20, 10]), (3, Some(20)));
        assert_eq!(of(&[5, 5, 7, 9, 1]), (5, Some(5)));
    }
}

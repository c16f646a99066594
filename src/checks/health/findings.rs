//! Findings in words and figures.

use super::{
    assess::{Assessed, BEFORE_DAYS, DECLINE_DAYS, Decline, Limits, lowest_first},
    rows::one_place,
};
use crate::{
    data::{
        At, Data,
        records::{Account, Text},
    },
    judge::{
        customers::Customers,
        health::{Abandoned, Fall, Loaded, Logins},
    },
    model::{
        decimal::{Decimal, Exact, shortest},
        money::{self, Money},
        text::{counted, grouped},
    },
    report::{Diff, Evidence, Finding, Severity, Subject},
};
use chrono::NaiveDate;

/// Makes the findings of one account.
pub(super) struct Teller<'t, 'd> {
    pub(super) data: &'t Data<'d>,
    pub(super) loaded: &'t Loaded,
    pub(super) limits: &'t Limits,
    pub(super) account: &'t Account,
}

/// `16.7`, `-3.0`: signed, one decimal.
fn signed(value: Decimal) -> String {
    let plus = if value > Decimal::ZERO { "+" } else { "" };
    format!("{plus}{}", one_place(value))
}

/// `a`, `a and b`, `a, b and c`.
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

impl Teller<'_, '_> {
    fn id(&self) -> &Text {
        &self.account.account_id
    }

    /// The account's revenue, where there is any.
    fn arr(&self) -> Option<&Money> {
        self.customers().arr(self.id()).filter(|m| m.amount > Decimal::ZERO)
    }

    fn customers(&self) -> &Customers {
        &self.loaded.customers
    }

    /// `Umbra Health (acct_03, 48,000.00 USD a year)`.
    fn who(&self) -> String {
        let arr = self
            .arr()
            .map(|m| format!("{} {} a year", grouped(&money::format(m.amount, &m.currency)), m.currency));
        match (&self.account.name, arr) {
            (Some(name), Some(arr)) => format!("{name} ({}, {arr})", self.id()),
            (Some(name), None) => format!("{name} ({})", self.id()),
            (None, Some(arr)) => format!("{} ({arr})", self.id()),
            (None, None) => self.id().to_string(),
        }
    }

    fn finding(&self, code: &'static str, severity: Severity, message: &str, action: &str) -> Finding {
        let subject = Subject { kind: "account".to_owned(), id: self.id().to_string() };
        let mut f = Finding::new(code, severity, Some(self.id()), subject);
        let manager = self.account.account_manager.as_ref();
        f.message = match manager {
            Some(manager) => format!("{message} Account manager: {manager}."),
            None => message.to_owned(),
        };
        action.clone_into(&mut f.action);
        f.owner = "cs";
        f.evidence = vec![self.data.evidence("accounts", self.account.at)];
        f
    }

    fn activity(&self, rows: impl IntoIterator<Item = At>) -> Vec<Evidence> {
        rows.into_iter().map(|at| self.data.evidence("activity", at)).collect()
    }

    fn activity_of(&self, from_ago: u32, to_ago: u32) -> Vec<Evidence> {
        let health = &self.loaded.health;
        self.activity(health.rows(self.id(), health.days_ago(from_ago), health.days_ago(to_ago)))
    }

    /// The tickets and failed payments of `[from, D)`.
    fn troubles(&self, from: NaiveDate) -> Vec<Evidence> {
        let zone = self.data.settings.timezone;
        let day = self.loaded.health.day();
        let within = |d: NaiveDate| from <= d && d < day;
        let tickets = self.loaded.tickets.get(&self.account.account_id).into_iter().flatten();
        let tickets = tickets
            .filter(|t| within(crate::judge::health::day_of(t.created_at, zone)))
            .map(|t| self.data.evidence("tickets", t.at));
        let failures = self.loaded.failures.get(&self.account.account_id).into_iter().flatten();
        let failures =
            failures.filter(|(d, _)| within(*d)).map(|(_, at)| self.data.evidence("payments", *at));
        tickets.chain(failures).collect()
    }

    /// The differences of a fall: the score, then each component's weighted value; they add up.
    fn diffs(fall: &Fall) -> Vec<Diff> {
        let then = fall.score_then.rounded(9);
        let mut diffs = vec![Diff::decimals("score", then, then + fall.change.rounded(9))];
        let parts = fall.shown(9);
        diffs.extend(parts.iter().map(|p| Diff::decimals(p.component.name(), p.then, p.then + p.change)));
        diffs
    }

    /// `logins -11.7, sentiment -17.8`: the components that moved, most fallen first.
    fn parts(fall: &Fall) -> String {
        let moved: Vec<String> = fall
            .shown(1)
            .into_iter()
            .filter(|p| !p.change.is_zero())
            .map(|p| format!("{} {}", p.component.name(), signed(p.change)))
            .collect();
        if moved.is_empty() { "no component by as much as 0.1".to_owned() } else { moved.join(", ") }
    }

    fn from_to(fall: &Fall) -> String {
        format!(
            "from {} on {} to {} on {}",
            one_place(fall.score_then.rounded(1)),
            fall.then.day,
            one_place(fall.score_now.rounded(1)),
            fall.now.day
        )
    }

    pub(super) fn drop(&self, fall: &Fall, base: Decimal) -> Finding {
        let mut message = format!(
            "{} fell {} points within {}, {}: {}.",
            self.who(),
            one_place(-fall.change.rounded(1)),
            counted(self.limits.drop_days.into(), "day", "days"),
            Self::from_to(fall),
            Self::parts(fall)
        );
        if !base.is_zero() {
            message.push_str(&format!(
                " All accounts fell by {} (median); this one by {} more.",
                one_place(base),
                one_place(-fall.change.rounded(1) - base)
            ));
        }
        let action =
            "Call the customer this week about the component that fell most, with its figures at hand.";
        let mut f = self.finding("health/drop", Severity::Error, &message, action);
        f.diff = Self::diffs(fall);
        f.impact = self.arr().cloned();
        f.evidence.extend(self.activity_of(DECLINE_DAYS, 0));
        f.evidence.extend(self.troubles(self.loaded.health.days_ago(30)));
        f
    }

    /// `worth`: whether the account's revenue is not yet at stake in another finding.
    pub(super) fn decline(&self, a: &Assessed, decline: &Decline, worth: bool) -> Finding {
        let (logins, against, ago, days) = match decline {
            Decline::Months(l) => (l, "60 days before", super::assess::DECLINE_AGO, DECLINE_DAYS),
            Decline::Weeks(l) => (l, "the four weeks before", DECLINE_DAYS, BEFORE_DAYS),
        };
        let share = percent_of(logins);
        let (then, now) = logins.means().map_or_else(Default::default, |(then, now, _)| (then, now));
        let mut message = format!(
            "{} logs in {share} % as often as {against}: {} a day over the last {DECLINE_DAYS} days, {} then.",
            self.who(),
            one_place(now.round_dp(9)),
            one_place(then.round_dp(9))
        );
        let given_up: Vec<String> = a.abandoned.iter().flatten().map(|f| f.feature.to_string()).collect();
        if !given_up.is_empty() {
            message.push_str(&format!(" It no longer uses {}.", listed(&given_up)));
        }
        let action = "Have the account manager and an executive speak with the customer now, while nothing is decided.";
        let mut f = self.finding("health/decline", Severity::Error, &message, action);
        f.diff = vec![Diff::decimals("daily_logins", then, now)];
        f.impact = self.arr().filter(|_| worth).cloned();
        f.evidence.extend(self.activity_of(ago + days, ago));
        f.evidence.extend(self.activity_of(DECLINE_DAYS, 0));
        f.evidence.dedup();
        f
    }

    pub(super) fn low(&self, a: &Assessed) -> Option<Finding> {
        let score = a.now.score()?;
        let parts: Vec<String> = lowest_first(&a.now)
            .into_iter()
            .map(|(c, p)| format!("{} {}", c.name(), one_place(p.rounded(1))))
            .collect();
        let message = format!(
            "{} scores {}, under {}: {}.",
            self.who(),
            one_place(score.rounded(1)),
            shortest(self.limits.low),
            parts.join(", ")
        );
        let action = "Agree on a plan with the customer, starting with the lowest component.";
        let mut f = self.finding("health/low", Severity::Warning, &message, action);
        f.diff = vec![Diff::decimals("score", self.limits.low, score.rounded(9))];
        f.evidence.extend(self.activity_of(DECLINE_DAYS, 0));
        f.evidence.extend(self.troubles(self.loaded.health.days_ago(30)));
        Some(f)
    }

    pub(super) fn abandoned(&self, feature: &Abandoned) -> Finding {
        let message = format!(
            "{} used {} on {} of the four weeks before {}, last on {}, and not since.",
            self.who(),
            feature.feature,
            counted(feature.days.into(), "day", "days"),
            self.loaded.health.days_ago(DECLINE_DAYS),
            feature.last
        );
        let action = "Ask the people who used it what stopped them, and tell product.";
        let mut f = self.finding("health/feature-abandoned", Severity::Warning, &message, action);
        f = f.with_key("feature", &*feature.feature);
        f.diff = vec![Diff::decimals("days_used", feature.days.into(), Decimal::ZERO)];
        f.evidence.extend(self.activity(feature.rows.iter().copied()));
        f
    }

    pub(super) fn leak(&self, fall: &Fall) -> Finding {
        let message = format!(
            "{} lost {} points over {} without a drop in any week, {}: {}.",
            self.who(),
            one_place(-fall.change.rounded(1)),
            counted(self.limits.leak_days.into(), "day", "days"),
            Self::from_to(fall),
            Self::parts(fall)
        );
        let action = "Go through the last two months with the account manager, and call the customer.";
        let mut f = self.finding("health/slow-leak", Severity::Warning, &message, action);
        f.diff = Self::diffs(fall);
        f.evidence.extend(self.activity_of(DECLINE_DAYS, 0));
        f.evidence.extend(self.troubles(self.loaded.health.days_ago(30)));
        f
    }

    pub(super) fn silent(&self) -> Finding {
        let health = &self.loaded.health;
        let last = match health.last_use(self.id()) {
            Some(day) => format!("it was last active on {day}"),
            None if health.activity().knows(self.id()) => "nothing before that is known".to_owned(),
            None => "it has no row in the activity export at all".to_owned(),
        };
        let message = format!(
            "{} is active and has done nothing in the product for {} before {}; {last}.",
            self.who(),
            counted(self.limits.silent_days.into(), "day", "days"),
            health.day()
        );
        let action = "Find out whether its people left or never arrived, and offer to set it up again.";
        let mut f = self.finding("health/no-activity", Severity::Warning, &message, action);
        f.evidence.extend(self.activity_of(self.limits.silent_days, 0));
        f
    }
}

/// The later mean as a share of the earlier one, in per cent with one decimal.
fn percent_of(logins: &Logins) -> String {
    let exact = |n: u64, days: u32| Exact::from(Decimal::from(n)).mul(Decimal::from(days).into());
    let share = exact(logins.now, logins.then_days * 100).and_then(|now| {
        let then = exact(logins.then, logins.now_days)?;
        now.div_round(then, 1)
    });
    share.ok().flatten().map_or_else(|| "-".to_owned(), one_place)
}

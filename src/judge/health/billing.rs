//! The billing component: 100 where invoices are paid.
//!
//! As it stood at the start of a day, so that a past day's score does not know of a later payment:
//! - an invoice with a failed attempt before that day and not settled before it: 50, and 25 from the 7th day after
//!   the day of the first failure;
//! - an account that is past due without such an invoice: 50;
//! - a suspended account: 0.
//!
//! The account's own state is known since `status_since`; an export that does not say since when is taken to mean
//! all days.

use super::{
    activity::{Day, number},
    points::Points,
};
use chrono::NaiveDate;

/// Days after the first failure from which an unpaid invoice weighs more.
const LONG_UNPAID: Day = 7;

/// An invoice whose payment failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trouble {
    /// The day of the first failed attempt.
    pub failed: NaiveDate,
    /// The day it was paid or voided on.
    pub settled: Option<NaiveDate>,
}

/// What an account's own state says of its bills.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    #[default]
    Good,
    /// Past due.
    PastDue,
    /// Suspended.
    Suspended,
}

/// An account's bills.
#[derive(Clone, Debug, Default)]
pub struct Billing {
    /// Invoices that failed at least once.
    pub troubles: Vec<Trouble>,
    /// Its state.
    pub standing: Standing,
    /// The day since which that has been its state.
    pub since: Option<NaiveDate>,
}

impl Billing {
    /// The component at the start of a day.
    pub(super) fn points(&self, day: Day) -> Points {
        let began = |d: NaiveDate| number(d) < day;
        let in_force = self.since.is_none_or(began);
        if in_force && self.standing == Standing::Suspended {
            return Points::whole(0);
        }
        let unpaid = self.troubles.iter().filter(|t| began(t.failed) && !t.settled.is_some_and(began));
        let worst = unpaid.map(|t| if day - number(t.failed) >= LONG_UNPAID { 25 } else { 50 }).min();
        let past_due = (in_force && self.standing == Standing::PastDue).then_some(50);
        Points::whole(worst.or(past_due).unwrap_or(100))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(billing: &Billing, text: &str) -> u32 {
        (0..=100).find(|&n| billing.points(number(day(text))) == Points::whole(n)).unwrap()
    }

    #[test]
    fn a_failed_invoice_weighs_more_from_the_seventh_day_and_until_it_is_paid() {
        let trouble = Trouble { failed: day("2028-02-25"), settled: Some(day("2028-03-05")) };
        let b = Billing { troubles: vec![trouble], ..Billing::default() };
        let seen = ["02-25", "02-26", "03-02", "03-03", "03-04", "03-05", "03-06"];
        let gave = seen.map(|d| at(&b, &format!("2028-{d}")));
        assert_eq!(gave, [100, 50, 50, 25, 25, 25, 100], "3 March is the 7th day: February had 29");
    }

    #[test]
    fn the_worst_of_several_invoices_counts() {
        let old = Trouble { failed: day("2026-10-01"), settled: None };
        let new = Trouble { failed: day("2026-10-09"), settled: None };
        let b = Billing { troubles: vec![new, old], ..Billing::default() };
        assert_eq!(at(&b, "2026-10-10"), 25);
    }

    #[test]
    fn past_due_counts_where_no_invoice_is_known_and_since_when_it_is() {
        let mut b =
            Billing { standing: Standing::PastDue, since: Some(day("2026-10-05")), troubles: Vec::new() };
        assert_eq!([at(&b, "2026-10-05"), at(&b, "2026-10-06")], [100, 50]);
        b.since = None;
        assert_eq!(at(&b, "2026-01-01"), 50);
        b.troubles.push(Trouble { failed: day("2026-10-01"), settled: None });
        assert_eq!(at(&b, "2026-10-20"), 25, "the known invoice says more");
        b.standing = Standing::Suspended;
        assert_eq!(at(&b, "2026-10-20"), 0);
    }
}

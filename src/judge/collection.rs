//! The collection of an invoice: what failed first, what came in, and when nothing was owed any more.

use crate::{
    data::records::{Invoice, Payment},
    model::{
        decimal::{self, Decimal},
        time::Instant,
    },
};
use thiserror::Error;

/// What became of an attempt to collect, in the words of `payments.status`. The order is the one in which attempts
/// of the same moment are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttemptStatus {
    /// No money came.
    Failed,
    /// Not known yet; counts as nothing.
    Pending,
    /// Money came.
    Succeeded,
    /// Money was given back.
    Refunded,
}

impl AttemptStatus {
    /// From the word of an export.
    pub fn parse(word: &str) -> Option<AttemptStatus> {
        Some(match word {
            "failed" => AttemptStatus::Failed,
            "pending" => AttemptStatus::Pending,
            "succeeded" => AttemptStatus::Succeeded,
            "refunded" => AttemptStatus::Refunded,
            _ => return None,
        })
    }
}

/// One row of `payments` that belongs to an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attempt {
    /// When it was made.
    pub at: Instant,
    /// What became of it.
    pub status: AttemptStatus,
    /// In major units of the invoice's currency, its sign disregarded; `None` stands for the invoice's total.
    pub amount: Option<Decimal>,
}

impl Attempt {
    /// Of a payment of an invoice in this currency; `None` for one in another currency, which cannot be set against
    /// its total.
    pub fn of(payment: &Payment, currency: &str) -> Option<Attempt> {
        let same = payment.currency.as_deref().is_none_or(|c| c.eq_ignore_ascii_case(currency));
        let status = AttemptStatus::parse(&payment.status)?;
        let counts = same || matches!(status, AttemptStatus::Failed | AttemptStatus::Pending);
        counts.then_some(Attempt { at: payment.attempted_at, status, amount: payment.amount })
    }
}

/// An invoice's state, in the words of `invoices.status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvoiceStatus {
    /// Not yet sent.
    Draft,
    /// Sent and owed.
    Open,
    /// Paid by whatever means.
    Paid,
    /// Written off: owed, but given up.
    Uncollectible,
    /// Not owed after all.
    Void,
}

impl InvoiceStatus {
    /// From the word of an export.
    pub fn parse(word: &str) -> Option<InvoiceStatus> {
        Some(match word {
            "draft" => InvoiceStatus::Draft,
            "open" => InvoiceStatus::Open,
            "paid" => InvoiceStatus::Paid,
            "uncollectible" => InvoiceStatus::Uncollectible,
            "void" => InvoiceStatus::Void,
            _ => return None,
        })
    }
}

/// What `invoices` says of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owed {
    /// In major units.
    pub total: Decimal,
    /// Its state.
    pub status: InvoiceStatus,
    /// When it was paid, by wire too, where billing says so.
    pub paid_at: Option<Instant>,
    /// When it was voided, where billing says so.
    pub voided_at: Option<Instant>,
}

impl Owed {
    /// Of an invoice.
    pub fn of(invoice: &Invoice) -> Owed {
        Owed {
            total: invoice.total,
            // The catalogue's words are those of the enum; a row with another was rejected.
            status: InvoiceStatus::parse(&invoice.status).unwrap_or(InvoiceStatus::Open),
            paid_at: invoice.paid_at,
            voided_at: invoice.voided_at,
        }
    }
}

/// Why nothing is collected any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The money came.
    Paid,
    /// The invoice was voided.
    Void,
    /// It was written off; the money never came.
    WrittenOff,
}

/// The end of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Why.
    pub end: End,
    /// When; `None` where the exports say only that it ended (a write-off has no date of its own).
    pub at: Option<Instant>,
}

/// Payments of one invoice are too large to be summed exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("payments of one invoice are too large to be summed")]
pub struct TooLarge;

/// The state of an invoice's collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// The first failed attempt while it was owed; later failures never move it.
    pub first_failed_at: Option<Instant>,
    /// The end: paid, void or written off.
    pub closed: Option<Closed>,
    /// Succeeded less refunded, over all attempts.
    pub received: Decimal,
    total: Decimal,
}

impl Collection {
    /// Of an invoice and its attempts in any order.
    ///
    /// It is paid at the first moment at which succeeded less refunded payments reach the total, or at `paid_at`
    /// (a wire, a credit), whichever is earlier; a refund after that moment is a credit and reopens nothing. An
    /// attempt that fails once nothing is owed is no first failure.
    pub fn of(owed: &Owed, attempts: &[Attempt]) -> Result<Collection, TooLarge> {
        let mut attempts = attempts.to_vec();
        attempts.sort_unstable();
        let mut received = Decimal::ZERO;
        let mut covered_at = None;
        for a in &attempts {
            let amount = a.amount.map_or(owed.total, |d| d.abs());
            received = match a.status {
                AttemptStatus::Succeeded => decimal::add(received, amount),
                AttemptStatus::Refunded => decimal::sub(received, amount),
                AttemptStatus::Failed | AttemptStatus::Pending => continue,
            }
            .ok_or(TooLarge)?;
            if received >= owed.total && a.status == AttemptStatus::Succeeded {
                covered_at.get_or_insert(a.at);
            }
        }
        let closed = close(owed, covered_at);
        let first_failed_at = attempts
            .iter()
            .filter(|a| a.status == AttemptStatus::Failed)
            .map(|a| a.at)
            .next()
            .filter(|failed| closed.and_then(|c| c.at).is_none_or(|end| *failed < end));
        Ok(Collection { first_failed_at, closed, received, total: owed.total })
    }

    /// The same as it stood at a moment (included): what the exports tell of later times is not yet known then.
    pub fn seen_at(owed: &Owed, attempts: &[Attempt], at: Instant) -> Result<Collection, TooLarge> {
        let whole = Collection::of(owed, attempts)?;
        let later = |t: Option<Instant>| t.is_some_and(|t| t > at);
        if !later(whole.closed.and_then(|c| c.at)) && !attempts.iter().any(|a| a.at > at) {
            return Ok(whole);
        }
        let mut then = *owed;
        if later(whole.closed.and_then(|c| c.at)) {
            then = Owed { status: InvoiceStatus::Open, paid_at: None, voided_at: None, ..then };
        }
        let attempts: Vec<Attempt> = attempts.iter().copied().filter(|a| a.at <= at).collect();
        Collection::of(&then, &attempts)
    }

    /// When the money came or the invoice was voided; `None` while it is owed, and where the moment is not known.
    pub fn recovered_at(&self) -> Option<Instant> {
        self.closed.filter(|c| c.end != End::WrittenOff).and_then(|c| c.at)
    }

    /// What is still owed after all attempts, never negative; nothing once it is closed.
    pub fn outstanding(&self) -> Decimal {
        if self.closed.is_some() {
            return Decimal::ZERO;
        }
        decimal::sub(self.total, self.received).map_or(Decimal::ZERO, |d| d.max(Decimal::ZERO))
    }

    /// Whether at that moment an attempt had failed and the money had not come: from the first failure (included)
    /// to the moment of payment or voiding (excluded). A write-off is unpaid for good. `None` where it was paid
    /// or voided at a moment that the exports do not tell.
    pub fn unpaid_after_failure(&self, at: Instant) -> Option<bool> {
        if self.first_failed_at.is_none_or(|failed| at < failed) {
            return Some(false);
        }
        match self.closed {
            None | Some(Closed { end: End::WrittenOff, .. }) => Some(true),
            Some(Closed { at: end, .. }) => end.map(|end| at < end),
        }
    }
}

/// The earliest of what the payments and the invoice say.
fn close(owed: &Owed, covered_at: Option<Instant>) -> Option<Closed> {
    let paid_at = [covered_at, owed.paid_at].into_iter().flatten().min();
    let paid = Closed { end: End::Paid, at: paid_at };
    match owed.status {
        InvoiceStatus::Void => {
            let before = paid_at.filter(|paid| owed.voided_at.is_none_or(|void| *paid <= void));
            Some(if before.is_some() { paid } else { Closed { end: End::Void, at: owed.voided_at } })
        }
        InvoiceStatus::Paid => Some(paid),
        InvoiceStatus::Uncollectible if paid_at.is_none() => Some(Closed { end: End::WrittenOff, at: None }),
        InvoiceStatus::Draft | InvoiceStatus::Open | InvoiceStatus::Uncollectible => {
            paid_at.is_some().then_some(paid)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{Stamp, rfc3339};
    use AttemptStatus::{Failed, Pending, Refunded, Succeeded};
    use proptest::prelude::*;

    fn at(text: &str) -> Instant {
        Stamp::parse(text).unwrap().in_zone(chrono_tz::UTC)
    }

    fn try_at(text: &str, status: AttemptStatus, amount: i64) -> Attempt {
        Attempt { at: at(text), status, amount: Some(amount.into()) }
    }

    fn owed(total: i64, status: InvoiceStatus) -> Owed {
        Owed { total: total.into(), status, paid_at: None, voided_at: None }
    }

    fn collect(owed: &Owed, attempts: &[Attempt]) -> Collection {
        Collection::of(owed, attempts).unwrap()
    }

    #[test]
    fn later_failures_do_not_move_the_first_and_parts_add_up_to_a_recovery() {
        let log = [
            try_at("2026-10-04 09:00:00", Failed, 100),
            try_at("2026-10-01 09:00:00", Failed, 100),
            try_at("2026-10-05 09:00:00", Succeeded, 60),
            try_at("2026-10-06 09:00:00", Pending, 40),
            try_at("2026-10-07 09:00:00", Succeeded, 40),
        ];
        let c = collect(&owed(100, InvoiceStatus::Open), &log);
        assert_eq!(c.first_failed_at.map(rfc3339).as_deref(), Some("2026-10-01T09:00:00Z"));
        assert_eq!(c.recovered_at().map(rfc3339).as_deref(), Some("2026-10-07T09:00:00Z"));
        let part = collect(&owed(100, InvoiceStatus::Open), &log[..4]);
        assert_eq!((part.closed, part.outstanding()), (None, 40.into()));
    }

    #[test]
    fn a_refund_before_the_total_is_reached_puts_it_off_and_one_after_it_reopens_nothing() {
        let mut log = vec![
            try_at("2026-10-01", Failed, 100),
            try_at("2026-10-02", Succeeded, 60),
            try_at("2026-10-03", Refunded, -60),
            try_at("2026-10-04", Succeeded, 40),
        ];
        assert_eq!(collect(&owed(100, InvoiceStatus::Open), &log).closed, None);
        log.push(try_at("2026-10-05", Succeeded, 60));
        log.push(try_at("2026-10-06", Refunded, 100));
        let c = collect(&owed(100, InvoiceStatus::Paid), &log);
        assert_eq!(c.recovered_at(), Some(at("2026-10-05")));
        assert_eq!(c.received, Decimal::ZERO);
        assert_eq!(c.outstanding(), Decimal::ZERO);
    }

    #[test]
    fn a_wire_counts_by_the_day_that_billing_booked_it() {
        let mut invoice = owed(100, InvoiceStatus::Paid);
        invoice.paid_at = Some(at("2026-10-09"));
        let c = collect(&invoice, &[try_at("2026-10-01", Failed, 100)]);
        assert_eq!(c.closed, Some(Closed { end: End::Paid, at: Some(at("2026-10-09")) }));
        assert_eq!(c.unpaid_after_failure(at("2026-10-08 23:59:59")), Some(true));
        assert_eq!(c.unpaid_after_failure(at("2026-10-09")), Some(false));
        assert_eq!(c.unpaid_after_failure(at("2026-09-30 23:59:59")), Some(false));
    }

    #[test]
    fn a_failure_after_the_payment_starts_nothing() {
        let log = [try_at("2026-10-01", Succeeded, 100), try_at("2026-10-02", Failed, 100)];
        let c = collect(&owed(100, InvoiceStatus::Paid), &log);
        assert_eq!(c.first_failed_at, None);
        assert_eq!(c.unpaid_after_failure(at("2026-10-03")), Some(false));
    }

    #[test]
    fn void_and_written_off_end_it_each_in_its_way() {
        let log = [try_at("2026-10-01", Failed, 100)];
        let mut void = owed(100, InvoiceStatus::Void);
        void.voided_at = Some(at("2026-10-05"));
        let c = collect(&void, &log);
        assert_eq!(c.closed, Some(Closed { end: End::Void, at: Some(at("2026-10-05")) }));
        assert_eq!(c.recovered_at(), Some(at("2026-10-05")));
        let c = collect(&owed(100, InvoiceStatus::Uncollectible), &log);
        assert_eq!(c.closed, Some(Closed { end: End::WrittenOff, at: None }));
        assert_eq!((c.recovered_at(), c.unpaid_after_failure(at("2027-01-01"))), (None, Some(true)));
    }

    #[test]
    fn paid_at_a_moment_that_nobody_tells_is_not_guessed() {
        let c = collect(&owed(100, InvoiceStatus::Paid), &[try_at("2026-10-01", Failed, 100)]);
        assert_eq!(c.closed, Some(Closed { end: End::Paid, at: None }));
        assert_eq!(c.unpaid_after_failure(at("2026-10-02")), None);
        assert_eq!(c.unpaid_after_failure(at("2026-09-30")), Some(false));
    }

    #[test]
    fn an_earlier_moment_does_not_know_what_came_later() {
        let mut invoice = owed(100, InvoiceStatus::Paid);
        invoice.paid_at = Some(at("2026-10-09"));
        let log = [try_at("2026-10-01", Failed, 100), try_at("2026-10-05", Failed, 100)];
        let seen = |text: &str| Collection::seen_at(&invoice, &log, at(text)).unwrap();
        assert_eq!(seen("2026-09-30").first_failed_at, None);
        assert_eq!(seen("2026-10-08").closed, None);
        assert_eq!(seen("2026-10-08").outstanding(), 100.into());
        assert_eq!(seen("2026-10-09").recovered_at(), Some(at("2026-10-09")));
    }

    #[test]
    fn a_payment_without_an_amount_is_one_of_the_total() {
        let mut log = [try_at("2026-10-01", Failed, 100), try_at("2026-10-02", Succeeded, 0)];
        log[1].amount = None;
        assert_eq!(collect(&owed(100, InvoiceStatus::Open), &log).recovered_at(), Some(at("2026-10-02")));
    }

    proptest! {
        #[test]
        fn the_order_of_rows_does_not_matter(
            rows in prop::collection::vec((0i64..20, 0u8..4, 0i64..120), 0..10),
            seed in any::<u64>(),
        ) {
            let words = ["failed", "pending", "succeeded", "refunded"];
            let log: Vec<Attempt> = rows
                .iter()
                .map(|(day, word, amount)| Attempt {
                    at: at("2026-10-01") + chrono::TimeDelta::days(*day),
                    status: AttemptStatus::parse(words[usize::from(*word)]).unwrap(),
                    amount: Some((*amount).into()),
                })
                .collect();
            let mut turned = log.clone();
            if !turned.is_empty() {
                let by = usize::try_from(seed % turned.len() as u64).unwrap();
                turned.rotate_left(by);
                turned.reverse();
            }
            let invoice = owed(100, InvoiceStatus::Open);
            prop_assert_eq!(collect(&invoice, &log), collect(&invoice, &turned));
        }
    }
}

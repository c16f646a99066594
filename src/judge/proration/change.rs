//! A change of plan, price or quantity within a billing period.

use super::{convention::Convention, fraction::Fraction};
use crate::{
    judge::calendar::Period,
    model::{
        decimal::{self, Decimal, Exact, TooLarge},
        money,
    },
};
use chrono::NaiveDateTime;

/// What is paid for one billing period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Major units of the currency for one of `quantity`, a whole period.
    pub price: Decimal,
    /// Seats or units; 1 where the price is for all.
    pub quantity: Decimal,
}

impl Terms {
    /// Nothing is paid: a trial, before a start, after an end.
    pub const NOTHING: Terms = Terms { price: Decimal::ZERO, quantity: Decimal::ONE };

    /// Price × quantity, exact.
    pub(super) fn value(self) -> Result<Exact, TooLarge> {
        exact(self.price).mul(exact(self.quantity))
    }
}

pub(super) fn exact(value: Decimal) -> Exact {
    value.normalize().into()
}

/// What holds for all lines of a change or a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How time is counted.
    pub convention: Convention,
    /// ISO 4217; amounts round half-up (away from zero) to its minor unit.
    pub currency: String,
    /// Per cent off the price, before proration; 0 to 100.
    pub discount: Decimal,
    /// Per cent of tax on each line's rounded amount, after proration.
    pub tax: Decimal,
}

impl Rules {
    fn digits(&self) -> u32 {
        money::minor_digits(&self.currency)
    }

    /// A share of terms as a line: the discount comes off first, the line is rounded once, and its tax is a line of
    /// its own, computed from what was rounded.
    pub(super) fn line(&self, terms: Terms, fraction: Fraction) -> Result<Line, TooLarge> {
        let kept = decimal::sub(Decimal::ONE_HUNDRED, self.discount).ok_or(TooLarge)?;
        let percent = terms.value()?.mul(exact(kept))?.mul(exact(Decimal::new(1, 2)))?;
        self.taxed(fraction.of(percent, self.digits())?)
    }

    /// A line of a rounded amount.
    pub(super) fn taxed(&self, amount: Decimal) -> Result<Line, TooLarge> {
        let share = exact(amount).mul(exact(self.tax))?.mul(exact(Decimal::new(1, 2)))?;
        let tax = share.round(self.digits())?;
        Ok(Line { amount, tax, total: decimal::add(amount, tax).ok_or(TooLarge)? })
    }
}

/// One line of an invoice in major units at minor-unit places. A credit is negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Before tax.
    pub amount: Decimal,
    /// The tax on it.
    pub tax: Decimal,
    /// Both.
    pub total: Decimal,
}

impl Line {
    fn negated(self) -> Line {
        Line { amount: -self.amount, tax: -self.tax, total: -self.total }
    }
}

/// When the new terms begin to be paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cycle {
    /// For the rest of the period: both plans have the same interval.
    Goes,
    /// From the change on for a whole period: the new plan has another interval.
    Anew,
}

/// A change, with the period that it falls in.
#[derive(Clone, Debug)]
pub struct Change {
    /// Before it.
    pub from: Terms,
    /// After it.
    pub to: Terms,
    /// The billing period of the old terms, in the billing zone.
    pub period: Period,
    /// When it takes effect, in that period or at its end.
    pub on: NaiveDateTime,
    /// What becomes of the period.
    pub cycle: Cycle,
    /// What the customer paid for the old terms and has not got back, before tax; `None`: all that the credit
    /// comes to.
    pub paid: Option<Decimal>,
}

/// What a change comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prorated {
    /// The share of the period that is left at the change.
    pub fraction: Fraction,
    /// The share of a period of the new terms that is charged: `fraction`, or 1 where a new period starts.
    pub charged: Fraction,
    /// −(old price × old quantity × fraction), but never more than was paid.
    pub credit: Line,
    /// What the credit would be without that limit.
    pub full_credit: Line,
    /// New price × new quantity × what is charged of it.
    pub charge: Line,
    /// Credit and charge, each rounded before, with their taxes.
    pub net: Decimal,
}

impl Change {
    /// Computes both lines and their sum. Each line is rounded once, and then they are added: 35.48 − 5.32 is 30.16,
    /// whatever the rounding of the difference would be.
    pub fn prorate(&self, rules: &Rules) -> Result<Prorated, TooLarge> {
        let fraction = rules.convention.rest_fraction(self.period, self.on);
        let charged = match self.cycle {
            Cycle::Goes => fraction,
            Cycle::Anew => Fraction::ONE,
        };
        let full_credit = rules.line(self.from, fraction)?.negated();
        let credit = match self.paid {
            Some(paid) if -full_credit.amount > paid => rules.taxed(-paid.max(Decimal::ZERO))?,
            _ => full_credit,
        };
        let charge = rules.line(self.to, charged)?;
        let net = decimal::add(charge.total, credit.total).ok_or(TooLarge)?;
        Ok(Prorated { fraction, charged, credit, full_credit, charge, net })
    }
}

/// Changes of one subscription in the order in which they take effect. Each credits the full value of the terms that
/// it leaves, for the rest of the period; together they never give back more than was paid, the charges of earlier
/// changes counted as paid.
///
/// `paid` of the first change is what was paid for the period; that of the later ones is not looked at.
pub fn prorate_chain(changes: &[Change], rules: &Rules) -> Result<Vec<Prorated>, TooLarge> {
    let mut left = changes.first().and_then(|c| c.paid);
    let mut done = Vec::with_capacity(changes.len());
    for change in changes {
        let one = Change { paid: left, ..change.clone() }.prorate(rules)?;
        left = match left {
            None => None,
            Some(left) => Some(decimal::sum([left, one.credit.amount, one.charge.amount]).ok_or(TooLarge)?),
        };
        done.push(one);
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{decimal::parse, time::Stamp};
    use proptest::prelude::*;

    fn at(text: &str) -> NaiveDateTime {
        Stamp::parse(text).unwrap().naive()
    }

    fn d(text: &str) -> Decimal {
        parse(text).unwrap()
    }

    fn rules(convention: Convention) -> Rules {
        Rules { convention, currency: "USD".into(), discount: Decimal::ZERO, tax: Decimal::ZERO }
    }

    fn terms(price: &str) -> Terms {
        Terms { price: d(price), quantity: Decimal::ONE }
    }

    fn change(from: &str, to: &str, cycle: (&str, &str), on: &str) -> Change {
        Change {
            from: terms(from),
            to: terms(to),
            period: Period { start: at(cycle.0), end: at(cycle.1) },
            on: at(on),
            cycle: Cycle::Goes,
            paid: None,
        }
    }

    const JUNE: (&str, &str) = ("2026-06-01", "2026-07-01");

    fn texts(p: &Prorated) -> [String; 4] {
        [p.fraction.to_string(), p.credit.total.to_string(), p.charge.total.to_string(), p.net.to_string()]
    }

    #[test]
    fn an_upgrade_at_half_of_a_thirty_day_cycle() {
        let p = change("49", "99", JUNE, "2026-06-16").prorate(&rules(Convention::Second)).unwrap();
        assert_eq!(texts(&p), ["0.5", "-24.50", "49.50", "25.00"]);
    }

    #[test]
    fn lines_are_rounded_and_then_summed() {
        // 11/31 of 15 is 5.3226, of 100 35.4839; the difference of 85 would be 30.1613 as well, of 0.01 more not.
        let p = change("15", "100", ("2026-08-01", "2026-09-01"), "2026-08-21")
            .prorate(&rules(Convention::Day))
            .unwrap();
        assert_eq!(texts(&p), ["0.354838710", "-5.32", "35.48", "30.16"]);
        // 1/3 of 0.50 is 0.17 and of 1.00 is 0.33: 0.16, where a third of the difference rounds to 0.17.
        let p = change("0.50", "1.00", JUNE, "2026-06-21").prorate(&rules(Convention::Day)).unwrap();
        assert_eq!(texts(&p), ["0.333333333", "-0.17", "0.33", "0.16"]);
    }

    #[test]
    fn discounts_come_before_and_taxes_after_line_by_line() {
        let r = Rules { discount: d("20"), tax: d("8.25"), ..rules(Convention::Second) };
        let p = change("49", "99", JUNE, "2026-06-16").prorate(&r).unwrap();
        // 39.20 / 2 = 19.60 and 1.617 of tax; 79.20 / 2 = 39.60 and 3.267 of tax.
        assert_eq!((p.credit.amount, p.credit.tax), (d("-19.60"), d("-1.62")));
        assert_eq!((p.charge.amount, p.charge.tax), (d("39.60"), d("3.27")));
        assert_eq!(texts(&p), ["0.5", "-21.22", "42.87", "21.65"]);
    }

    #[test]
    fn seats_multiply_the_price() {
        let mut c = change("12", "12", ("2026-09-20", "2026-10-20"), "2026-10-05");
        (c.from.quantity, c.to.quantity) = (d("40"), d("50"));
        let p = c.prorate(&rules(Convention::Second)).unwrap();
        assert_eq!(texts(&p), ["0.5", "-240.00", "300.00", "60.00"]);
    }

    #[test]
    fn another_interval_is_charged_whole_from_the_change() {
        let c = Change { cycle: Cycle::Anew, ..change("49", "490", JUNE, "2026-06-16") };
        let p = c.prorate(&rules(Convention::Second)).unwrap();
        assert_eq!(texts(&p), ["0.5", "-24.50", "490.00", "465.50"]);
    }

    #[test]
    fn a_credit_is_at_most_what_was_paid() {
        let mut c = change("49", "9", JUNE, "2026-06-16");
        for (paid, credit) in
            [("24.49", "-24.49"), ("24.50", "-24.50"), ("100", "-24.50"), ("0", "0"), ("-3", "0")]
        {
            c.paid = Some(d(paid));
            assert_eq!(c.prorate(&rules(Convention::Second)).unwrap().credit.total, d(credit), "{paid}");
        }
    }

    #[test]
    fn a_currency_without_minor_units_rounds_to_whole_ones() {
        let r = Rules { currency: "JPY".into(), ..rules(Convention::Second) };
        let p = change("75000", "100001", ("2026-08-01", "2026-09-01"), "2026-08-21").prorate(&r).unwrap();
        assert_eq!(texts(&p)[1..], ["-26613", "35484", "8871"]);
    }

    #[test]
    fn each_change_of_a_chain_credits_the_plan_that_it_leaves() {
        let first = Change { paid: Some(d("49")), ..change("49", "99", JUNE, "2026-06-16") };
        let second = change("99", "199", JUNE, "2026-06-24");
        let back = change("199", "49", JUNE, "2026-06-27");
        let chain = prorate_chain(&[first, second, back], &rules(Convention::Day)).unwrap();
        assert_eq!(texts(&chain[1]), ["0.233333333", "-23.10", "46.43", "23.33"]);
        assert_eq!(texts(&chain[2]), ["0.133333333", "-26.53", "6.53", "-20.00"]);
    }

    #[test]
    fn a_chain_gives_back_no_more_than_was_paid() {
        let first = Change { paid: Some(d("10")), ..change("49", "20", JUNE, "2026-06-16") };
        let second = change("20", "0", JUNE, "2026-06-21");
        let third = change("30", "0", JUNE, "2026-06-21");
        let chain = prorate_chain(&[first, second, third], &rules(Convention::Day)).unwrap();
        // 24.50 is due back, 10.00 was paid; then 10.00 is charged, of which 6.67 and 3.33 come back.
        let credits: Vec<Decimal> = chain.iter().map(|p| p.credit.total).collect();
        assert_eq!(credits, [d("-10"), d("-6.67"), d("-3.33")]);
    }

    fn any_change() -> impl Strategy<Value = Change> {
        let price = || (0i64..10_000_000, 0u32..4).prop_map(|(m, s)| Decimal::new(m, s));
        (price(), price(), 1i64..500, 1i64..500, 0i64..2_000_000_000, 3_600i64..40_000_000, 0i64..=1000)
            .prop_map(|(from, to, q, r, start, length, share)| {
                let civil = |s| chrono::DateTime::from_timestamp(s, 0).unwrap().naive_utc();
                Change {
                    from: Terms { price: from, quantity: q.into() },
                    to: Terms { price: to, quantity: r.into() },
                    period: Period { start: civil(start), end: civil(start + length) },
                    on: civil(start + length * share / 1000),
                    cycle: Cycle::Goes,
                    paid: None,
                }
            })
    }

    proptest! {
        #[test]
        fn a_change_to_the_same_terms_nets_to_nothing(c in any_change(), tax in 0i64..3000, off in 0i64..=10_000) {
            for convention in Convention::ALL {
                let r = Rules { tax: Decimal::new(tax, 2), discount: Decimal::new(off, 2), ..rules(convention) };
                let p = Change { to: c.from, ..c.clone() }.prorate(&r).unwrap();
                prop_assert_eq!(p.net, Decimal::ZERO);
            }
        }

        #[test]
        fn no_credit_is_more_than_was_paid(c in any_change(), paid in 0i64..100_000_000) {
            let paid = Decimal::new(paid, 2);
            for convention in Convention::ALL {
                let p = Change { paid: Some(paid), ..c.clone() }.prorate(&rules(convention)).unwrap();
                prop_assert!(-p.credit.amount <= paid && p.credit.amount <= Decimal::ZERO);
                prop_assert!(p.credit.amount >= p.full_credit.amount);
                let whole = rules(convention).line(c.from, Fraction::ONE).unwrap();
                prop_assert!(-p.full_credit.amount <= whole.amount, "more than a whole period");
            }
        }

        #[test]
        fn a_chain_never_gives_back_more_than_came_in(
            list in prop::collection::vec(any_change(), 1..6), paid in 0i64..1_000_000,
        ) {
            let mut list = list;
            list[0].paid = Some(Decimal::new(paid, 2));
            let mut sum = Decimal::new(paid, 2);
            for p in prorate_chain(&list, &rules(Convention::Second)).unwrap() {
                sum += p.credit.amount;
                prop_assert!(sum >= Decimal::ZERO);
                sum += p.charge.amount;
            }
        }
    }
}

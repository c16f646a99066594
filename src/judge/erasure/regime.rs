//! The laws under which people ask to be deleted, as data with their sources.

use crate::model::time::{add_days, add_months};
use chrono::{Datelike as _, NaiveDate};

/// A length of time in calendar months and days. One month is the same day of the next month, or its last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Months, counted first.
    pub months: i32,
    /// Days.
    pub days: i64,
}

impl Span {
    const fn months(months: i32) -> Span {
        Span { months, days: 0 }
    }

    const fn days(days: i64) -> Span {
        Span { months: 0, days }
    }

    /// The two together.
    pub fn and(self, other: Span) -> Span {
        Span { months: self.months + other.months, days: self.days + other.days }
    }

    /// The last day of the span that begins on the day after `from`. `None` beyond the calendar.
    pub fn after(self, from: NaiveDate) -> Option<NaiveDate> {
        add_days(add_months(from, self.months, from.day())?, self.days)
    }

    /// `30 days`, `1 month`.
    fn parse(text: &str) -> Option<Span> {
        let mut words = text.split_whitespace();
        let (count, unit) = (words.next()?, words.next()?);
        let count: u16 = count.parse().ok().filter(|n| *n <= 3660)?;
        let span = match unit {
            "day" | "days" => Span::days(count.into()),
            "month" | "months" => Span::months(count.into()),
            _ => return None,
        };
        words.next().is_none().then_some(span)
    }
}

/// One law's period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Regime {
    /// As `[gdpr.regime]` names it.
    pub id: &'static str,
    /// Its name.
    pub law: &'static str,
    /// Where the period stands in it.
    pub source: &'static str,
    /// From receipt to the last day.
    pub period: Span,
    /// By how much it may be extended.
    pub more: Span,
    /// Whether an extension counts only with a reason that is noted.
    pub reasoned: bool,
    /// Whether a last day on which nobody works moves to the next working day.
    pub working_day: bool,
}

/// The laws that are known by name.
pub const REGIMES: &[Regime] = &[
    Regime {
        id: "gdpr",
        law: "Regulation (EU) 2016/679 (GDPR)",
        source: "Art. 17 and Art. 12(3): one month of receipt, two further months with reasons; working days by \
                 Regulation (EEC, Euratom) No 1182/71, Art. 3(4)",
        period: Span::months(1),
        more: Span::months(2),
        reasoned: true,
        working_day: true,
    },
    Regime {
        id: "uk-gdpr",
        law: "UK GDPR",
        source: "Art. 17 and Art. 12(3): one month of receipt, two further months with reasons; the ICO's guidance \
                 moves a last day on a weekend or holiday to the next working day",
        period: Span::months(1),
        more: Span::months(2),
        reasoned: true,
        working_day: true,
    },
    Regime {
        id: "ccpa",
        law: "California Consumer Privacy Act (CCPA)",
        source: "Cal. Civ. Code § 1798.105 and § 1798.130(a)(2)(A): 45 days of receipt, 45 further days; calendar days \
                 by 11 CCR § 7021(b)",
        period: Span::days(45),
        more: Span::days(45),
        reasoned: false,
        working_day: false,
    },
];

/// A period that the settings write out.
const OWN: Regime = Regime {
    id: "own",
    law: "a period of the settings",
    source: "[gdpr.regime] in crosscheck.toml",
    period: Span::days(0),
    more: Span::days(0),
    reasoned: false,
    working_day: false,
};

impl Regime {
    /// From its id in any case, or a period as `30 days`, `1 month`, with an extension `30 days + 15 days`.
    pub fn parse(text: &str) -> Option<Regime> {
        let wanted = text.trim().to_lowercase().replace('_', "-");
        if let Some(known) = REGIMES.iter().find(|r| r.id == wanted) {
            return Some(*known);
        }
        let (period, more) = match wanted.split_once('+') {
            Some((period, more)) => (Span::parse(period)?, Span::parse(more)?),
            None => (Span::parse(&wanted)?, Span::days(0)),
        };
        (period.days > 0 || period.months > 0).then_some(Regime { period, more, ..OWN })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regime_is_a_known_law_or_a_period() {
        assert_eq!(Regime::parse("CCPA").unwrap().period, Span::days(45));
        assert_eq!(Regime::parse("UK_GDPR").unwrap().id, "uk-gdpr");
        let own = Regime::parse("1 month + 15 days").unwrap();
        assert_eq!((own.period, own.more), (Span::months(1), Span::days(15)));
        assert_eq!(Regime::parse("30 days").unwrap().more, Span::days(0));
        for bad in
            ["", "hipaa", "0 days", "days", "30 weeks", "30 days +", "-3 days", "30 days later", "99999 days"]
        {
            assert_eq!(Regime::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_law_has_its_source() {
        for r in REGIMES {
            assert!(r.source.contains("Art.") || r.source.contains('§'), "{}", r.id);
            assert_eq!(Regime::parse(r.id), Some(*r));
        }
    }
}

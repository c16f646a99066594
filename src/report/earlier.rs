//! What an earlier run of a check found, and how a finding of today compares with it.

use super::{Cause, Diff, Evidence, Finding, Severity, State, Subject};
use crate::model::{
    decimal::{self, Decimal, Exact},
    money::Money,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// A finding that was written before: to a report, or to the history. Its fields are those of [`Finding`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "they stand at Finding")]
pub struct EarlierFinding {
    pub code: String,
    pub severity: Severity,
    pub account: Option<String>,
    pub subject: Subject,
    pub key: BTreeMap<String, String>,
    pub message: String,
    pub diff: Vec<Diff>,
    pub cause: Option<Cause>,
    pub impact: Option<Money>,
    pub action: String,
    pub owner: String,
    /// RFC 3339, as it was written.
    pub due: Option<String>,
    pub evidence: Vec<Evidence>,
    pub fingerprint: String,
    pub state: State,
}

/// What tells how bad a finding was.
#[derive(Clone, Debug, Default)]
struct Figures {
    impact: Option<Money>,
    /// By field.
    deviations: BTreeMap<String, Deviation>,
}

/// How far a figure is from what it should be, without its sign: `delta` of `expected`, or `delta` itself where
/// nothing was expected.
#[derive(Clone, Copy, Debug)]
struct Deviation {
    delta: Decimal,
    expected: Option<Decimal>,
}

/// What one run found, by fingerprint. What was waived in it is left out: once it counts again, it is new.
#[derive(Clone, Debug, Default)]
pub struct Earlier {
    seen: HashMap<String, Figures>,
}

impl Earlier {
    /// From the findings of a run.
    pub fn of<'f>(findings: impl IntoIterator<Item = &'f EarlierFinding>) -> Earlier {
        let live = findings.into_iter().filter(|f| f.state != State::Waived);
        let figures = live.map(|f| (f.fingerprint.clone(), Figures::of(f.impact.as_ref(), &f.diff)));
        Earlier { seen: figures.collect() }
    }

    /// Whether a finding is new, has worsened, or persists. It has worsened where its impact or one of its
    /// deviations grew by more than a tenth; growth from nothing is more than a tenth.
    pub fn state_of(&self, f: &Finding) -> State {
        let Some(before) = self.seen.get(&f.fingerprint) else { return State::New };
        let now = Figures::of(f.impact.as_ref(), &f.diff);
        if now.worse_than(before) { State::Worsened } else { State::Persisting }
    }

    /// The same for the same content: what states depend on.
    pub fn digest(&self) -> [u8; 32] {
        let mut lines: Vec<String> = self.seen.iter().map(|(id, f)| format!("{id} {f:?}")).collect();
        lines.sort_unstable();
        *blake3::hash(lines.join("\n").as_bytes()).as_bytes()
    }
}

/// Whether a finding's impact or one of its deviations grew by more than a tenth since.
pub fn worse(now: &EarlierFinding, before: &EarlierFinding) -> bool {
    let figures = |f: &EarlierFinding| Figures::of(f.impact.as_ref(), &f.diff);
    figures(now).worse_than(&figures(before))
}

impl Figures {
    fn of(impact: Option<&Money>, diff: &[Diff]) -> Figures {
        let mut deviations = BTreeMap::new();
        for d in diff {
            let size = |text: &Option<String>| decimal::parse(text.as_deref()?).ok().map(|n| n.abs());
            if let Some(delta) = size(&d.delta) {
                let expected = size(&d.expected).filter(|e| !e.is_zero());
                deviations.insert(d.field.clone(), Deviation { delta, expected });
            }
        }
        Figures { impact: impact.cloned(), deviations }
    }

    fn worse_than(&self, before: &Figures) -> bool {
        let one = Decimal::ONE;
        let dearer = match (&self.impact, &before.impact) {
            (None, _) => false,
            (Some(now), Some(then)) if now.currency == then.currency => {
                grew((then.amount, one), (now.amount, one))
            }
            // Money in another currency says nothing of how it compares: a person should look.
            (Some(now), _) => !now.amount.is_zero(),
        };
        let further = |(field, now): (&String, &Deviation)| {
            let Some(then) = before.deviations.get(field) else { return false };
            match (then.expected, now.expected) {
                (Some(e), Some(n)) => grew((then.delta, e), (now.delta, n)),
                (None, None) => grew((then.delta, one), (now.delta, one)),
                // A share of nothing is not known: what changed is told by the other figures.
                _ => false,
            }
        };
        dearer || self.deviations.iter().any(further)
    }
}

/// Whether a fraction that is not negative grew by more than a tenth; its digits are exact. Figures that are too long
/// for that have grown where they are greater.
fn grew(then: (Decimal, Decimal), now: (Decimal, Decimal)) -> bool {
    let product = |a: Decimal, b: Decimal, tenths: i64| {
        Exact::from(a).mul(Exact::from(b)).and_then(|p| p.mul(Exact::from(Decimal::from(tenths))))
    };
    match (product(now.0, then.1, 10), product(then.0, now.1, 11)) {
        (Ok(now), Ok(limit)) => now > limit,
        _ => now.0 > then.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::decimal::parse;

    fn finding(amount: &str, diff: Vec<Diff>) -> Finding {
        let subject = Subject { kind: "invoice".into(), id: "in_1".into() };
        let mut f = Finding::new("reconcile/quantity-mismatch", Severity::Error, Some("acct_1"), subject);
        f.impact = Some(Money::new(parse(amount).unwrap(), "USD"));
        f.diff = diff;
        f
    }

    fn written(f: &Finding) -> EarlierFinding {
        serde_json::from_str(&serde_json::to_string(f).unwrap()).unwrap()
    }

    fn state(then: &Finding, now: &Finding) -> State {
        Earlier::of([&written(then)]).state_of(now)
    }

    fn quantity(expected: &str, actual: &str) -> Vec<Diff> {
        vec![Diff::decimals("quantity", parse(expected).unwrap(), parse(actual).unwrap())]
    }

    #[test]
    fn growth_of_exactly_a_tenth_persists_and_a_cent_more_has_worsened() {
        let then = finding("100", vec![]);
        assert_eq!(state(&then, &finding("110", vec![])), State::Persisting);
        assert_eq!(state(&then, &finding("110.01", vec![])), State::Worsened);
        assert_eq!(state(&then, &finding("1", vec![])), State::Persisting);
        assert_eq!(state(&finding("0", vec![]), &finding("0.01", vec![])), State::Worsened);
        assert_eq!(state(&finding("0", vec![]), &finding("0", vec![])), State::Persisting);
    }

    #[test]
    fn a_deviation_is_compared_by_its_exact_share_whatever_its_sign() {
        let then = finding("5", quantity("1000", "900"));
        assert_eq!(state(&then, &finding("5", quantity("2000", "1780"))), State::Persisting);
        assert_eq!(state(&then, &finding("5", quantity("2000", "1779"))), State::Worsened);
        assert_eq!(state(&then, &finding("5", quantity("1000", "1111"))), State::Worsened);
        // 900 of 3100 is 29.03 %, 990 31.94 %: rounded, that would be more than a tenth.
        let then = finding("5", quantity("3100", "4000"));
        assert_eq!(state(&then, &finding("5", quantity("3100", "4090"))), State::Persisting);
    }

    #[test]
    fn without_a_share_the_difference_itself_is_compared() {
        let then = finding("5", quantity("0", "50"));
        assert_eq!(state(&then, &finding("5", quantity("0", "55"))), State::Persisting);
        assert_eq!(state(&then, &finding("5", quantity("0", "56"))), State::Worsened);
        assert_eq!(state(&then, &finding("5", quantity("10", "60"))), State::Persisting);
    }

    #[test]
    fn money_of_another_currency_is_looked_at_anew() {
        let mut now = finding("1", vec![]);
        now.impact = Some(Money::new(parse("1").unwrap(), "EUR"));
        assert_eq!(state(&finding("100", vec![]), &now), State::Worsened);
        now.impact = None;
        assert_eq!(state(&finding("100", vec![]), &now), State::Persisting);
    }

    #[test]
    fn what_was_waived_is_new_when_it_counts_again() {
        let mut then = finding("5", vec![]);
        then.state = State::Waived;
        assert_eq!(state(&then, &finding("5", vec![])), State::New);
        assert_eq!(Earlier::default().state_of(&then), State::New);
    }

    #[test]
    fn the_digest_goes_by_figures_and_not_by_order_or_words() {
        let (a, mut b) = (finding("5", vec![]), finding("5", vec![]).with_key("metric", "m"));
        let digest = |list: &[&Finding]| {
            let list: Vec<EarlierFinding> = list.iter().map(|f| written(f)).collect();
            Earlier::of(&list).digest()
        };
        let one = digest(&[&a, &b]);
        b.message = "other words".into();
        assert_eq!(digest(&[&b, &a]), one);
        b.impact = Some(Money::new(parse("6").unwrap(), "USD"));
        assert_ne!(digest(&[&b, &a]), one);
    }

    #[test]
    fn a_written_finding_comes_back_whole() {
        let mut f = finding("5", quantity("1", "2")).with_key("metric", "m");
        f.cause = Some(Cause { id: "c".into(), detail: "d".into() });
        f.due = Some(chrono::DateTime::UNIX_EPOCH);
        f.evidence = vec![Evidence { dataset: "invoices".into(), file: "a.csv".into(), line: 2 }];
        let back = serde_json::to_value(written(&f)).unwrap();
        assert_eq!(back, serde_json::to_value(&f).unwrap());
    }
}

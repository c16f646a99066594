//! Why an invoiced figure is not what is due: each hypothesis is computed, and named only if it gives that figure.

use super::double;
use crate::{
    judge::proration::{Change, Convention, Cycle, Prorated, Rules, Terms, amount},
    model::{
        decimal::{self, Decimal, Exact},
        money,
    },
    report::Cause,
};

/// What was invoiced for a change.
#[derive(Clone, Debug)]
pub(super) struct Invoiced {
    /// The lines' amounts that are not 0, smallest first.
    pub lines: Vec<Decimal>,
    /// The lines below 0.
    pub credit: Decimal,
    /// The lines above 0.
    pub charge: Decimal,
    /// Their sum.
    pub net: Decimal,
}

/// All that hypotheses are computed from.
pub(super) struct Question<'q> {
    pub change: &'q Change,
    pub rules: &'q Rules,
    /// What is due.
    pub due: &'q Prorated,
    pub invoiced: Invoiced,
    /// Other prices of the old and the new plan.
    pub old_prices: &'q [Vec<Decimal>; 2],
    /// What an earlier change in the same cycle charged, came to or was invoiced at, and when it took effect.
    pub last_payment: Option<(Vec<Decimal>, chrono::NaiveDateTime)>,
}

/// The answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub cause: Option<Cause>,
    /// The convention that fits, where it is not the one in force.
    pub convention: Option<Convention>,
}

/// One hypothesis with the lines that it gives.
struct Guess {
    id: &'static str,
    detail: String,
    credit: Decimal,
    charge: Decimal,
    /// The amounts of single lines, as in [`Invoiced::lines`].
    lines: Vec<Decimal>,
    convention: Option<Convention>,
}

/// Amounts as lines: those that are not 0, smallest first.
pub(super) fn sorted(amounts: impl IntoIterator<Item = Decimal>) -> Vec<Decimal> {
    let mut lines: Vec<Decimal> = amounts.into_iter().filter(|a| !a.is_zero()).collect();
    lines.sort();
    lines
}

impl Guess {
    fn by_lines(self, amounts: impl IntoIterator<Item = Decimal>) -> Guess {
        Guess { lines: sorted(amounts), ..self }
    }

    fn net(&self) -> Option<Decimal> {
        decimal::add(self.credit, self.charge)
    }
}

/// Names the cause. Hypotheses that give every line go before those that give only the sum; then one mistake before
/// two; at last one that leaves at most a hundredth of the difference.
pub(super) fn explain(question: &Question<'_>) -> Answer {
    let (single, double) = (question.single(), question.double_faults());
    let answer = question.exactly(&single, &double);
    answer.or_else(|| question.nearly(&single, &double)).unwrap_or_default()
}

impl Question<'_> {
    fn money(&self, value: Decimal) -> String {
        amount(value, &self.rules.currency)
    }

    fn guess(&self, id: &'static str, credit: Decimal, charge: Decimal, detail: String) -> Guess {
        Guess { id, detail, credit, charge, lines: sorted([credit, charge]), convention: None }
    }

    /// The lines of another change under the same rules.
    fn lines(&self, change: &Change) -> Option<(Decimal, Decimal)> {
        let done = change.prorate(self.rules).ok()?;
        Some((done.credit.amount, done.charge.amount))
    }

    fn due(&self) -> (Decimal, Decimal) {
        (self.due.credit.amount, self.due.charge.amount)
    }

    /// The new plan for a whole period.
    fn whole_charge(&self) -> Option<Decimal> {
        let whole = Change { cycle: Cycle::Anew, ..self.change.clone() };
        Some(self.lines(&whole)?.1)
    }

    fn single(&self) -> Vec<Guess> {
        let mut found = Vec::new();
        let (credit, charge) = self.due();
        found.extend(self.conventions());
        if let Some(whole) = self.whole_charge().filter(|w| *w != charge) {
            let text = self.money(whole);
            let detail = format!(
                "the new plan was charged for a whole period ({text}) instead of {}",
                self.money(charge)
            );
            found.push(self.guess("full-period-charged", credit, whole, detail));
            if let Some(both) = decimal::add(charge, whole) {
                let detail =
                    format!("the new plan was charged for a whole period ({text}) besides its share");
                let guess = self.guess("full-period-charged", credit, both, detail);
                found.push(guess.by_lines([credit, charge, whole]));
            }
        }
        if !credit.is_zero() {
            let detail =
                format!("the credit of {} for the rest of the old plan is missing", self.money(-credit));
            found.push(self.guess("credit-missing", Decimal::ZERO, charge, detail));
        }
        found.extend(self.twice());
        found.extend(self.prices());
        found.extend(self.quantities());
        found.extend(self.last_payments());
        found.extend(self.floats());
        found.retain(|g| (g.credit, g.charge) != (credit, charge));
        found
    }

    fn conventions(&self) -> impl Iterator<Item = Guess> {
        let others = Convention::ALL.into_iter().filter(|c| *c != self.rules.convention);
        others.filter_map(|c| {
            let rules = Rules { convention: c, ..self.rules.clone() };
            let done = self.change.prorate(&rules).ok()?;
            let (left, whole) = c.rest(self.change.period, self.change.on);
            let detail = format!("time was counted by {}: {left} of {whole} {}", c.name(), c.unit());
            let guess = self.guess("other-convention", done.credit.amount, done.charge.amount, detail);
            Some(Guess { convention: Some(c), ..guess })
        })
    }

    fn twice(&self) -> Vec<Guess> {
        let (credit, charge) = self.due();
        let double = |d| decimal::add(d, d);
        let mut found = Vec::new();
        if let Some((c, g)) = double(credit).zip(double(charge)) {
            let net = self.money(self.due.net);
            let detail = format!("the lines of the change, {net}, were billed twice");
            let guess = self.guess("charged-twice", c, g, detail);
            found.push(guess.by_lines([credit, credit, charge, charge]));
        }
        if let Some(g) = double(charge) {
            let detail = format!("the charge of {} was billed twice", self.money(charge));
            found.push(self.guess("charged-twice", credit, g, detail).by_lines([credit, charge, charge]));
        }
        found
    }

    fn prices(&self) -> Vec<Guess> {
        let (from, to) = (self.change.from, self.change.to);
        let with = |from: Terms, to: Terms| self.lines(&Change { from, to, ..self.change.clone() });
        let mut found = Vec::new();
        let [of_old, of_new] = self.old_prices;
        for &price in of_new {
            let detail = format!(
                "the new plan was charged at {} instead of {}",
                self.money(price),
                self.money(to.price)
            );
            let lines = with(from, Terms { price, ..to });
            found.extend(lines.map(|(c, g)| self.guess("old-price", c, g, detail)));
        }
        for &price in of_old {
            let detail = format!(
                "the old plan was credited at {} instead of {}",
                self.money(price),
                self.money(from.price)
            );
            let lines = with(Terms { price, ..from }, to);
            found.extend(lines.map(|(c, g)| self.guess("old-price", c, g, detail)));
            for &new in of_new {
                let lines = with(Terms { price, ..from }, Terms { price: new, ..to });
                let detail = format!(
                    "both plans were taken at other prices, {} and {}",
                    self.money(price),
                    self.money(new)
                );
                found.extend(lines.map(|(c, g)| self.guess("old-price", c, g, detail)));
            }
        }
        let swapped = with(Terms { price: to.price, ..from }, Terms { price: from.price, ..to });
        let detail = format!(
            "the prices were swapped: {} was credited and {} charged",
            self.money(to.price),
            self.money(from.price)
        );
        found.extend(swapped.map(|(c, g)| self.guess("prices-swapped", c, g, detail)));
        found
    }

    fn quantities(&self) -> Vec<Guess> {
        let (from, to) = (self.change.from, self.change.to);
        let one = Decimal::ONE;
        let shown = |q: Decimal| decimal::shortest(q);
        let ways = [
            (one, one, "both plans were taken for one seat".to_owned()),
            (
                from.quantity,
                one,
                format!("the new plan was charged for one seat instead of {}", shown(to.quantity)),
            ),
            (
                one,
                to.quantity,
                format!("the old plan was credited for one seat instead of {}", shown(from.quantity)),
            ),
            (
                from.quantity,
                from.quantity,
                format!(
                    "the new plan was charged for the {} old seats instead of {}",
                    shown(from.quantity),
                    shown(to.quantity)
                ),
            ),
            (
                to.quantity,
                to.quantity,
                format!(
                    "the old plan was credited for the {} new seats instead of {}",
                    shown(to.quantity),
                    shown(from.quantity)
                ),
            ),
        ];
        let lines = ways.into_iter().filter_map(|(old, new, detail)| {
            let change = Change {
                from: Terms { quantity: old, ..from },
                to: Terms { quantity: new, ..to },
                ..self.change.clone()
            };
            let (credit, charge) = self.lines(&change)?;
            Some(self.guess("quantity-ignored", credit, charge, detail))
        });
        lines.collect()
    }

    /// The credit as a share of what was last paid, instead of the plan's full value for the rest of the cycle.
    fn last_payments(&self) -> Vec<Guess> {
        let Some((payments, since)) = &self.last_payment else { return Vec::new() };
        let charge = self.due.charge.amount;
        let mut found = Vec::new();
        let rest = crate::judge::calendar::Period { start: *since, ..self.change.period };
        for &paid in payments {
            let terms = Terms { price: paid, quantity: Decimal::ONE };
            let shares = [self.change.period, rest].map(|period| {
                let change = Change { from: terms, period, paid: None, ..self.change.clone() };
                let rules = Rules { discount: Decimal::ZERO, ..self.rules.clone() };
                change.prorate(&rules).ok().map(|d| d.credit.amount)
            });
            let detail = format!(
                "the credit was taken from the last payment of {} instead of the plan's price",
                self.money(paid)
            );
            for credit in shares.into_iter().flatten().chain([-paid]) {
                found.push(self.guess("credit-from-last-payment", credit, charge, detail.clone()));
            }
        }
        found
    }

    fn floats(&self) -> Vec<Guess> {
        let units = self.rules.convention.rest(self.change.period, self.change.on);
        let of = |terms: Terms| {
            let kept = decimal::sub(Decimal::ONE_HUNDRED, self.rules.discount).unwrap_or_default();
            let value = Exact::from(terms.price).mul(terms.quantity.into()).and_then(|v| v.mul(kept.into()));
            let value = value.and_then(|v| v.mul(Decimal::new(1, 2).into()));
            value.map_or_else(|_| Vec::new(), |v| double::amounts(v, units, self.rules))
        };
        // It explains a cent of a line, never a line.
        let unit = money::minor_unit(&self.rules.currency);
        let near = |line: Decimal, found: Vec<Decimal>| {
            let close = |a: &Decimal| decimal::sub(*a, line.abs()).is_some_and(|d| d.abs() <= unit);
            found.into_iter().filter(close).collect::<Vec<_>>()
        };
        let (credit, charge) = self.due();
        let credits = near(credit, of(self.change.from));
        let charges = match self.change.cycle {
            Cycle::Goes => near(charge, of(self.change.to)),
            Cycle::Anew => vec![charge],
        };
        let detail =
            "the amounts were computed in binary floating point, which loses a part of a cent".to_owned();
        let pairs = credits.iter().flat_map(|c| charges.iter().map(move |g| (-*c, *g)));
        pairs.map(|(c, g)| self.guess("binary-float", c, g, detail.clone())).collect()
    }

    /// Two mistakes at once, each of which is visible in a line of its own.
    fn double_faults(&self) -> Vec<Guess> {
        let mut found = Vec::new();
        let (credit, charge) = self.due();
        let none = Decimal::ZERO;
        if credit.is_zero() {
            return found;
        }
        let missing = format!("the credit of {} is missing (credit-missing)", self.money(-credit));
        if let Some(whole) = self.whole_charge() {
            let text = self.money(whole);
            let detail = format!("the new plan was charged for a whole period ({text}), and {missing}");
            found.push(self.guess("full-period-charged", none, whole, detail));
            if let Some(both) = decimal::add(charge, whole) {
                let detail = format!(
                    "the new plan was charged for a whole period ({text}, full-period-charged) besides its share of {}, \
                     and {missing}",
                    self.money(charge)
                );
                let guess = self.guess("full-period-charged", none, both, detail);
                found.push(guess.by_lines([charge, whole]));
            }
        }
        if let Some(twice) = decimal::add(charge, charge) {
            let detail = format!("the charge of {} was billed twice, and {missing}", self.money(charge));
            found.push(self.guess("charged-twice", none, twice, detail).by_lines([charge, charge]));
        }
        for guess in self.conventions() {
            let detail = format!("the credit is missing, and {}", guess.detail);
            let lines = sorted([guess.charge]);
            found.push(Guess { id: "credit-missing", credit: none, detail, lines, ..guess });
        }
        found
    }

    /// The hypotheses that give every line; else both sides' sums; else the sum of all.
    fn exactly(&self, single: &[Guess], double: &[Guess]) -> Option<Answer> {
        let Invoiced { credit, charge, net, lines } = &self.invoiced;
        let by_lines = |g: &Guess| g.lines == *lines;
        let by_sides = |g: &Guess| g.credit == *credit && g.charge == *charge;
        let by_sum = |g: &Guess| g.net() == Some(*net);
        let fitting = |guesses: &[Guess], fits: &dyn Fn(&Guess) -> bool| {
            named(&guesses.iter().filter(|g| fits(g)).collect::<Vec<_>>())
        };
        fitting(single, &by_lines)
            .or_else(|| fitting(double, &by_lines))
            .or_else(|| fitting(single, &by_sides))
            .or_else(|| fitting(double, &by_sides))
            .or_else(|| fitting(single, &by_sum))
            .or_else(|| fitting(double, &by_sum))
    }

    fn nearly(&self, single: &[Guess], double: &[Guess]) -> Option<Answer> {
        let delta = decimal::sub(self.invoiced.net, self.due.net)?.abs();
        let residue = |g: &Guess| Some(decimal::sub(self.invoiced.net, g.net()?)?.abs());
        let small = |g: &&Guess| residue(g).is_some_and(|r| !decimal::exceeds(r, delta, Decimal::ONE));
        let mut near: Vec<&Guess> = single.iter().chain(double).filter(small).collect();
        near.sort_by_key(|g| residue(g));
        let best = residue(near.first()?)?;
        near.retain(|g| residue(g) == Some(best));
        let mut answer = named(&near)?;
        if let Some(cause) = &mut answer.cause {
            cause.detail.push_str(&format!("; {} are left unexplained", self.money(best)));
        }
        Some(answer)
    }
}

/// One cause for hypotheses that fit equally well; `ambiguous` where they are of several kinds.
fn named(fitting: &[&Guess]) -> Option<Answer> {
    let first = fitting.first()?;
    let mut kinds: Vec<&str> = Vec::new();
    let mut details: Vec<String> = Vec::new();
    for guess in fitting {
        if !kinds.contains(&guess.id) {
            kinds.push(guess.id);
            details.push(format!("{} ({})", guess.id, guess.detail));
        }
    }
    if kinds.len() == 1 {
        let cause = Cause { id: first.id.to_owned(), detail: first.detail.clone() };
        return Some(Answer { cause: Some(cause), convention: first.convention });
    }
    let cause = Cause { id: "ambiguous".to_owned(), detail: details.join("; or ") };
    Some(Answer { cause: Some(cause), convention: None })
}

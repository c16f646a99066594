//! Judges every charge, and says which invoices must wait.

use super::{
    accounts,
    book::{Book, Line},
    double,
    line::{self, Moments, State, Unknown, what},
    load, names, repeated,
};
use crate::{
    data::Data,
    engine::Outcome,
    judge::pieces,
    model::{
        decimal::Decimal,
        money,
        text::{counted, grouped},
        time::{Instant, Stamp, add_days, rfc3339},
    },
    report::{Evidence, Row, RowsNeeded, telling},
    settings::OptionalValue as _,
};
use anyhow::Result;
use serde_json::json;
use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// A judged line.
pub(super) struct Judged<'b> {
    pub line: u32,
    known: Known,
    /// What is known about it, where that speaks against it; of other lines it is found again where it is shown.
    against: Option<Box<State<'b>>>,
    /// The rules it breaks, without the check's name.
    pub faults: Vec<&'static str>,
    pub impact: Option<Decimal>,
}

/// How far a line could be judged.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// Whether its account's status could be judged.
    status: bool,
    /// Whether its features could be; `None` where it has none.
    features: Option<bool>,
    /// Whether its plan could be; `None` where it has none to compare.
    plan: Option<bool>,
}

impl Known {
    fn of(state: &State<'_>) -> Known {
        let unknown = state.unknown.contains(&Unknown::Entitlements);
        Known {
            status: state.status_judged,
            features: state.provisioned.map(|_| true).or(unknown.then_some(false)),
            plan: state.plan_judged,
        }
    }
}

/// The verdict on a line that nothing speaks against.
const GO: &str = "charge";

/// The place of a line that is not judged.
const NOWHERE: u32 = u32::MAX;

/// What is being written.
pub(super) struct Judge<'b, 'd> {
    pub book: &'b Book<'d>,
    pub moments: Moments,
    pub all: bool,
    /// Whether names differ so much that no line was judged.
    guarded: bool,
    pub out: Outcome,
    pub judged: Vec<Judged<'b>>,
    /// Where each line stands among the judged; [`NOWHERE`] where it is not judged.
    place: Vec<u32>,
    pub excluded: BTreeSet<u32>,
}

/// `4,000.00 USD`.
pub(super) fn amount_text(amount: Decimal, currency: &str) -> String {
    format!("{} {currency}", grouped(&money::format(amount, currency)))
}

/// `2026-09-15`, with the time of day where there is one.
pub(super) fn moment_text(t: Instant) -> String {
    let text = rfc3339(t);
    text.strip_suffix("T00:00:00Z").map_or(text.clone(), str::to_owned)
}

/// Runs the check.
pub(super) fn run(data: &Data<'_>) -> Result<Outcome> {
    let settings = data.settings;
    let all = settings.opt_switch("all")?;
    let book = load::load(data, |status| all || status.can_wait())?;
    let (product, newest) = newest_product_record(&book);
    let moments = Moments { as_of: settings.as_of, product, max_age: settings.opt_duration("max-sync-age")? };
    let problems = names::differ(&book);
    let guarded = !problems.is_empty();
    let mut judge = Judge {
        book: &book,
        moments,
        all,
        guarded,
        out: Outcome::default(),
        judged: Vec::new(),
        place: vec![NOWHERE; book.lines.len()],
        excluded: BTreeSet::new(),
    };
    judge.out.problems = problems;
    judge.lines();
    judge.unmatched();
    if !guarded {
        judge.findings();
        double::payments(&mut judge);
        double::lines(&mut judge);
        accounts::second_subscriptions(&mut judge);
        accounts::not_billed(&mut judge);
        judge.sync_stale(newest);
    }
    judge.rows();
    judge.counts();
    judge.close();
    let unverified = settings.opt_path("unverified-list").optional()?;
    let apart = unverified.is_some();
    if let Some(path) = settings.opt_path("hold-list").optional()? {
        let list = judge.held(|wrong| wrong || !apart);
        judge.out.files.push((path, list));
    }
    if let Some(path) = unverified {
        let list = judge.held(|wrong| !wrong);
        judge.out.files.push((path, list));
    }
    judge.out.excluded = judge.excluded.len() as u64;
    Ok(judge.out)
}

/// The newest moment that the product's exports tell of, and the row of accounts that does. A day of activity tells
/// of all of that day.
fn newest_product_record(book: &Book<'_>) -> (Option<Instant>, Option<Evidence>) {
    let data = book.data;
    let newest = book
        .holders
        .iter()
        .filter_map(|h| h.record.as_ref())
        .filter_map(|a| Some((a.updated_at?, Reverse(a.at))))
        .max();
    let active = data
        .parts("activity")
        .filter_map(|(_, part)| match Stamp::parse(part.newest.as_deref()?).ok()? {
            Stamp::Date(day) => Some(Stamp::Date(add_days(day, 1)?).in_zone(data.settings.timezone)),
            other => Some(other.in_zone(data.settings.timezone)),
        })
        .max();
    match (newest, active) {
        (Some((account, Reverse(at))), active) if active.is_none_or(|a| a <= account) => {
            (Some(account), Some(data.evidence("accounts", at)))
        }
        (_, active) => (active, None),
    }
}

impl<'b> Judge<'b, '_> {
    /// Judges the lines of draft and open invoices, of all with `--all`.
    fn lines(&mut self) {
        let book = self.book;
        let mut lines = Vec::new();
        for (number, bill) in (0u32..).zip(&book.bills) {
            if self.leaves_out(bill.account) || !(self.all || bill.status.can_wait()) {
                continue;
            }
            for (at, line) in book.lines_on(number) {
                if !self.leaves_out(line.account) {
                    self.place[at as usize] = lines.len() as u32;
                    lines.push(at);
                }
            }
        }
        let (moments, guarded) = (self.moments, self.guarded);
        self.judged = pieces::each(&lines, |&line| {
            let state = match guarded {
                true => State::default(),
                false => line::judge(book, &book.lines[line as usize], &moments),
            };
            let against = state.is_wrong() || !state.unknown.is_empty();
            Judged {
                line,
                known: Known::of(&state),
                against: against.then(|| Box::new(state)),
                faults: Vec::new(),
                impact: None,
            }
        });
    }

    /// What is known about a judged line.
    fn state<'j>(&self, j: &'j Judged<'b>) -> Cow<'j, State<'b>> {
        match &j.against {
            Some(state) => Cow::Borrowed(state),
            None if self.guarded => Cow::Owned(State::default()),
            None => Cow::Owned(line::judge(self.book, self.line(j.line), &self.moments)),
        }
    }

    /// Whether an account is out of scope; those that are billed are counted.
    pub(super) fn leaves_out(&mut self, account: u32) -> bool {
        let out = self.book.excluded(account);
        if out {
            self.excluded.insert(account);
        }
        out
    }

    /// Billed accounts that no row of accounts and no identity names.
    fn unmatched(&mut self) {
        let unknown: BTreeSet<String> = self
            .judged
            .iter()
            .map(|j| self.book.holder(&self.book.lines[j.line as usize]))
            .filter(|h| h.record.is_none())
            .map(|h| h.id.to_string())
            .chain(self.book.data.names.unmatched().into_iter().map(|(_, id)| id))
            .collect();
        self.out.unmatched_ids = unknown.len() as u64;
    }

    pub(super) fn line(&self, at: u32) -> &'b Line {
        &self.book.lines[at as usize]
    }

    /// Whether a line is among the judged.
    pub(super) fn judges(&self, line: u32) -> bool {
        self.place[line as usize] != NOWHERE
    }

    /// Marks a line as one that breaks a rule, if it is judged.
    pub(super) fn mark(&mut self, line: u32, fault: &'static str, impact: Option<Decimal>) {
        let at = self.place[line as usize];
        if at != NOWHERE {
            let judged = &mut self.judged[at as usize];
            if !judged.faults.contains(&fault) {
                judged.faults.push(fault);
            }
            judged.impact = judged.impact.max(impact);
        }
    }

    /// What product state says against each line.
    fn findings(&mut self) {
        let mut unknown: BTreeMap<u32, BTreeSet<Unknown>> = BTreeMap::new();
        for at in 0..self.judged.len() {
            let Some(state) = self.judged[at].against.take() else { continue };
            let number = self.judged[at].line;
            let line = self.line(number);
            self.inactive(number, line, &state);
            self.stale(number, line, &state);
            self.lacking(number, line, &state);
            if state.stale.is_some() || !state.lacking.is_empty() {
                repeated::find(self, number, line, &state);
            }
            if !state.unknown.is_empty() {
                unknown.entry(line.bill).or_default().extend(&state.unknown);
                self.mark(number, "unverifiable", None);
            }
            self.judged[at].against = Some(state);
        }
        for (bill, reasons) in unknown {
            self.unverifiable(bill, &reasons);
        }
    }

    fn rows(&mut self) {
        let needed = self.book.data.settings.rows_needed;
        let named = |at: usize| {
            let line = self.line(self.judged[at].line);
            (&*self.book.bill(line).id, line.id.as_deref())
        };
        let all = self.judged.len();
        let mut made: Vec<usize> = match needed {
            RowsNeeded::None => return,
            RowsNeeded::Telling => {
                telling(all, |at| !self.judged[at].faults.is_empty(), |a, b| named(a).cmp(&named(b)))
            }
            RowsNeeded::Each | RowsNeeded::All => (0..all).collect(),
        };
        made.sort_by(|a, b| named(*a).cmp(&named(*b)));
        let rows: Vec<Row> = made.iter().map(|at| self.row(&self.judged[*at])).collect();
        if rows.len() < all {
            self.out.rows_left.insert(GO.to_owned(), (all - rows.len()) as u64);
        }
        self.out.rows = rows;
    }

    fn row(&self, j: &Judged<'b>) -> Row {
        let book = self.book;
        let state = self.state(j);
        let line = self.line(j.line);
        let bill = book.bill(line);
        let holder = book.holder(line);
        let zone = book.zone(line.subscription);
        let period = line.period.map(|p| match p.end {
            Some(end) => format!("{}/{}", p.write(p.start, zone), p.write(end, zone)),
            None => p.write(p.start, zone),
        });
        let charged = line.plan.as_ref();
        let mut plans: Vec<&str> = state.in_force.iter().map(|f| &**f.plan).collect();
        plans.sort_unstable();
        plans.dedup();
        let in_force = match charged.filter(|c| plans.iter().any(|p| *p == &***c)) {
            Some(same) => Some(same.to_string()),
            None => (!plans.is_empty()).then(|| plans.join(";")),
        };
        let wrong = j.faults.iter().any(|f| *f != "unverifiable");
        let reason = if j.faults.is_empty() {
            None
        } else {
            let mut parts: Vec<String> =
                j.faults.iter().filter(|f| **f != "unverifiable").map(|f| (*f).to_owned()).collect();
            let unknown: Vec<&str> = state.unknown.iter().map(|u| u.text()).collect();
            if !unknown.is_empty() {
                parts.push(format!("unverifiable: {}", unknown.join("; ")));
            }
            Some(parts.join(", "))
        };
        let currency = &line.currency;
        Row {
            values: vec![
                json!(&*bill.id),
                json!(line.id.as_deref()),
                json!(&*holder.id),
                json!(what(line)),
                json!(period),
                json!(charged.map(|c| &**c)),
                json!(in_force),
                json!(state.provisioned),
                json!(holder.record.as_ref().map(|a| &*a.status)),
                json!(money::format(line.amount, currency)),
                json!(&**currency),
                json!(if j.faults.is_empty() { GO } else { "hold" }),
                json!(reason),
            ],
            account: Some(holder.id.to_string()),
            flagged: !j.faults.is_empty(),
            rank: (
                if wrong { 0 } else { u8::from(j.faults.is_empty()) + 1 },
                Reverse(j.impact.unwrap_or_default()),
            ),
        }
    }

    /// How far each rule was judged.
    fn counts(&mut self) {
        let lines = self.judged.len() as u64;
        let tally = |yes: &dyn Fn(&Judged<'_>) -> Option<bool>| {
            let said = self.judged.iter().filter_map(yes);
            said.fold((0, 0), |(a, b), done| if done { (a + 1, b) } else { (a, b + 1) })
        };
        let own = |j: &Judged<'_>| self.line(j.line).kind.is_own();
        let status = tally(&|j| own(j).then_some(j.known.status));
        let features = tally(&|j| j.known.features);
        let plans = tally(&|j| j.known.plan);
        let not = self.not_judged();
        let counts = [
            ("charges/account-inactive", status),
            ("charges/feature-not-provisioned", features),
            ("charges/plan-stale", plans),
            ("charges/repeated", (features.0.max(plans.0), features.1.max(plans.1))),
            ("charges/unverifiable", (lines, 0)),
            ("charges/sync-stale", (u64::from(self.moments.product.is_some()), 0)),
        ];
        if self.guarded {
            self.out.checked = 0;
            self.out.not_judged = lines;
            self.out.judged.extend(counts.map(|(code, (done, no))| (code, (0, done + no))));
            return;
        }
        self.out.judged.extend(counts);
        self.out.not_judged = not;
        self.out.checked = lines - not;
    }

    /// Lines that product state says nothing about, or that have no period.
    fn not_judged(&self) -> u64 {
        let nothing = |j: &&Judged<'_>| {
            let no_period = self.line(j.line).period.is_none() && self.line(j.line).kind.is_own();
            match &j.against {
                Some(state) => (!state.unknown.is_empty() || no_period) && !state.is_wrong(),
                None => no_period,
            }
        };
        self.judged.iter().filter(nothing).count() as u64
    }

    /// Draft and open invoices that must wait, with whether something about them is wrong or only unknown.
    fn waiting(&self) -> BTreeMap<&'b str, bool> {
        let mut bills: BTreeMap<&str, bool> = BTreeMap::new();
        for j in self.judged.iter().filter(|j| !j.faults.is_empty()) {
            let bill = self.book.bill(self.line(j.line));
            if bill.status.can_wait() {
                *bills.entry(&bill.id).or_default() |= j.faults.iter().any(|f| *f != "unverifiable");
            }
        }
        bills
    }

    /// The ids of the invoices that must wait, one a line.
    fn held(&self, wanted: impl Fn(bool) -> bool) -> Vec<u8> {
        let waiting = self.waiting();
        let ids = waiting.iter().filter(|(_, wrong)| wanted(**wrong));
        ids.flat_map(|(id, _)| format!("{id}\n").into_bytes()).collect()
    }

    fn close(&mut self) {
        let (wrong, unknown): (Vec<_>, Vec<_>) = self.waiting().into_iter().partition(|(_, wrong)| *wrong);
        let (wrong, unknown) = (wrong.len() as u64, unknown.len() as u64);
        let bad = |j: &&Judged<'_>| j.faults.iter().any(|f| *f != "unverifiable");
        let lines = self.judged.iter().filter(bad).count() as u64;
        let all = counted(self.out.checked, "judged line", "judged lines");
        let mut head = match (self.out.checked, lines) {
            (0, 0) => "no line could be judged".to_owned(),
            (1, 0) => format!("{all} agrees with the product's state"),
            (_, 0) => format!("{all} agree with the product's state"),
            _ => format!(
                "{} of {all} {} not agree with the product's state",
                grouped(&lines.to_string()),
                if lines == 1 { "does" } else { "do" }
            ),
        };
        if wrong > 0 {
            let text = counted(wrong, "draft or open invoice", "draft or open invoices");
            head.push_str(&format!("; hold {text}"));
        }
        if unknown > 0 {
            head.push_str(&format!("; {} cannot be verified", counted(unknown, "invoice", "invoices")));
        }
        self.out.headline = head;
        let without = self.judged.iter().filter(|j| {
            let line = self.line(j.line);
            line.period.is_none() && line.kind.is_own()
        });
        let without = without.count() as u64;
        if without > 0 {
            let text = counted(without, "line has", "lines have");
            self.out.notes.push(format!("not judged: {text} no period, and no more has the invoice"));
        }
        self.out.own.insert("hold".to_owned(), json!(wrong + unknown));
        self.out.own.insert("hold_unverifiable".to_owned(), json!(unknown));
        if wrong + unknown > 0 {
            self.out.notes.push(format!(
                "{} should wait: {wrong} wrong, {unknown} not verifiable (--hold-list FILE writes their ids)",
                counted(wrong + unknown, "draft or open invoice", "draft or open invoices"),
            ));
        }
        if !self.book.data.has("payments") {
            self.out
                .notes
                .push("no payments were given: double charges were looked for among lines alone".to_owned());
        }
    }
}

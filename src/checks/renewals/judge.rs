//! Runs the check: loads, judges each renewal, tells.

use super::{
    calendar::{Event, calendar},
    findings::{Teller, label},
    inputs::{Inputs, names_differ},
    plan::{Contact, Log, Planned, Policy, Silence, Standing, plan, silence},
    risk::{Limits, Reason, Risk, Signals, assess},
    rows,
    signals::{Since, Watch, open_at, reach},
    terms::{Renewal, renewal},
};
use crate::{
    data::{
        At, Data,
        records::{Account, Subscription},
    },
    engine::Outcome,
    judge::health::{self, Loaded, day_of},
    model::{money::Money, text::counted},
    report::{Severity, totals},
    settings::OptionalValue as _,
};
use anyhow::{Context as _, Result};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Ten years: no renewal is looked for beyond.
const MOST_WITHIN: u64 = 3650;

/// What holds for the whole run.
pub(super) struct Setting {
    pub(super) policy: Policy,
    pub(super) limits: Limits,
    /// The day of `--as-of` in `--timezone`.
    pub(super) today: NaiveDate,
    /// The last day that is looked at lies so many days ahead.
    within: i64,
    all_terms: bool,
}

impl Setting {
    fn of(data: &Data<'_>) -> Result<Setting> {
        let s = data.settings;
        let within = s.opt_count("within")?;
        let within = i64::try_from(within)
            .ok()
            .filter(|w| (0..=MOST_WITHIN as i64).contains(w))
            .with_context(|| format!("--within is {within}; it takes 0 to {MOST_WITHIN} days"))?;
        Ok(Setting {
            policy: Policy::of(s)?,
            limits: Limits::of(s)?,
            today: day_of(s.as_of, s.timezone),
            within,
            all_terms: s.opt_switch("all-terms")?,
        })
    }

    /// How many days before the judged one risks are looked at.
    fn back(&self) -> u32 {
        self.policy.longest()
    }
}

/// One renewal, judged.
pub(super) struct Case<'a> {
    pub(super) subscription: &'a Subscription,
    pub(super) account: &'a Account,
    pub(super) limits: &'a Limits,
    pub(super) date: NaiveDate,
    pub(super) days_left: i64,
    /// Of the renewal.
    pub(super) arr: Option<Money>,
    pub(super) signals: Signals,
    /// `None` without tickets.
    pub(super) open_tickets: Option<usize>,
    pub(super) risk: Risk,
    pub(super) reasons: Vec<Reason>,
    /// For a risk alone.
    pub(super) since: Option<Since>,
    pub(super) steps: Vec<Planned>,
    /// For a renewal that is near, where messages are there.
    silence: Option<Silence>,
    /// Where the last message of a person stands.
    pub(super) last_contact: Option<At>,
}

impl Case<'_> {
    /// The earliest step that is owed and not done.
    pub(super) fn next(&self) -> Option<&Planned> {
        self.steps.iter().find(|s| s.standing.is_open())
    }

    /// Who acts: the account manager, else the customer success manager.
    pub(super) fn owner(&self) -> Option<&str> {
        let named =
            |name: &Option<crate::data::records::Text>| name.as_ref().is_some_and(|n| !n.trim().is_empty());
        let both = [&self.account.account_manager, &self.account.csm];
        both.into_iter().find(|n| named(n))?.as_deref()
    }
}

/// Runs the check.
pub(super) fn run(data: &Data<'_>) -> Result<Outcome> {
    let setting = Setting::of(data)?;
    let loaded = health::load(data, reach(setting.back(), &setting.limits), 0)?;
    let inputs = Inputs::load(data, &loaded, setting.today)?;
    let mut out = Outcome { excluded: loaded.excluded, ..Outcome::default() };
    let problems = names_differ(data, &loaded, &inputs);
    if !problems.is_empty() {
        out.problems = problems;
        out.not_judged = inputs.subscriptions.len() as u64;
        "the exports name accounts differently".clone_into(&mut out.headline);
        return Ok(out);
    }
    out.unmatched_ids = inputs.unknown.len() as u64;
    let (mut cases, untold) = judged(data, &setting, &loaded, &inputs, &mut out);
    cases.sort_by_key(|c| (c.date, c.account.account_id, c.subscription.subscription_id));
    let mut told = Told { data, setting: &setting, loaded: &loaded, inputs: &inputs, out };
    for case in &cases {
        told.case(case);
    }
    told.out.not_judged += untold;
    told.out.checked = told.out.checked.saturating_sub(untold);
    told.missing_messages();
    told.notes(&cases, untold);
    told.close(&cases);
    if let Some(path) = data.settings.opt_path("ical").optional()? {
        let file = calendar(&told.events(&cases), data.settings.as_of);
        told.out.files.push((path, file));
    }
    Ok(told.out)
}

/// The renewals of the window, and how many subscriptions do not tell when they renew.
fn judged<'a>(
    data: &Data<'_>,
    setting: &'a Setting,
    loaded: &'a Loaded,
    inputs: &'a Inputs,
    out: &mut Outcome,
) -> (Vec<Case<'a>>, u64) {
    let zone = data.settings.timezone;
    let mut cases = Vec::new();
    let mut untold = 0;
    for s in &inputs.subscriptions {
        let at = loaded.accounts.binary_search_by(|a| a.account_id.cmp(&s.account_id));
        let Some(account) = at.ok().map(|at| &loaded.accounts[at]) else { continue };
        if &*account.status == "canceled" {
            continue;
        }
        let when = renewal(s, zone, setting.all_terms);
        out.checked += u64::from(when != Renewal::Not);
        match when {
            Renewal::Untold => untold += 1,
            Renewal::On(date) => {
                let days_left = (date - setting.today).num_days();
                if (0..=setting.within).contains(&days_left) {
                    cases.push(case(data, setting, loaded, inputs, s, account, (date, days_left)));
                }
            }
            Renewal::Not => {}
        }
    }
    (cases, untold)
}

fn case<'a>(
    data: &Data<'_>,
    setting: &'a Setting,
    loaded: &'a Loaded,
    inputs: &'a Inputs,
    subscription: &'a Subscription,
    account: &'a Account,
    (date, days_left): (NaiveDate, i64),
) -> Case<'a> {
    let id = &account.account_id;
    let (zone, as_of) = (data.settings.timezone, data.settings.as_of);
    let tickets = loaded.tickets.get(id).map_or(&[][..], Vec::as_slice);
    let customer = loaded.health.find(id);
    let limits = &setting.limits;
    let watch = customer.map(|c| Watch::new(&loaded.health, c, tickets, limits, zone, setting.back()));
    let signals = watch.as_ref().map(|w| w.on(0, Some(as_of))).unwrap_or_default();
    let (mut risk, mut reasons) = assess(&signals, limits);
    if subscription.cancel_at.is_some() {
        (risk, reasons) = (Risk::Ending, Vec::new());
    }
    let since = watch.as_ref().filter(|_| risk.is_risk()).map(|w| w.since(setting.back()));
    let contacts = inputs.contacts_of(subscription);
    let log = inputs.log.then_some(Log { contacts: &contacts, from: inputs.log_from });
    let near = days_left <= setting.policy.near && risk != Risk::Ending;
    let by_person = |c: &&Contact| !setting.policy.automated.contains(&c.kind);
    Case {
        subscription,
        account,
        limits,
        date,
        days_left,
        arr: inputs.arr(subscription, account, &loaded.customers),
        signals,
        open_tickets: data.has("tickets").then(|| tickets.iter().filter(|t| open_at(t, as_of)).count()),
        risk,
        reasons,
        since,
        steps: plan(&setting.policy, date, setting.today, risk, since, log),
        silence: log
            .filter(|_| near)
            .map(|_| Log { contacts: inputs.all_of(id), from: inputs.log_from })
            .map(|l| silence(&setting.policy, setting.today, l)),
        last_contact: inputs.all_of(id).iter().rfind(by_person).map(|c| c.at),
    }
}

struct Told<'t, 'd> {
    data: &'t Data<'d>,
    setting: &'t Setting,
    loaded: &'t Loaded,
    inputs: &'t Inputs,
    out: Outcome,
}

/// The rules that need messages.
const OUTREACH: [&str; 3] =
    ["renewals/outreach-missed", "renewals/outreach-due", "renewals/first-contact-late"];

impl Told<'_, '_> {
    fn count(&mut self, code: &'static str, judged: bool) {
        let (yes, no) = self.out.judged.entry(code).or_default();
        *(if judged { yes } else { no }) += 1;
    }

    fn case(&mut self, c: &Case<'_>) {
        let teller = Teller { data: self.data, loaded: self.loaded, setting: self.setting, case: c };
        let mut found = Vec::new();
        if c.risk != Risk::Ending {
            self.count("renewals/at-risk", c.risk != Risk::Unknown);
            self.count("renewals/unknown-risk", true);
            self.count("renewals/no-owner", true);
            let known = c.steps.iter().all(|s| s.standing != Standing::Unknown);
            self.count("renewals/outreach-missed", known);
            self.count("renewals/outreach-due", known);
            if c.risk == Risk::High {
                found.push(teller.at_risk());
            }
            if c.risk == Risk::Unknown {
                self.out.not_judged += 1;
                found.push(teller.unknown_risk());
            }
            if self.names_owners() && c.owner().is_none() {
                found.push(teller.no_owner());
            }
            if self.inputs.log {
                found.extend(c.steps.iter().filter_map(|s| teller.step(s)));
            }
            let near = c.days_left <= self.setting.policy.near;
            if near {
                let known = c.silence.is_some_and(|s| s != Silence::Unknown);
                self.count("renewals/first-contact-late", known);
            }
            if let Some(Silence::Silent(last)) = c.silence {
                found.push(teller.first_contact_late(last));
            }
        }
        let rank = |s: Severity| match s {
            Severity::Error => 0,
            Severity::Warning => 1,
            Severity::Info => 2,
        };
        let worst = found.iter().map(|f| rank(f.severity)).min().unwrap_or(3);
        self.out.rows.push(rows::row(c, worst));
        self.out.findings.extend(found);
    }

    /// Whether an empty cell says that nobody owns the account.
    fn names_owners(&self) -> bool {
        ["account_manager", "csm"].iter().any(|c| self.data.has_column("accounts", c))
    }

    /// A log that does not say whom its messages went to tells nothing of an account; one that begins too late tells
    /// nothing of what was done before.
    fn missing_messages(&mut self) {
        if !self.data.has("messages") {
            return;
        }
        for code in OUTREACH {
            let unjudged = self.out.judged.get(code).is_some_and(|(_, no)| *no > 0);
            let lacks = if self.inputs.names_accounts { "messages" } else { "messages.account_id" };
            if unjudged {
                self.out.missing.insert(code, vec![lacks.to_owned()]);
            }
        }
    }

    fn notes(&mut self, cases: &[Case<'_>], untold: u64) {
        let activity = self.loaded.health.activity();
        let notes = &mut self.out.notes;
        if let Some((first, last)) = activity.span() {
            notes.push(format!("activity covers {first} to {last}"));
        }
        if self.loaded.back > 0 {
            notes.push(format!(
                "scores are of {}, the day after the last one that activity covers",
                self.loaded.health.day()
            ));
        }
        let mut say = |holds: bool, what: String| {
            if holds {
                notes.push(what);
            }
        };
        say(!self.data.has("tickets"), "no tickets: urgent tickets and sentiment left out".to_owned());
        say(!self.data.has("messages"), "no messages: outreach was not judged".to_owned());
        let scored = |c: &&Case<'_>| c.signals.score.is_some() && c.signals.change.is_none();
        let short = cases.iter().filter(scored).count() as u64;
        let renewals = |n| counted(n, "renewal", "renewals");
        say(
            short > 0,
            format!("{} without a score of 90 days ago: its change was not judged", renewals(short)),
        );
        if let Some(from) = self.inputs.log_from {
            let unknown = |c: &&Case<'_>| {
                c.silence == Some(Silence::Unknown) || c.steps.iter().any(|s| s.standing == Standing::Unknown)
            };
            let n = cases.iter().filter(unknown).count() as u64;
            say(
                n > 0,
                format!("messages begin on {from}, too late to tell of {} what was done before", renewals(n)),
            );
        }
        say(
            untold > 0,
            format!(
                "{} of a year or more without renewal_date: when the term ends is not told, so not judged",
                counted(untold, "subscription", "subscriptions")
            ),
        );
        let unknown = self.inputs.unknown.len() as u64;
        say(
            unknown > 0,
            format!(
                "{} no account",
                counted(unknown, "id of subscriptions matches", "ids of subscriptions match")
            ),
        );
        for (month, line) in at_risk_by_month(cases) {
            notes.push(format!("high risk in {month}: {line}"));
        }
    }

    fn close(&mut self, cases: &[Case<'_>]) {
        let of = |risk: Risk| cases.iter().filter(move |c| c.risk == risk);
        let own = &mut self.out.own;
        own.insert("renewals".to_owned(), cases.len().into());
        for risk in [Risk::High, Risk::Medium, Risk::Low, Risk::Unknown, Risk::Ending] {
            own.insert(risk.name().to_owned(), of(risk).count().into());
        }
        own.insert("arr_by_month".to_owned(), rows::by_month(cases).into());
        own.insert("arr_by_reason".to_owned(), rows::by_reason(cases).into());
        let high = of(Risk::High).count();
        let mut parts = Vec::new();
        if high > 0 {
            let sums = summed(of(Risk::High));
            parts.push(if sums.is_empty() {
                format!("{high} at high risk")
            } else {
                format!("{high} at high risk ({sums})")
            });
        }
        for (risk, word) in [(Risk::Medium, "medium"), (Risk::Low, "low"), (Risk::Unknown, "unknown")] {
            let n = of(risk).count();
            if n > 0 {
                parts.push(format!("{n} {word}"));
            }
        }
        let ending = of(Risk::Ending).count();
        if ending > 0 {
            parts.push(format!("{ending} ending"));
        }
        let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
        let days = counted(self.setting.within.unsigned_abs(), "day", "days");
        self.out.headline =
            format!("{} within {days}{parts}", counted(cases.len() as u64, "renewal", "renewals"));
    }

    /// The open steps of the accounts that were asked for; without messages those that cannot have been done yet.
    fn events(&self, cases: &[Case<'_>]) -> Vec<Event> {
        let wanted = &self.data.settings.accounts;
        let mut events = Vec::new();
        for c in cases.iter().filter(|c| wanted.is_empty() || wanted.contains(&*c.account.account_id)) {
            for s in c.steps.iter().filter(|s| s.standing.is_open()) {
                events.push(event(c, s));
            }
        }
        events.sort_by(|a, b| (a.day, &a.identity).cmp(&(b.day, &b.identity)));
        events
    }
}

fn summed<'c>(cases: impl Iterator<Item = &'c Case<'c>>) -> String {
    let sums = totals(cases.filter_map(|c| c.arr.as_ref()));
    sums.iter().map(rows::amount).collect::<Vec<_>>().join(" + ")
}

/// The renewals at high risk by month, in words.
fn at_risk_by_month(cases: &[Case<'_>]) -> BTreeMap<String, String> {
    let mut by: BTreeMap<String, Vec<&Case<'_>>> = BTreeMap::new();
    for c in cases.iter().filter(|c| c.risk == Risk::High) {
        by.entry(c.date.format("%Y-%m").to_string()).or_default().push(c);
    }
    let told = by.into_iter().map(|(month, list)| {
        let n = counted(list.len() as u64, "renewal", "renewals");
        let sums = totals(list.iter().filter_map(|c| c.arr.as_ref()));
        let sums: Vec<String> = sums.iter().map(rows::amount).collect();
        (month, if sums.is_empty() { n } else { format!("{n}, {}", sums.join(" + ")) })
    });
    told.collect()
}

fn event(c: &Case<'_>, s: &Planned) -> Event {
    let mut what = label(&s.message);
    if let Some(first) = what.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let mut lines = vec![format!("Renewal of {} on {}.", c.who(), c.date)];
    if let Some(arr) = &c.arr {
        lines.push(format!("{} a year.", rows::amount(arr)));
    }
    lines.push(match c.risk.is_risk() {
        true => format!("Risk {}: {}.", c.risk.name(), c.because()),
        false => format!("Risk {}.", c.risk.name()),
    });
    if let Standing::Missed(late) = s.standing {
        lines.push(format!(
            "Overdue by {} when this was written.",
            counted(late.unsigned_abs(), "day", "days")
        ));
    }
    lines.push(c.owner().map_or_else(|| "No owner is named.".to_owned(), |o| format!("Owner: {o}.")));
    Event {
        identity: [
            c.account.account_id.to_string(),
            c.subscription.subscription_id.to_string(),
            c.date.to_string(),
            s.message.clone(),
        ],
        day: s.date,
        summary: format!("{what}: {}", c.who()),
        description: lines.join("\n"),
    }
}

//! Runs the check: loads, routes each ticket, tells.

use super::{
    findings::Teller,
    outages::{Outage, outages},
    policy::{Policy, word},
    replay::Replay,
    requesters::Requesters,
    risk::{Risks, largest},
    route::{Known, Response, Route, Standing, current_queue, is_group_id, response, route, standing},
    rows,
    select::{Pick, pick},
};
use crate::{
    data::{
        Data,
        records::{Account, AccountAddress, Text, Ticket},
    },
    engine::Outcome,
    judge::{
        health::{self, Loaded, day_of},
        naming::{IDENTITIES, Naming, Words},
    },
    model::{text::counted, time::Instant},
    report::{Finding, Problem, Severity},
};
use anyhow::Result;
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Days before today whose health a replay can tell: three years.
const MOST_DAYS: i64 = 1100;

/// A ticket with its route.
pub(super) struct Judged<'t> {
    pub(super) policy: &'t Policy,
    pub(super) ticket: &'t Ticket,
    pub(super) known: Known,
    pub(super) route: Route,
}

/// The tickets that are judged, each with its account, in the order of their creation; and how many are not.
#[derive(Default)]
struct Picked {
    tickets: Vec<(Ticket, Option<Text>)>,
    left_out: u64,
    settled: u64,
}

/// Runs the check.
pub(super) fn run(data: &Data<'_>) -> Result<Outcome> {
    let policy = Policy::of(data.settings)?;
    let tickets: Vec<Ticket> = data.load()?;
    let addresses: Vec<AccountAddress> = data.load()?;
    let requesters = Requesters::new(&addresses);
    let mut out = Outcome::default();
    if let Some(problem) = names_differ(data, &tickets, &requesters, &addresses) {
        out.not_judged = tickets.len() as u64;
        out.problems.push(problem);
        "tickets and accounts name different accounts".clone_into(&mut out.headline);
        return Ok(out);
    }
    let loaded = health::load(data, back(data, &policy, &tickets), 0)?;
    out.excluded = loaded.excluded;
    let scope: HashMap<&Text, &Account> = loaded.accounts.iter().map(|a| (&a.account_id, a)).collect();
    let picked = choose(&policy, tickets, &requesters, &scope, data.settings.as_of);
    let outages = outages(&data.load::<crate::data::records::Incident>()?, &data.load()?);
    notes(data, &policy, &loaded, &picked, &mut out);

    let day = |ticket: &Ticket| day_judged(data, &policy, &loaded, ticket);
    let mut wanted: BTreeMap<Text, BTreeSet<NaiveDate>> = BTreeMap::new();
    for (ticket, account) in &picked.tickets {
        if let Some(account) = account {
            wanted.entry(*account).or_default().insert(day(ticket));
        }
    }
    let risks = Risks::of(&loaded, &policy, &wanted);
    let top = largest(&loaded.accounts, &loaded.customers, policy.top);
    let mut told = Told {
        data,
        loaded: &loaded,
        policy: &policy,
        out,
        replay: Replay::default(),
        tierless: BTreeSet::new(),
    };
    for (ticket, account) in &picked.tickets {
        let known = Known {
            account: *account,
            tier: account.as_ref().and_then(|a| loaded.customers.tier(a)).map(str::to_owned),
            risk: account.as_ref().map(|a| risks.on(a, day(ticket))).unwrap_or_default(),
            top: account.as_ref().is_some_and(|a| top.contains(a)),
        };
        let open: Vec<&Outage> = outages
            .iter()
            .filter(|o| o.concerns(ticket.created_at, ticket.feature_area.as_deref()))
            .collect();
        let route = route(&policy, ticket, &known, &open);
        let account = account.as_ref().and_then(|a| scope.get(a).copied());
        told.ticket(&Judged { policy: &policy, ticket, known, route }, account, &open);
    }
    told.close(&picked);
    Ok(told.out)
}

/// How many days before the judged one scores are needed for.
fn back(data: &Data<'_>, policy: &Policy, tickets: &[Ticket]) -> u32 {
    let zone = data.settings.timezone;
    let today = day_of(data.settings.as_of, zone);
    let oldest = tickets.iter().map(|t| day_of(t.created_at, zone)).min().filter(|_| policy.replay);
    let days = oldest.map_or(0, |day| (today - day).num_days().clamp(0, MOST_DAYS));
    u32::try_from(days).unwrap_or(0) + policy.drop_days
}

/// The day whose health a ticket is judged by: in a replay that of its creation, else the judged one.
fn day_judged(data: &Data<'_>, policy: &Policy, loaded: &Loaded, ticket: &Ticket) -> NaiveDate {
    let judged = loaded.health.day();
    if policy.replay { day_of(ticket.created_at, data.settings.timezone).min(judged) } else { judged }
}

/// Whether most account ids of the tickets match no account: then nothing is judged.
fn names_differ(
    data: &Data<'_>,
    tickets: &[Ticket],
    requesters: &Requesters,
    accounts: &[AccountAddress],
) -> Option<Problem> {
    let used = tickets.iter().filter_map(|t| t.account_id.as_ref()).map(|id| (id, 1));
    let names = Naming::of(used, |id| requesters.knows(id));
    // A ticket or two of unknown requesters are findings, not another way to name accounts.
    if names.unknown.len() < 3 {
        return None;
    }
    let words = Words {
        kind: ("id", "ids"),
        clause: "in tickets match no account, so nothing was judged",
        remedy: IDENTITIES,
    };
    let problem = names.problem(&words, accounts.iter().map(|a| &*a.account_id))?;
    Some(data.blame("tickets", problem))
}

/// Sorts the tickets out; those of accounts out of scope are internal.
fn choose(
    policy: &Policy,
    tickets: Vec<Ticket>,
    requesters: &Requesters,
    scope: &HashMap<&Text, &Account>,
    as_of: Instant,
) -> Picked {
    let mut picked = Picked::default();
    for ticket in tickets {
        let account = requesters.find(ticket.account_id.as_ref(), ticket.requester_email.as_deref());
        let internal = account.is_some_and(|a| !scope.contains_key(a));
        match pick(policy, &ticket, as_of) {
            Pick::Ahead => {}
            Pick::Judged if !internal => {
                let account = account.cloned();
                picked.tickets.push((ticket, account));
            }
            Pick::Settled if !internal => picked.settled += 1,
            _ => picked.left_out += 1,
        }
    }
    picked.tickets.sort_by(|(a, _), (b, _)| (a.created_at, &a.ticket_id).cmp(&(b.created_at, &b.ticket_id)));
    picked
}

/// How the data was read and what it lacks.
fn notes(data: &Data<'_>, policy: &Policy, loaded: &Loaded, picked: &Picked, out: &mut Outcome) {
    if picked.left_out > 0 {
        let tickets = counted(picked.left_out, "ticket is", "tickets are");
        out.notes.push(format!("{tickets} left out: on hold, merged, spam or internal"));
    }
    if !data.has("activity") {
        out.notes.push("no activity: no account has a score, so none is known to be at risk".to_owned());
    } else if loaded.back > 0 {
        out.notes.push(format!(
            "health is that of {}, the day after the last one that activity covers",
            loaded.health.day()
        ));
    }
    if policy.senior.is_empty() {
        out.notes.push(
            "[triage.senior] names nobody: who has the tickets of accounts at risk is not judged".to_owned(),
        );
        out.missing.insert("triage/junior-on-at-risk", vec!["triage.senior".to_owned()]);
    }
    let groups: BTreeSet<&str> = picked
        .tickets
        .iter()
        .filter_map(|(t, _)| current_queue(policy, t))
        .filter(|q| is_group_id(q))
        .collect();
    if !groups.is_empty() {
        let list: Vec<&str> = groups.iter().take(10).copied().collect();
        out.notes.push(format!(
            "[triage.queue_names] does not name {}, so the queues of their tickets are not judged: {}",
            counted(groups.len() as u64, "group", "groups"),
            list.join(", ")
        ));
    }
    let unknown: BTreeSet<&str> = picked
        .tickets
        .iter()
        .filter(|(_, account)| account.is_none())
        .filter_map(|(t, _)| t.account_id.as_deref())
        .collect();
    out.unmatched_ids = unknown.len() as u64;
}

struct Told<'t, 'd> {
    data: &'t Data<'d>,
    loaded: &'t Loaded,
    policy: &'t Policy,
    out: Outcome,
    replay: Replay,
    /// Accounts whose tier nobody tells.
    tierless: BTreeSet<Text>,
}

impl Told<'_, '_> {
    fn count(&mut self, code: &'static str, judged: bool) {
        let (yes, no) = self.out.judged.entry(code).or_default();
        *(if judged { yes } else { no }) += 1;
    }

    fn ticket(&mut self, judged: &Judged<'_>, account: Option<&Account>, open: &[&Outage]) {
        let known = &judged.known;
        self.tierless.extend(known.account.filter(|_| known.tier.is_none()));
        let found = self.findings(judged, account, open);
        self.replay.count(judged, &found);
        let worst = found.iter().map(|f| u8::from(f.severity != Severity::Error)).min().unwrap_or(2);
        self.out.rows.push(rows::row(judged, &self.loaded.customers, worst));
        self.out.findings.extend(found);
    }

    fn findings(&mut self, judged: &Judged<'_>, account: Option<&Account>, open: &[&Outage]) -> Vec<Finding> {
        let as_of = self.data.settings.as_of;
        let has = |column| self.data.has_column("tickets", column);
        let teller = Teller { data: self.data, loaded: self.loaded, judged, account };
        let Judged { ticket, known, route, .. } = judged;
        let mut found = Vec::new();

        let standing = standing(self.policy, ticket, known, route);
        self.count("triage/misrouted", standing != Standing::Unknown);
        if has("queue") {
            match standing {
                Standing::Unknown => self.out.not_judged += 1,
                Standing::Wrong => found.push(teller.misrouted(as_of)),
                Standing::Right => {}
            }
        }
        if standing != Standing::Unknown || !has("queue") {
            self.out.checked += 1;
        }

        self.count("triage/response-overdue", route.target_at.is_some());
        if let Some(target) = route.target_at.filter(|_| has("first_response_at")) {
            match response(ticket, target, as_of) {
                Response::InTime => {}
                late => found.push(teller.overdue(target, late, as_of)),
            }
        }

        let known_risk = known.risk.at_risk.filter(|_| !self.policy.senior.is_empty());
        self.count("triage/junior-on-at-risk", known_risk.is_some());
        if let Some(assignee) = ticket.assignee.as_deref().filter(|_| known_risk == Some(true))
            && !self.policy.senior.contains(&word(assignee))
        {
            found.push(teller.junior(assignee));
        }

        self.count("triage/incident-untagged", true);
        if has("tags") {
            found.extend(teller.untagged(open));
        }
        self.count("triage/no-account", true);
        if known.account.is_none() && (has("account_id") || has("requester_email")) {
            found.push(teller.no_account());
        }
        found
    }

    fn close(&mut self, picked: &Picked) {
        let tickets = picked.tickets.len() as u64;
        let own = &mut self.out.own;
        own.insert("tickets".to_owned(), tickets.into());
        own.insert("left_out".to_owned(), picked.left_out.into());
        own.insert("settled".to_owned(), picked.settled.into());
        if !self.tierless.is_empty() {
            let accounts = counted(self.tierless.len() as u64, "account has", "accounts have");
            self.out.notes.push(format!(
                "{accounts} tickets and no tier, by neither their plan's row nor its name: such tickets may belong in \
                 priority, and their queue is judged only where it is wrong either way"
            ));
        }
        let what = if self.policy.all { "ticket" } else { "new or open ticket" };
        let count = counted(tickets, what, &format!("{what}s"));
        if tickets == 0 {
            // An empty queue is good news, not a lack of data: every ticket was looked at.
            self.out.checked = picked.settled;
            let settled = counted(picked.settled, "ticket is", "tickets are");
            self.out.headline = format!("no new or open ticket; {settled} pending, solved or closed");
            return;
        }
        let mut by_code: BTreeMap<&str, u64> = BTreeMap::new();
        for f in &self.out.findings {
            *by_code.entry(f.code).or_default() += 1;
        }
        let words = [
            ("triage/misrouted", "in the wrong queue"),
            ("triage/response-overdue", "past the target of its first response"),
            ("triage/junior-on-at-risk", "of accounts at risk without a senior agent"),
            ("triage/incident-untagged", "without the tag of an incident"),
            ("triage/no-account", "without an account"),
        ];
        let told: Vec<String> = words
            .iter()
            .filter_map(|(code, word)| by_code.get(code).map(|n| format!("{n} {word}")))
            .collect();
        let what = if told.is_empty() { "every one is where it belongs".to_owned() } else { told.join(", ") };
        self.out.headline = format!("{count}: {what}");
        if self.policy.replay {
            let replay = std::mem::take(&mut self.replay);
            self.out.own.insert("replay".to_owned(), replay.to_json());
            self.out.passages.push(replay.passage());
        }
    }
}

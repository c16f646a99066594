//! What the rules would have changed for past tickets, by tier.

use super::judge::Judged;
use crate::{
    judge::customers::TIERS,
    model::text::counted,
    report::{Finding, Passage},
};
use serde_json::{Value, json};
use std::{cmp::Reverse, collections::BTreeMap};

/// The figures of one tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Figures {
    tickets: u64,
    misrouted: u64,
    overdue: u64,
    at_risk: u64,
    untagged: u64,
}

impl Figures {
    fn add(&mut self, other: Figures) {
        self.tickets += other.tickets;
        self.misrouted += other.misrouted;
        self.overdue += other.overdue;
        self.at_risk += other.at_risk;
        self.untagged += other.untagged;
    }

    fn to_json(self, tier: &str) -> Value {
        json!({
            "tier": tier,
            "tickets": self.tickets,
            "misrouted": self.misrouted,
            "overdue": self.overdue,
            "at_risk": self.at_risk,
            "untagged": self.untagged,
        })
    }

    fn line(self, tier: &str) -> String {
        format!(
            "{tier}: {}; {} would have gone to another queue, {} had the first response late or never, {} would have \
             had a senior agent, {} an incident's tag.",
            counted(self.tickets, "ticket", "tickets"),
            self.misrouted,
            self.overdue,
            self.at_risk,
            self.untagged
        )
    }
}

/// The tier of tickets whose account or plan says none.
const UNKNOWN: &str = "unknown";

/// Past tickets, by tier, the highest first.
#[derive(Debug, Default)]
pub(super) struct Replay {
    by_tier: BTreeMap<(Reverse<usize>, String), Figures>,
}

impl Replay {
    /// Counts a ticket with what was found of it.
    pub(super) fn count(&mut self, judged: &Judged<'_>, found: &[Finding]) {
        let tier = judged.known.tier.as_deref();
        let rank = TIERS.iter().position(|t| Some(*t) == tier).map_or(0, |at| at + 1);
        let of = |code: &str| u64::from(found.iter().any(|f| f.code == code));
        let key = (Reverse(rank), tier.unwrap_or(UNKNOWN).to_owned());
        self.by_tier.entry(key).or_default().add(Figures {
            tickets: 1,
            misrouted: of("triage/misrouted"),
            overdue: of("triage/response-overdue"),
            at_risk: u64::from(judged.route.senior),
            untagged: of("triage/incident-untagged"),
        });
    }

    /// One object a tier.
    pub(super) fn to_json(&self) -> Value {
        self.by_tier.iter().map(|((_, tier), figures)| figures.to_json(tier)).collect()
    }

    /// One line a tier, and one for all.
    pub(super) fn passage(&self) -> Passage {
        let mut all = Figures::default();
        let mut lines = Vec::new();
        for ((_, tier), figures) in &self.by_tier {
            all.add(*figures);
            lines.push(figures.line(tier));
        }
        lines.push(all.line("all"));
        Passage { title: "What the rules would have changed, by tier".to_owned(), lines, account: None }
    }
}

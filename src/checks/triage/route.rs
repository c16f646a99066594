//! Where a ticket belongs: a pure function of the policy and of what is known.

use super::{
    outages::Outage,
    policy::{BILLING, GENERAL, PRIORITY, Policy, word},
    risk::Risk,
};
use crate::{
    data::records::{Text, Ticket},
    model::time::Instant,
};

/// Priorities, lowest first.
pub(super) const PRIORITIES: [&str; 4] = ["low", "normal", "high", "urgent"];

/// What is known of a ticket's customer.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// The account; `None` where no account matches the requester.
    pub(super) account: Option<Text>,
    /// The tier of its plan.
    pub(super) tier: Option<String>,
    /// Its health.
    pub(super) risk: Risk,
    /// Whether its revenue is in the top share of its currency.
    pub(super) top: bool,
}

/// Where a ticket belongs, and how it is to be handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) queue: String,
    /// The skill that its agent needs.
    pub(super) skill: Option<&'static str>,
    /// Whether a senior agent must have it.
    pub(super) senior: bool,
    /// Index in [`PRIORITIES`].
    pub(super) priority: usize,
    /// Tags that it must carry.
    pub(super) tags: Vec<String>,
    /// When the first response is owed; `None` where business hours never come.
    pub(super) target_at: Option<Instant>,
    pub(super) reason: String,
}

/// How a ticket's queue compares with where it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Right,
    Wrong,
    /// Its tier or its queue's name is not known.
    Unknown,
}

/// Whether a ticket is about billing, by its type or its feature area.
fn is_billing(ticket: &Ticket) -> bool {
    let says = |field: &Option<Text>| field.as_deref().is_some_and(|t| word(t) == BILLING);
    says(&ticket.kind) || says(&ticket.feature_area)
}

/// The priority that a ticket has; one without is normal.
fn base_priority(ticket: &Ticket) -> usize {
    let said = ticket.priority.as_deref().unwrap_or("normal");
    PRIORITIES.iter().position(|p| *p == said).unwrap_or(1)
}

/// Routes a ticket; `outages` are the incidents that were open for it.
pub(super) fn route(policy: &Policy, ticket: &Ticket, known: &Known, outages: &[&Outage]) -> Route {
    let enterprise = known.tier.as_deref() == Some("enterprise");
    let billing = is_billing(ticket);
    let at_risk = known.risk.at_risk == Some(true);
    let area = ticket.feature_area.as_deref();
    let own_queue = area.and_then(|a| policy.queues.get(&word(a)));
    let mut reasons = Vec::new();
    let queue = if enterprise {
        reasons.push("enterprise tier".to_owned());
        PRIORITY
    } else if billing {
        BILLING
    } else if let (Some(queue), Some(area)) = (own_queue, area) {
        reasons.push(format!("feature area {area}"));
        queue
    } else {
        GENERAL
    };
    if billing {
        reasons.push(if enterprise { "about billing: billing skill" } else { "about billing" }.to_owned());
    }
    if at_risk {
        reasons.push(format!("at risk ({})", known.risk.why));
    }
    if known.top {
        reasons.push("among the largest by revenue".to_owned());
    }
    for outage in outages {
        reasons.push(format!("incident {} was open", outage.id));
    }
    if known.account.is_none() {
        reasons.push("requester matches no account".to_owned());
    }
    if reasons.is_empty() {
        reasons.push("no rule asks for another queue".to_owned());
    }
    let steps = usize::from(enterprise || at_risk) + usize::from(known.top);
    Route {
        queue: queue.to_owned(),
        skill: billing.then_some(BILLING),
        senior: at_risk,
        priority: (base_priority(ticket) + steps).min(PRIORITIES.len() - 1),
        tags: outages.iter().map(|o| o.tag()).collect(),
        target_at: policy.hours.due(ticket.created_at, policy.targets.of_tier(known.tier.as_deref())),
        reason: reasons.join("; "),
    }
}

/// The queue that a ticket stands in, by its shared name.
pub(super) fn current_queue<'a>(policy: &'a Policy, ticket: &'a Ticket) -> Option<&'a str> {
    ticket.queue.as_deref().map(|q| policy.queue_of(q))
}

/// Whether a ticket stands where it belongs. A help desk's bare group id that `[triage.queue_names]` does not name
/// says nothing; where an account's tier is not known, the ticket may belong in `priority`.
pub(super) fn standing(policy: &Policy, ticket: &Ticket, known: &Known, route: &Route) -> Standing {
    let current = current_queue(policy, ticket).unwrap_or(GENERAL);
    if is_group_id(current) {
        return Standing::Unknown;
    }
    let in_queue = |queue: &str| word(current) == word(queue);
    let tier_unknown = known.account.is_some() && known.tier.is_none();
    if tier_unknown && (in_queue(&route.queue) || in_queue(PRIORITY)) {
        return Standing::Unknown;
    }
    if in_queue(&route.queue) { Standing::Right } else { Standing::Wrong }
}

/// A bare number.
pub(super) fn is_group_id(queue: &str) -> bool {
    !queue.is_empty() && queue.bytes().all(|b| b.is_ascii_digit())
}

/// Tags of the route that a ticket lacks.
pub(super) fn missing_tags<'r>(ticket: &Ticket, route: &'r Route) -> Vec<&'r str> {
    let has = |tag: &str| ticket.tags.iter().flatten().any(|t| t.trim().eq_ignore_ascii_case(tag));
    route.tags.iter().map(String::as_str).filter(|t| !has(t)).collect()
}

/// Whether no first response came by the target as seen at `as_of`, and when it came. What is solved without one is
/// answered by the solution. Exactly on the target is in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Response {
    /// In time, or there is time left.
    InTime,
    /// It came late.
    Late(Instant),
    /// It has not come.
    Overdue,
}

pub(super) fn response(ticket: &Ticket, target: Instant, as_of: Instant) -> Response {
    let came = ticket.first_response_at.or(ticket.solved_at).filter(|t| *t <= as_of);
    match came {
        Some(came) if came > target => Response::Late(came),
        None if as_of > target => Response::Overdue,
        _ => Response::InTime,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        checks::triage::policy::playbook,
        data::At,
        model::time::{Stamp, rfc3339},
    };

    pub(in crate::checks::triage) fn at(text: &str) -> Instant {
        Stamp::parse(text).unwrap().in_zone(chrono_tz::UTC)
    }

    pub(in crate::checks::triage) fn ticket(area: Option<&str>, kind: Option<&str>) -> Ticket {
        Ticket {
            at: At::default(),
            ticket_id: "tk".into(),
            account_id: Some("acct".into()),
            created_at: at("2026-11-05T02:00:00Z"),
            updated_at: None,
            first_response_at: None,
            solved_at: None,
            status: Some("open".into()),
            priority: Some("normal".into()),
            subject: None,
            body: None,
            feature_area: area.map(Into::into),
            kind: kind.map(Into::into),
            channel: None,
            tags: None,
            sentiment: None,
            csat: None,
            assignee: None,
            queue: Some(GENERAL.into()),
            requester_email: None,
        }
    }

    fn known(tier: Option<&str>) -> Known {
        Known { account: Some("acct".into()), tier: tier.map(str::to_owned), ..Known::default() }
    }

    fn routed(tier: &str, area: Option<&str>, kind: Option<&str>) -> Route {
        route(&playbook(), &ticket(area, kind), &known(Some(tier)), &[])
    }

    #[test]
    fn tier_comes_before_billing_and_billing_before_the_feature_area() {
        let queue = |tier, area, kind| {
            let r = routed(tier, area, kind);
            (r.queue, r.skill)
        };
        assert_eq!(queue("enterprise", Some("integrations"), None), ("priority".into(), None));
        assert_eq!(queue("enterprise", Some("billing"), None), ("priority".into(), Some("billing")));
        assert_eq!(queue("pro", Some("Billing"), None), ("billing".into(), Some("billing")));
        assert_eq!(queue("pro", Some("integrations"), Some("billing")), ("billing".into(), Some("billing")));
        assert_eq!(queue("business", Some("Integrations"), Some("bug")), ("connectors".into(), None));
        assert_eq!(queue("business", Some("reports"), None), ("general".into(), None));
        assert_eq!(queue("free", None, None), ("general".into(), None));
    }

    #[test]
    fn the_target_follows_the_tier() {
        let target = |tier| rfc3339(routed(tier, None, None).target_at.unwrap());
        assert_eq!(target("enterprise"), "2026-11-05T03:00:00Z");
        assert_eq!(target("business"), "2026-11-05T06:00:00Z");
        assert_eq!(target("pro"), "2026-11-05T10:00:00Z");
        assert_eq!(target("starter"), "2026-11-06T02:00:00Z");
        assert_eq!(target("free"), "2026-11-06T02:00:00Z");
    }

    #[test]
    fn steps_of_priority_add_and_stop_at_urgent() {
        let priority = |base: Option<&str>, tier: &str, at_risk: bool, top: bool| {
            let risk = Risk { at_risk: Some(at_risk), ..Risk::default() };
            let known = Known { risk, top, ..known(Some(tier)) };
            let ticket = Ticket { priority: base.map(Into::into), ..ticket(None, None) };
            PRIORITIES[route(&playbook(), &ticket, &known, &[]).priority]
        };
        assert_eq!(priority(Some("low"), "pro", false, false), "low");
        assert_eq!(priority(None, "pro", false, false), "normal");
        assert_eq!(priority(Some("low"), "enterprise", false, false), "normal");
        assert_eq!(priority(Some("low"), "pro", true, false), "normal");
        assert_eq!(priority(Some("low"), "enterprise", true, false), "normal", "one step for either");
        assert_eq!(priority(Some("low"), "enterprise", true, true), "high");
        assert_eq!(priority(Some("high"), "enterprise", false, true), "urgent");
        assert_eq!(priority(Some("urgent"), "enterprise", false, true), "urgent");
    }

    #[test]
    fn a_queue_goes_by_its_shared_name_and_none_is_the_general_one() {
        let stands = |queue: Option<&str>, tier: Option<&str>| {
            let ticket = Ticket { queue: queue.map(Into::into), ..ticket(None, None) };
            let known = known(tier);
            let policy = playbook();
            standing(&policy, &ticket, &known, &route(&policy, &ticket, &known, &[]))
        };
        assert_eq!(stands(Some("Priority"), Some("enterprise")), Standing::Right);
        assert_eq!(stands(Some("360001"), Some("enterprise")), Standing::Right);
        assert_eq!(stands(Some("360002"), Some("enterprise")), Standing::Unknown);
        assert_eq!(stands(None, Some("enterprise")), Standing::Wrong);
        assert_eq!(stands(None, Some("pro")), Standing::Right);
        assert_eq!(stands(Some("tier one"), Some("pro")), Standing::Wrong);
        // Without a tier the ticket belongs in general or in priority: only a third queue is wrong.
        assert_eq!(stands(Some("general"), None), Standing::Unknown);
        assert_eq!(stands(Some("priority"), None), Standing::Unknown);
        assert_eq!(stands(Some("billing"), None), Standing::Wrong);
    }

    #[test]
    fn a_response_on_the_target_is_in_time() {
        let target = at("2026-11-05T03:00:00Z");
        let of = |came: Option<&str>, solved: Option<&str>, as_of: &str| {
            let ticket =
                Ticket { first_response_at: came.map(at), solved_at: solved.map(at), ..ticket(None, None) };
            response(&ticket, target, at(as_of))
        };
        let late = "2026-11-05T03:00:01Z";
        assert_eq!(of(Some("2026-11-05T03:00:00Z"), None, "2026-11-06"), Response::InTime);
        assert_eq!(of(Some(late), None, "2026-11-06"), Response::Late(at(late)));
        assert_eq!(of(None, None, "2026-11-05T03:00:00Z"), Response::InTime);
        assert_eq!(of(None, None, late), Response::Overdue);
        assert_eq!(of(None, Some("2026-11-05T02:30:00Z"), "2026-11-06"), Response::InTime);
        assert_eq!(of(Some("2026-11-07"), None, late), Response::Overdue, "what lies ahead has not come");
    }

    #[test]
    fn a_tag_is_missing_until_it_is_there_in_any_case() {
        let tagged = |tags: &[&str]| Ticket {
            tags: Some(tags.iter().map(|t| Text::from(*t)).collect()),
            ..ticket(None, None)
        };
        let mut r = routed("pro", None, None);
        r.tags = vec!["incident:inc_4".into(), "incident:inc_5".into()];
        assert_eq!(missing_tags(&tagged(&["Incident:INC_4"]), &r), ["incident:inc_5"]);
        assert_eq!(missing_tags(&tagged(&["inc_4"]), &r).len(), 2);
        assert_eq!(missing_tags(&ticket(None, None), &r).len(), 2);
    }
}

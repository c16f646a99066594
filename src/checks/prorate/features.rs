//! Whether the product switched features when billing changed the plan, and to what the plan holds.

use super::{
    change::{Event, Kind, Priced},
    inputs::Inputs,
};
use crate::{
    data::{At, records::Text},
    judge::proration::amount,
    model::{
        decimal::{Decimal, Exact},
        money::{self, Money},
        time::{Instant, rfc3339},
    },
    report::{Diff, Finding, Severity, Subject},
};
use chrono::TimeDelta;
use std::collections::BTreeMap;

/// The features of both plans of a change, as far as they differ from those of the account's other subscriptions.
pub(super) struct Features<'i> {
    old: &'i [Text],
    new: &'i [Text],
    /// Features of the account's other plans.
    elsewhere: Vec<&'i Text>,
}

/// `None` where the plans do not say their features, or the export has nothing of the account.
pub(super) fn of<'i>(inputs: &'i Inputs<'_>, event: &Event<'_>, at: Instant) -> Option<Features<'i>> {
    let features = |plan: &Option<Text>| {
        inputs.catalogue.features(
            plan.as_ref()?,
            event.subscription.and_then(|s| s.currency.as_deref()),
            event.at,
        )
    };
    let (old, new) = (features(&event.from)?, features(&event.to)?);
    if event.kind != Kind::Change || !inputs.entitlements.knows(&event.account) {
        return None;
    }
    let own = event.subscription_id.as_ref();
    let others = inputs.history.in_force(&event.account, None, at).into_iter().filter(|f| {
        f.subscription.is_some_and(|s| Some(&s.subscription_id) != own && &*s.status != "canceled")
    });
    let elsewhere = others.filter_map(|f| inputs.catalogue.features(f.plan, None, at)).flatten().collect();
    Some(Features { old, new, elsewhere })
}

impl<'i> Features<'i> {
    fn switched(a: &'i [Text], b: &'i [Text], elsewhere: &[&'i Text]) -> Vec<&'i Text> {
        a.iter().filter(|f| !b.contains(f) && !elsewhere.contains(f)).collect()
    }

    fn added(&self) -> Vec<&'i Text> {
        Self::switched(self.new, self.old, &self.elsewhere)
    }

    fn removed(&self) -> Vec<&'i Text> {
        Self::switched(self.old, self.new, &self.elsewhere)
    }
}

fn subject(event: &Event<'_>) -> Subject {
    Subject { kind: "plan_change".to_owned(), id: event.id.clone() }
}

/// `2 h 5 min`.
fn spoken(time: TimeDelta) -> String {
    let minutes = time.num_minutes().abs();
    match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
        (0, 0, m) => format!("{m} min"),
        (0, h, m) => format!("{h} h {m} min"),
        (d, h, _) => format!("{d} d {h} h"),
    }
}

/// The time in which a switch is looked for: up to the changes before and after.
pub(super) struct Window {
    pub from: Instant,
    pub to: Instant,
}

/// Features that were switched at another moment than the billing change; those switched at one moment are one
/// finding, since the time is worth something once.
pub(super) fn moments<'f>(
    inputs: &Inputs<'_>,
    event: &Event<'_>,
    priced: Option<&Priced>,
    features: &Features<'f>,
    window: &Window,
    tolerance: TimeDelta,
) -> Vec<Finding> {
    let mut apart: BTreeMap<(bool, Instant), Vec<(&Text, At)>> = BTreeMap::new();
    let mut look = |on: bool, feature: &'f Text| {
        let times = inputs.entitlements.active(&event.account, feature);
        let moments = times.filter_map(|a| Some((if on { a.from } else { a.to }?, a.at)));
        let within = moments.filter(|(t, _)| *t >= window.from && *t < window.to);
        if let Some((t, at)) = within.min_by_key(|(t, _)| ((*t - event.at).abs(), *t))
            && (t - event.at).abs() > tolerance
        {
            apart.entry((on, t)).or_default().push((feature, at));
        }
    };
    features.added().into_iter().for_each(|f| look(true, f));
    features.removed().into_iter().for_each(|f| look(false, f));
    apart.into_iter().map(|((on, t), list)| moment(inputs, event, priced, (on, t), &list)).collect()
}

fn moment(
    inputs: &Inputs<'_>,
    event: &Event<'_>,
    priced: Option<&Priced>,
    (on, t): (bool, Instant),
    list: &[(&Text, At)],
) -> Finding {
    let names: Vec<&str> = list.iter().map(|(f, _)| &***f).collect();
    let code = "prorate/feature-moment";
    let mut f = Finding::new(code, Severity::Warning, Some(&event.account), subject(event))
        .with_key("feature", names.join(";"));
    let late = t > event.at;
    let value = priced.and_then(|p| worth(p, t - event.at));
    let what = match (on, late) {
        (true, true) => "paid for without them",
        (true, false) => "used without being billed",
        (false, true) => "used without being paid for",
        (false, false) => "paid for in the old plan without them",
    };
    let worth =
        value.as_ref().map_or_else(String::new, |m| format!(", worth {}", amount(m.amount, &m.currency)));
    f.message = format!(
        "{} of {} {} switched {} at {}, {} {} the billing change at {}: {} of time {what}{worth}.",
        names.join(", "),
        event.account,
        if names.len() == 1 { "was" } else { "were" },
        if on { "on" } else { "off" },
        rfc3339(t),
        spoken(t - event.at),
        if late { "after" } else { "before" },
        rfc3339(event.at),
        spoken(t - event.at)
    );
    let field = if on { "activated_at" } else { "deactivated_at" };
    f.diff = vec![Diff::texts(field, Some(&rfc3339(event.at)), Some(&rfc3339(t)))];
    f.impact = value.filter(|m| !m.amount.is_zero());
    "Let the billing change switch the features, and credit or bill the time between."
        .clone_into(&mut f.action);
    f.owner = "product";
    f.evidence = vec![inputs.data.evidence(event.place.0, event.place.1)];
    f.evidence.extend(list.iter().map(|(_, at)| inputs.data.evidence("entitlements", *at)));
    f
}

/// What a time is worth: the difference of both plans' values for a cycle, by the seconds.
fn worth(priced: &Priced, time: TimeDelta) -> Option<Money> {
    let (from, to) = (priced.change.from, priced.change.to);
    let value = |price: Decimal, quantity: Decimal| Exact::from(price).mul(quantity.into()).ok();
    let between = value(to.price, to.quantity)?.sub(value(from.price, from.quantity)?).ok()?;
    let cycle = (priced.cycle.1 - priced.cycle.0).num_seconds();
    let seconds = Exact::from(Decimal::from(time.num_seconds().abs()));
    let digits = money::minor_digits(&priced.rules.currency);
    let amount = between.mul(seconds).ok()?.div_round(Exact::from(Decimal::from(cycle)), digits).ok()??;
    Some(Money::new(amount.abs(), &priced.rules.currency))
}

/// Features whose state is not that of the new plan, at `at`.
pub(super) fn states(
    inputs: &Inputs<'_>,
    event: &Event<'_>,
    features: &Features<'_>,
    at: Instant,
) -> Vec<Finding> {
    let is_on = |feature: &str| inputs.entitlements.active_at(&event.account, feature, at);
    let plan = event.to.as_deref().unwrap_or_default();
    let lacking = features.new.iter().filter(|f| !is_on(f)).map(|f| {
        let message = format!(
            "{f} is part of {plan}, which {} has since {}, and is not active.",
            event.account,
            rfc3339(event.at)
        );
        let diff = Diff::texts("state", Some("active"), Some("inactive"));
        (f, Severity::Error, message, diff, "Switch the feature on, or credit what was charged for it.")
    });
    let own = inputs.entitlements.features_of(&event.account);
    let more =
        own.filter(|f| is_on(f) && !features.new.contains(f) && !features.elsewhere.contains(f)).map(|f| {
            let taken = features.old.contains(f);
            let message = if taken {
                format!(
                    "{f} is still active for {}, whose plan {plan} does not include it since {}.",
                    event.account,
                    rfc3339(event.at)
                )
            } else {
                format!(
                    "{f} is active for {}; neither its plan {plan} nor the one before includes it.",
                    event.account
                )
            };
            let severity = if taken { Severity::Error } else { Severity::Warning };
            let action = if taken {
                "Switch the feature off."
            } else {
                "Enter the feature as an add-on, or switch it off."
            };
            (f, severity, message, Diff::texts("state", Some("inactive"), Some("active")), action)
        });
    let mut found: Vec<Finding> = Vec::new();
    for (feature, severity, message, diff, action) in lacking.chain(more) {
        let mut f = Finding::new("prorate/feature-state", severity, Some(&event.account), subject(event))
            .with_key("feature", &**feature);
        f.message = message;
        f.diff = vec![diff];
        action.clone_into(&mut f.action);
        f.owner = "product";
        f.evidence = vec![inputs.data.evidence(event.place.0, event.place.1)];
        let rows = inputs.entitlements.rows(&event.account, feature);
        f.evidence.extend(rows.map(|at| inputs.data.evidence("entitlements", at)));
        found.push(f);
    }
    found
}

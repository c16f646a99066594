//! The rules on sequences made by hand.

use super::{
    access::{Access, FaultKind, Story},
    policy::{Policy, playbook},
    retries::{self, Pause, Pauses, Why},
    sequence::{Clock, End, Ending, Sent, Sequence, Try},
    steps::{self, MessageLog, Part, Rules, State, StepJudged},
};
use crate::{
    data::{
        At,
        records::{AccessChange, Invoice},
    },
    model::time::{Instant, Stamp},
};
use chrono::TimeDelta;
use chrono_tz::Tz;
use proptest::prelude::*;

fn at(text: &str) -> Instant {
    Stamp::parse(text).unwrap().in_zone(Tz::UTC)
}

/// Days and hours after 1 October 2026, the day 0 of these tests.
fn day(day: i64, hour: i64) -> Instant {
    at("2026-10-01") + TimeDelta::days(day) + TimeDelta::hours(hour)
}

fn invoice() -> Invoice {
    Invoice {
        at: At::default(),
        invoice_id: "in_1".into(),
        account_id: "acct_a".into(),
        subscription_id: None,
        status: "open".into(),
        issued_at: None,
        due_at: None,
        period_start: None,
        period_end: None,
        total: 49.into(),
        currency: "USD".into(),
        plan: None,
        paid_at: None,
        voided_at: None,
    }
}

fn failed(at: Instant) -> Try {
    Try { at, succeeded: false, failed: true, code: None, network: None, place: At::default() }
}

fn sent(kind: &str, at: Instant) -> Sent {
    Sent { at, kind: kind.to_owned(), channel: None, recipient: None, place: At::default() }
}

fn sequence<'d>(invoice: &'d Invoice, tries: &[Instant], messages: &[(&str, Instant)]) -> Sequence<'d> {
    Sequence {
        invoice,
        clock: Clock::set(tries[0], Tz::UTC),
        first_failed: tries[0],
        tries: tries.iter().map(|t| failed(*t)).collect(),
        messages: messages.iter().map(|(kind, t)| sent(kind, *t)).collect(),
        end: None,
    }
}

fn judged(seq: &Sequence<'_>, policy: &Policy, pauses: &Pauses, as_of: Instant) -> Vec<StepJudged> {
    let log = MessageLog::From(at("2026-09-01"), At { file: 9, line: 9 });
    steps::judge(seq, &Rules { policy, pauses, log, as_of })
}

fn state(steps: &[StepJudged], day: i64, part: Part) -> State {
    let step = steps.iter().find(|s| s.day == day).unwrap();
    step.parts.iter().find(|p| p.part == part).unwrap().state
}

#[test]
fn a_step_is_on_time_within_its_day_late_after_it_and_missed_when_the_next_has_come() {
    let invoice = invoice();
    let policy = playbook();
    let with = |urgent: Instant| {
        let seq = sequence(&invoice, &[day(0, 8), day(3, 8)], &[("payment_urgent", urgent)]);
        state(&judged(&seq, &policy, &Pauses::default(), day(20, 0)), 3, Part::Message)
    };
    let second = TimeDelta::seconds(1);
    assert_eq!(with(day(3, 0) - second), State::Early(day(3, 0) - second));
    assert_eq!(with(day(3, 0)), State::OnTime(day(3, 0)));
    assert_eq!(with(day(4, 0) - second), State::OnTime(day(4, 0) - second));
    assert_eq!(with(day(4, 0)), State::Late(day(4, 0)));
    assert_eq!(with(day(7, 0) - second), State::Late(day(7, 0) - second));
    assert_eq!(with(day(7, 0)), State::TooLate(day(7, 0)));
}

#[test]
fn what_is_undone_waits_is_late_and_is_missed_as_time_goes_by() {
    let invoice = invoice();
    let policy = playbook();
    let seq = sequence(&invoice, &[day(0, 8)], &[("payment_failed", day(0, 9))]);
    let on = |now: Instant, part| state(&judged(&seq, &policy, &Pauses::default(), now), 3, part);
    for part in [Part::Retry, Part::Message] {
        assert_eq!(on(day(1, 0), part), State::Waiting);
        assert_eq!(on(day(4, 0) - TimeDelta::seconds(1), part), State::Waiting);
        assert_eq!(on(day(4, 0), part), State::Overdue);
        assert_eq!(on(day(7, 0) - TimeDelta::seconds(1), part), State::Overdue);
        assert_eq!(on(day(7, 0), part), State::Missed);
    }
}

#[test]
fn after_the_end_nothing_is_owed_and_what_was_owed_before_stays_so() {
    let invoice = invoice();
    let policy = playbook();
    let mut seq = sequence(&invoice, &[day(0, 8)], &[]);
    let on = |seq: &Sequence<'_>, step| {
        state(&judged(seq, &policy, &Pauses::default(), day(30, 0)), step, Part::Message)
    };
    seq.end = Some(End { how: Ending::Paid, at: Some(day(3, 20)) });
    assert_eq!((on(&seq, 0), on(&seq, 3), on(&seq, 7)), (State::Missed, State::NotOwed, State::NotOwed));
    seq.end = Some(End { how: Ending::WrittenOff, at: None });
    assert_eq!(on(&seq, 3), State::Unknown);
}

#[test]
fn without_a_message_log_only_what_lies_ahead_is_known() {
    let invoice = invoice();
    let policy = playbook();
    let seq = sequence(&invoice, &[day(0, 8)], &[]);
    let rules =
        Rules { policy: &policy, pauses: &Pauses::default(), log: MessageLog::Absent, as_of: day(4, 0) };
    let steps = steps::judge(&seq, &rules);
    assert_eq!(state(&steps, 3, Part::Message), State::Unknown);
    assert_eq!(state(&steps, 3, Part::Retry), State::Overdue);
    assert_eq!(state(&steps, 7, Part::Message), State::Waiting);
}

#[test]
fn a_step_before_the_message_log_is_not_missed() {
    let invoice = invoice();
    let policy = playbook();
    let seq = sequence(&invoice, &[day(0, 8)], &[("final_notice", day(7, 8))]);
    let log = MessageLog::From(day(2, 0), At { file: 1, line: 2 });
    let steps =
        steps::judge(&seq, &Rules { policy: &policy, pauses: &Pauses::default(), log, as_of: day(20, 0) });
    assert_eq!(state(&steps, 0, Part::Message), State::Unknown);
    assert_eq!(state(&steps, 3, Part::Message), State::Missed);
}

#[test]
fn attempts_between_two_days_are_the_later_ones_done_early() {
    let invoice = invoice();
    let policy = playbook();
    let retry = |tries: &[Instant]| {
        let steps = judged(&sequence(&invoice, tries, &[]), &policy, &Pauses::default(), day(20, 0));
        let part = |d: i64| steps.iter().find(|s| s.day == d).unwrap().parts[0].clone();
        let (zero, three) = (part(0), part(3));
        (zero.repeated.len(), three.state, three.early.len(), three.repeated.len())
    };
    assert_eq!(retry(&[day(0, 8), day(0, 9)]), (0, State::Missed, 0, 0));
    assert_eq!(retry(&[day(0, 8), day(0, 9), day(0, 10)]), (1, State::Missed, 0, 0));
    assert_eq!(retry(&[day(0, 8), day(2, 8)]), (0, State::Early(day(2, 8)), 1, 0));
    assert_eq!(retry(&[day(0, 8), day(2, 8), day(3, 8)]), (0, State::OnTime(day(3, 8)), 1, 0));
    assert_eq!(retry(&[day(0, 8), day(3, 8), day(3, 9), day(5, 9)]), (0, State::OnTime(day(3, 8)), 0, 2));
    assert_eq!(retry(&[day(0, 8), day(9, 8)]), (0, State::TooLate(day(9, 8)), 0, 0));
}

#[test]
fn with_three_retries_a_late_one_is_its_own_steps_and_the_next_is_early() {
    let invoice = invoice();
    let mut policy = playbook();
    policy.steps[2].retry = true;
    let tries = [day(0, 8), day(4, 8), day(5, 8)];
    let steps = judged(&sequence(&invoice, &tries, &[]), &policy, &Pauses::default(), day(6, 0));
    assert_eq!(state(&steps, 3, Part::Retry), State::Late(day(4, 8)));
    assert_eq!(state(&steps, 7, Part::Retry), State::Early(day(5, 8)));
}

#[test]
fn money_that_comes_between_the_steps_is_no_early_retry() {
    let invoice = invoice();
    let policy = playbook();
    let mut seq = sequence(&invoice, &[day(0, 8), day(1, 8), day(3, 8)], &[]);
    seq.tries[1].succeeded = true;
    seq.tries[1].failed = false;
    let steps = judged(&seq, &policy, &Pauses::default(), day(6, 0));
    let part = &steps[1].parts[0];
    assert_eq!((part.state, part.early.len()), (State::OnTime(day(3, 8)), 0));
}

#[test]
fn after_a_hard_decline_no_retry_is_owed_and_every_retry_is_told() {
    let invoice = invoice();
    let policy = playbook();
    let mut seq = sequence(&invoice, &[day(0, 8)], &[]);
    seq.tries[0].code = Some("lost_card".to_owned());
    let none = Pauses::default();
    assert_eq!(state(&judged(&seq, &policy, &none, day(20, 0)), 3, Part::Retry), State::NotOwed);
    assert!(retries::judge(&seq, &policy, &none).is_empty());
    seq.tries.extend([failed(day(3, 8)), failed(day(5, 8))]);
    let faults = retries::judge(&seq, &policy, &none);
    assert!(matches!(&faults[..], [retries::Fault::HardDecline { code, tries, .. }]
        if code == "lost_card" && tries.len() == 2));
    assert_eq!(state(&judged(&seq, &policy, &none, day(20, 0)), 3, Part::Retry), State::NotOwed);
}

fn pause(id: &str, from: Instant, to: Instant) -> Pause {
    Pause { why: Why::Incident, id: id.into(), from, to, place: At::default() }
}

#[test]
fn a_pause_holds_from_its_start_to_before_its_end() {
    let pauses = Pauses::new(vec![pause("short", day(2, 0), day(2, 1)), pause("long", day(1, 0), day(5, 0))]);
    let id = |t: Instant| pauses.holding(t).map(|p| p.id.to_string());
    assert_eq!(id(day(1, 0) - TimeDelta::seconds(1)), None);
    assert_eq!(id(day(1, 0)).as_deref(), Some("long"));
    assert_eq!(id(day(2, 0)).as_deref(), Some("short"));
    assert_eq!(id(day(4, 0)).as_deref(), Some("long"));
    assert_eq!(id(day(5, 0)), None);
}

#[test]
fn the_networks_bound_is_within_rolling_days() {
    let invoice = invoice();
    let policy = playbook();
    let faults = |retries: &[i64]| {
        let tries: Vec<Instant> =
            std::iter::once(day(0, 0)).chain(retries.iter().map(|d| day(*d, 0))).collect();
        retries::judge(&sequence(&invoice, &tries, &[]), &policy, &Pauses::default()).len()
    };
    let fifteen: Vec<i64> = (1..=15).collect();
    assert_eq!(faults(&fifteen), 0);
    assert_eq!(faults(&[fifteen.clone(), vec![30]].concat()), 1);
    assert_eq!(faults(&[fifteen, vec![31]].concat()), 0);
}

fn change(what: &str, moment: Instant, actor: &str) -> AccessChange {
    AccessChange {
        at: At::default(),
        account_id: "acct_a".into(),
        feature: None,
        change: what.into(),
        moment,
        actor: Some(actor.into()),
        reason: None,
    }
}

fn faults(seq: &Sequence<'_>, events: &[AccessChange], as_of: Instant) -> Vec<FaultKind> {
    let events: Vec<&AccessChange> = events.iter().collect();
    let story = Story {
        sequences: &[seq],
        events: &events,
        deletion_requests: &[],
        inactive: false,
        canceled_at: None,
    };
    story.judge(&playbook(), as_of).iter().map(|f| f.kind).collect()
}

#[test]
fn access_may_go_from_midnight_of_day_14_on_with_billings_word() {
    let invoice = invoice();
    let seq = sequence(&invoice, &[day(0, 8)], &[]);
    let second = TimeDelta::seconds(1);
    let gone = |moment, actor| faults(&seq, &[change("downgraded", moment, actor)], day(20, 0));
    assert_eq!(gone(day(0, 8) - second, "product"), []);
    assert_eq!(gone(day(0, 8), "product"), [FaultKind::Early]);
    assert_eq!(gone(day(14, 0) - second, "billing"), [FaultKind::Early]);
    assert_eq!(gone(day(14, 0), "billing"), []);
    assert_eq!(gone(day(14, 0), "product"), [FaultKind::Unconfirmed]);
}

#[test]
fn an_early_word_of_billing_confirms_nothing_and_a_mail_does() {
    let invoice = invoice();
    let mut seq = sequence(&invoice, &[day(0, 8)], &[]);
    let events = [
        change("downgraded", day(13, 0), "billing"),
        change("restored", day(13, 1), "billing"),
        change("revoked", day(15, 0), "product"),
    ];
    assert_eq!(faults(&seq, &events, day(20, 0)), [FaultKind::Early, FaultKind::Unconfirmed]);
    seq.messages.push(sent("grace_expired", day(14, 1)));
    assert_eq!(faults(&seq, &events, day(20, 0)), [FaultKind::Early]);
}

#[test]
fn past_the_last_day_someone_must_have_acted() {
    let invoice = invoice();
    let seq = sequence(&invoice, &[day(0, 8)], &[]);
    assert_eq!(faults(&seq, &[], day(15, 0) - TimeDelta::seconds(1)), []);
    assert_eq!(faults(&seq, &[], day(15, 0)), [FaultKind::Overdue]);
    assert_eq!(
        faults(&seq, &[change("revoked", day(14, 0), "billing")], day(20, 0)),
        [FaultKind::Unconfirmed]
    );
}

#[test]
fn features_come_back_one_by_one() {
    let invoice = invoice();
    let mut seq = sequence(&invoice, &[day(0, 8)], &[("grace_expired", day(14, 0))]);
    seq.end = Some(End { how: Ending::Paid, at: Some(day(16, 0)) });
    let of = |what: &str, moment, feature: &str| AccessChange {
        feature: Some(feature.into()),
        ..change(what, moment, "product")
    };
    let mut events = vec![
        of("revoked", day(14, 1), "sso"),
        of("revoked", day(14, 1), "export"),
        of("restored", day(16, 1), "sso"),
    ];
    assert_eq!(faults(&seq, &events, day(20, 0)), [FaultKind::NotRestored(None)]);
    events.push(of("restored", day(16, 2), "export"));
    assert_eq!(faults(&seq, &events, day(20, 0)), [FaultKind::NotRestored(Some(day(16, 2)))]);
    events[3].moment = day(16, 1);
    assert_eq!(faults(&seq, &events, day(20, 0)), []);
    let refs: Vec<&AccessChange> = events.iter().collect();
    let story = Story {
        sequences: &[&seq],
        events: &refs,
        deletion_requests: &[],
        inactive: false,
        canceled_at: None,
    };
    assert_eq!((story.access(0, day(15, 0)), story.access(0, day(17, 0))), (Access::Lost, Access::Kept));
}

proptest! {
    /// Whatever was tried, each part of each step has one state, and a done step is never called undone.
    #[test]
    fn more_attempts_never_make_a_retry_undone(
        hours in prop::collection::vec(1i64..400, 0..8),
        more in 72i64..96,
        now in 96i64..500,
    ) {
        let invoice = invoice();
        let policy = playbook();
        let mut tries: Vec<Instant> = std::iter::once(0).chain(hours.iter().copied()).map(|h| day(0, h)).collect();
        tries.push(day(0, more));
        tries.sort_unstable();
        let steps = judged(&sequence(&invoice, &tries, &[]), &policy, &Pauses::default(), day(0, now));
        prop_assert!(matches!(state(&steps, 3, Part::Retry), State::OnTime(_)));
        let extra: usize = steps.iter().flat_map(|s| &s.parts).map(|p| p.early.len() + p.repeated.len()).sum();
        let done = 2 + usize::from(hours.iter().any(|h| *h < 24));
        prop_assert_eq!(extra + done, tries.len());
    }

    /// Pauses are found as by looking at each of them.
    #[test]
    fn pauses_agree_with_the_plain_definition(
        list in prop::collection::vec((0i64..50, 1i64..20), 0..8),
        t in 0i64..80,
    ) {
        let all: Vec<Pause> = list.iter().map(|(a, n)| pause("p", day(0, *a), day(0, a + n))).collect();
        let plain = list.iter().any(|(a, n)| (*a..a + n).contains(&t));
        prop_assert_eq!(Pauses::new(all).holding(day(0, t)).is_some(), plain);
    }
}

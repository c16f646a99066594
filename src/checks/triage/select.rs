//! Which tickets are judged.

use super::policy::{Policy, word};
use crate::{data::records::Ticket, model::time::Instant};

/// What becomes of a ticket before it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pick {
    /// It is judged.
    Judged,
    /// It is on hold, merged, spam or internal.
    LeftOut,
    /// It is pending, solved or closed, and `--all` was not given.
    Settled,
    /// It is created after the moment that is judged.
    Ahead,
}

/// Whether a ticket's own columns keep it out; whose it is has no say here.
pub(super) fn pick(policy: &Policy, ticket: &Ticket, as_of: Instant) -> Pick {
    if ticket.created_at > as_of {
        return Pick::Ahead;
    }
    let named = |text: &str| policy.left_out.contains(&word(text));
    let status = ticket.status.as_deref();
    let marked = ticket.tags.iter().flatten().any(|t| named(t))
        || ticket.channel.as_deref().is_some_and(named)
        || ticket.queue.as_deref().is_some_and(|q| named(policy.queue_of(q)));
    if marked || status == Some("on_hold") {
        return Pick::LeftOut;
    }
    let live = match status {
        Some(status) => matches!(status, "new" | "open"),
        None => ticket.solved_at.is_none(),
    };
    if live || policy.all { Pick::Judged } else { Pick::Settled }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        checks::triage::{
            policy::playbook,
            route::tests::{at, ticket},
        },
        data::records::Text,
    };

    fn picked(change: impl FnOnce(&mut Ticket), all: bool) -> Pick {
        let mut ticket = ticket(None, None);
        change(&mut ticket);
        pick(&Policy { all, ..playbook() }, &ticket, at("2026-11-05T02:00:00Z"))
    }

    fn status(text: &str) -> impl FnOnce(&mut Ticket) + use<'_> {
        move |t| t.status = Some(text.into())
    }

    #[test]
    fn new_and_open_tickets_are_judged_and_all_but_held_ones_with_all() {
        for live in ["new", "open"] {
            assert_eq!([picked(status(live), false), picked(status(live), true)], [Pick::Judged; 2]);
        }
        for settled in ["pending", "solved", "closed"] {
            let both = [picked(status(settled), false), picked(status(settled), true)];
            assert_eq!(both, [Pick::Settled, Pick::Judged]);
        }
        assert_eq!(picked(status("on_hold"), true), Pick::LeftOut);
        assert_eq!(picked(|t| t.status = None, false), Pick::Judged);
        let solved = |t: &mut Ticket| {
            t.status = None;
            t.solved_at = Some(t.created_at);
        };
        assert_eq!(picked(solved, false), Pick::Settled);
    }

    #[test]
    fn spam_and_merged_tickets_are_left_out_however_they_are_marked() {
        assert_eq!(picked(|t| t.tags = Some(vec![Text::from("Spam")]), true), Pick::LeftOut);
        assert_eq!(picked(|t| t.queue = Some("spam".into()), true), Pick::LeftOut);
        assert_eq!(picked(|t| t.channel = Some("merged".into()), true), Pick::LeftOut);
        assert_eq!(picked(|t| t.tags = Some(vec![Text::from("spam-filter")]), true), Pick::Judged);
    }

    #[test]
    fn what_is_created_later_is_not_there_yet() {
        assert_eq!(picked(|t| t.created_at = at("2026-11-05T02:00:01Z"), true), Pick::Ahead);
    }
}

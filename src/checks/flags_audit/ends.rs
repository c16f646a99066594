//! When a flag ends.

use super::{inputs::Flag, policy::Policy};
use crate::model::time::Instant;
use chrono::TimeDelta;

/// Kinds that have no end unless `[flags.lifespan]` gives them one: they are there to stay.
const TO_STAY: &[&str] = &["kill_switch", "permission"];

/// What says when a flag ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Extended,
    Expires,
    /// So long after it was created.
    Lifespan(TimeDelta),
}

/// A flag's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    At(Instant, Source),
    /// It has none, since it is `permanent`, a `kill switch`, …
    None(&'static str),
    /// The export has neither an end nor the day it was created.
    Unknown,
}

/// The end: extended_until, else expires_at, else created_at and the lifespan of the kind. Permanent flags, kill
/// switches and permission flags have none.
pub(super) fn end(flag: &Flag, policy: &Policy) -> End {
    let kind = flag.kind.as_deref();
    let lifespan = policy.lifespans.get(kind.unwrap_or("other")).copied();
    if flag.permanent == Some(true) {
        return End::None("is permanent");
    }
    if let Some(kind) = kind.filter(|k| lifespan.is_none() && TO_STAY.contains(k)) {
        return End::None(if kind == "permission" { "is a permission flag" } else { "is a kill switch" });
    }
    if let Some(at) = flag.extended_until {
        return End::At(at, Source::Extended);
    }
    if let Some(at) = flag.expires_at {
        return End::At(at, Source::Expires);
    }
    match (lifespan, flag.created_at) {
        (None, _) => End::None("is of a kind without a lifespan"),
        (Some(lifespan), Some(created)) => match created.checked_add_signed(lifespan) {
            Some(at) => End::At(at, Source::Lifespan(lifespan)),
            None => End::Unknown,
        },
        (Some(_), None) => End::Unknown,
    }
}

//! What a part of a billing period costs: spans billed in advance, and changes of plan within a period.
//!
//! Everything is exact: times are counted in whole units of a [`Convention`], shares are fractions of whole numbers,
//! and a line is rounded once, half-up (away from zero), to the currency's minor unit. Sums are sums of rounded lines.
//!
//! - [`Span::bill`] bills a subscription period by period, the first and the last in part.
//! - [`Change::prorate`] credits the rest of the old terms and charges the rest of the new ones; [`prorate_chain`]
//!   does so for several changes in one period.
//! - [`explain_change`] and [`explain_span`] say it in plain words, for support to pass on.
//!
//! Sources: Stripe, 'Prorations' (docs.stripe.com/billing/subscriptions/prorations), for seconds and for unused time
//! and remaining time as two lines; Lago, 'Upgrades and downgrades' (getlago.com/docs/guide/subscriptions/
//! upgrades-downgrades), for the unused days of a plan paid in advance as a credit; Kill Bill (docs.killbill.io) for
//! the billing cycle day that falls on a short month's last day and comes back, and for the part before it; ISDA 2006
//! Definitions, 4.16(g), for months of 30 days.

mod change;
mod convention;
mod explain;
mod fraction;
mod span;

pub use change::{Change, Cycle, Line, Prorated, Rules, Terms, prorate_chain};
pub use convention::Convention;
pub use explain::{amount, explain_change, explain_span};
pub use fraction::Fraction;
pub use span::{Billed, NoSpan, Part, Span};

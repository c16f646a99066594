//! The checks of the playbook, one file each; this is their register and nothing else.

mod charges;
mod dunning;
mod flags_audit;
mod gdpr_delete;
mod health;
mod prorate;
mod reconcile;
mod renewals;
mod triage;

use crate::{
    engine::{Check, Outcome},
    settings::Settings,
};

/// Every check, in the order in which they are listed.
pub const ALL: &[Check] = &[
    reconcile::CHECK,
    charges::CHECK,
    dunning::CHECK,
    prorate::CHECK,
    health::CHECK,
    renewals::CHECK,
    triage::CHECK,
    flags_audit::CHECK,
    gdpr_delete::CHECK,
];

/// An answer from options alone; `None` where they ask for none.
pub type WithoutData = fn(&Settings) -> anyhow::Result<Option<Outcome>>;

/// The checks that can answer without any export.
const WITHOUT_DATA: &[(&str, WithoutData)] = &[("prorate", prorate::without_data)];

/// The check of that name.
pub fn find(name: &str) -> Option<&'static Check> {
    ALL.iter().find(|c| c.info.name == name)
}

/// How a check answers without exports, where it can.
pub fn without_data(name: &str) -> Option<WithoutData> {
    WITHOUT_DATA.iter().find(|(check, _)| *check == name).map(|(_, answer)| *answer)
}

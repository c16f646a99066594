//! The checks of the playbook, one file each; this is their register and nothing else.

mod health;
mod reconcile;

use crate::engine::Check;

/// Every check, in the order in which they are listed.
pub const ALL: &[Check] = &[reconcile::CHECK, health::CHECK];

/// The check of that name.
pub fn find(name: &str) -> Option<&'static Check> {
    ALL.iter().find(|c| c.info.name == name)
}

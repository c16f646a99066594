//! What users and other programs rely on, tested on the built binary.
#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub, reason = "tests")]

mod bad_cache;
mod bad_calls;
mod bad_input;
mod bad_records;
mod browser;
mod cases;
mod company;
mod events;
mod first_contact;
mod flags;
mod gdpr;
mod generated;
mod hazards;
mod health;
mod history;
mod home;
mod laws;
mod layering;
mod licences;
mod plain;
mod prorate;
mod readme;
mod registry;
mod renewals;
mod run;
mod sarif;
mod tables;
mod vendors;
mod waivers;

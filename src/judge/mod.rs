//! Judgement that several checks share: pure functions of values and moments.

pub mod calendar;
pub mod collection;
pub mod customers;
pub mod entitled;
pub mod erasure;
pub mod health;
pub mod naming;
pub mod pieces;
pub mod plans;
pub mod price_book;
pub mod pricing;
pub mod proration;

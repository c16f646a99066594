//! Judgement that several checks share: pure functions of values and moments.

pub mod calendar;
pub mod collection;
pub mod entitled;
pub mod plans;
pub mod price_book;
pub mod pricing;
pub mod proration;

//! Judgement that several checks share: pure functions of values and moments.

pub mod health;
pub mod price_book;
pub mod pricing;

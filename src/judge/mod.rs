//! Judgement that several checks share: pure functions of values and moments.

pub mod collection;
pub mod price_book;
pub mod pricing;

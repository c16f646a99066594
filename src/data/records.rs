//! The records that several checks read.

use super::record::record;
use crate::model::{
    decimal::Decimal,
    time::{Instant, Stamp},
};
use chrono::NaiveDate;
use chrono_tz::Tz;
use std::sync::Arc;

/// Text, one copy of each.
pub type Text = Arc<str>;

record! {
    /// A customer account.
    Account of "accounts" {
        account_id: Text,
        name: Option<Text>,
        kind: Option<Text>,
        bill_to: Option<Text>,
        status: Text,
        plan: Option<Text>,
        arr: Option<Decimal>,
        currency: Option<Text>,
    }
}

record! {
    /// A plan as it is sold, in one currency, from one moment on.
    Plan of "plans" {
        plan: Text,
        effective_from: Option<Instant>,
        effective_to: Option<Instant>,
        currency: Option<Text>,
        price: Option<Decimal>,
        interval: Option<Text>,
    }
}

record! {
    /// A subscription as billing has it.
    Subscription of "subscriptions" {
        subscription_id: Text,
        account_id: Text,
        plan: Text,
        status: Text,
        started_at: Option<Instant>,
        current_period_start: Stamp,
        current_period_end: Stamp,
        renewal_date: Option<NaiveDate>,
        currency: Option<Text>,
        timezone: Option<Tz>,
        canceled_at: Option<Instant>,
    }
}

record! {
    /// How a metric's quantity comes from its events.
    Metric of "metrics" {
        metric: Text,
        aggregation: Option<Text>,
    }
}

record! {
    /// One tier of a price.
    PriceTier of "prices" {
        price_id: Text,
        plan: Option<Text>,
        account_id: Option<Text>,
        metric: Text,
        model: Text,
        currency: Text,
        tier: i64,
        up_to: Option<Decimal>,
        unit_amount: Option<Decimal>,
        flat_amount: Option<Decimal>,
        package_size: Option<Decimal>,
        included_quantity: Option<Decimal>,
        minimum_amount: Option<Decimal>,
        dialect: Option<Text>,
        effective_from: Option<Stamp>,
        effective_to: Option<Stamp>,
    }
}

record! {
    /// An invoice as billing has it.
    Invoice of "invoices" {
        invoice_id: Text,
        account_id: Text,
        status: Text,
        plan: Option<Text>,
        currency: Text,
    }
}

record! {
    /// A quantity of a metric that billing put on an invoice.
    Billed of "billed_usage" {
        line_id: Option<Text>,
        invoice_id: Option<Text>,
        subscription_id: Option<Text>,
        line_kind: Option<Text>,
        dimension: Option<Text>,
        account_id: Text,
        metric: Text,
        period_start: Stamp,
        period_end: Stamp,
        quantity: Decimal,
        amount: Option<Decimal>,
        currency: Option<Text>,
        plan: Option<Text>,
        timezone: Option<Tz>,
        status: Option<Text>,
        finalized_at: Option<Instant>,
    }
}

record! {
    /// A quantity already summed over a window or a day.
    UsageTotal of "usage_totals" {
        account_id: Text,
        metric: Text,
        window_start: Option<Stamp>,
        window_end: Option<Stamp>,
        date: Option<NaiveDate>,
        quantity: Decimal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Record;
    use crate::model::datasets;

    fn columns_exist<R: Record>() {
        let dataset = datasets::find(R::DATASET).unwrap();
        for column in R::COLUMNS {
            assert!(dataset.position(column).is_some(), "{} has no column {column}", R::DATASET);
        }
    }

    #[test]
    fn records_name_columns_of_the_catalogue() {
        columns_exist::<Account>();
        columns_exist::<Plan>();
        columns_exist::<Subscription>();
        columns_exist::<Metric>();
        columns_exist::<PriceTier>();
        columns_exist::<Invoice>();
        columns_exist::<Billed>();
        columns_exist::<UsageTotal>();
    }
}

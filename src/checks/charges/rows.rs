//! Of each dataset the columns that charges needs.

use crate::{
    data::{record, records::Text},
    model::{
        decimal::Decimal,
        time::{Instant, Stamp},
    },
};

record! {
    /// Of an account what charges needs.
    Account of "accounts" {
        account_id: Text,
        kind: Option<Text>,
        bill_to: Option<Text>,
        status: Text,
        status_since: Option<Instant>,
        canceled_at: Option<Instant>,
        updated_at: Option<Instant>,
    }
}

record! {
    /// Of an invoice what charges needs.
    BillRow of "invoices" {
        invoice_id: Text,
        account_id: Text,
        subscription_id: Option<Text>,
        status: Text,
        issued_at: Option<Instant>,
        period_start: Option<Stamp>,
        period_end: Option<Stamp>,
        total: Decimal,
        currency: Text,
        plan: Option<Text>,
    }
}

record! {
    /// Of a payment what charges needs.
    PaymentRow of "payments" {
        invoice_id: Option<Text>,
        status: Text,
        amount: Option<Decimal>,
        currency: Option<Text>,
    }
}

record! {
    /// Of a credit note what charges needs.
    CreditRow of "credit_notes" {
        invoice_id: Text,
        amount: Decimal,
        currency: Text,
        kind: Option<Text>,
    }
}

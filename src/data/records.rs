//! The records that several checks read.

use super::record::{Own, record};
use crate::model::{
    decimal::Decimal,
    time::{Instant, Stamp},
};
use chrono::NaiveDate;
use chrono_tz::Tz;

pub use crate::model::interned::Text;

record! {
    /// A customer account as product or CRM has it.
    Account of "accounts" {
        account_id: Text,
        name: Option<Text>,
        kind: Option<Text>,
        parent_account_id: Option<Text>,
        bill_to: Option<Text>,
        status: Text,
        status_since: Option<Instant>,
        canceled_at: Option<Instant>,
        plan: Option<Text>,
        arr: Option<Decimal>,
        currency: Option<Text>,
        account_manager: Option<Text>,
        csm: Option<Text>,
        country: Option<Text>,
        state: Option<Text>,
        created_at: Option<Instant>,
        api_first: Option<bool>,
        updated_at: Option<Instant>,
    }
}

record! {
    /// Where an account is written to.
    AccountAddress of "accounts" {
        account_id: Text,
        /// Personal: only compared, never shown.
        email: Option<Text>,
    }
}

record! {
    /// A plan as it is sold, in one currency, in `[effective_from, effective_to)`.
    Plan of "plans" {
        plan: Text,
        effective_from: Option<Instant>,
        effective_to: Option<Instant>,
        name: Option<Text>,
        tier: Option<Text>,
        rank: Option<i64>,
        price: Option<Decimal>,
        currency: Option<Text>,
        interval: Option<Text>,
        seat_limit: Option<i64>,
        api_limit: Option<i64>,
        features: Option<Vec<Text>>,
    }
}

record! {
    /// A subscription as billing has it.
    Subscription of "subscriptions" {
        subscription_id: Text,
        account_id: Text,
        plan: Text,
        status: Text,
        quantity: Option<Decimal>,
        price: Option<Decimal>,
        discount: Option<Text>,
        started_at: Option<Instant>,
        current_period_start: Stamp,
        current_period_end: Stamp,
        renewal_date: Option<NaiveDate>,
        auto_renew: Option<bool>,
        term: Option<Text>,
        arr: Option<Decimal>,
        currency: Option<Text>,
        timezone: Option<Tz>,
        trial_end: Option<Instant>,
        cancel_at: Option<Instant>,
        canceled_at: Option<Instant>,
    }
}

record! {
    /// A change from one plan or quantity to another. A change in seats alone has the same plan twice.
    PlanChange of "plan_changes" {
        change_id: Option<Text>,
        account_id: Text,
        subscription_id: Option<Text>,
        from_plan: Text,
        to_plan: Text,
        from_quantity: Option<Decimal>,
        to_quantity: Option<Decimal>,
        effective_at: Stamp,
        source: Option<Text>,
        requested_at: Option<Instant>,
        shown_to_customer_at: Option<Instant>,
    }
}

record! {
    /// A feature that the product has switched on or off for an account.
    Entitlement of "entitlements" {
        account_id: Text,
        feature: Text,
        state: Text,
        activated_at: Option<Instant>,
        deactivated_at: Option<Instant>,
        limit: Option<Decimal>,
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
        subscription_id: Option<Text>,
        status: Text,
        issued_at: Option<Instant>,
        due_at: Option<Instant>,
        period_start: Option<Stamp>,
        period_end: Option<Stamp>,
        total: Decimal,
        currency: Text,
        plan: Option<Text>,
        paid_at: Option<Instant>,
        voided_at: Option<Instant>,
    }
}

record! {
    /// One line of an invoice.
    InvoiceLine of "invoice_lines" {
        line_id: Own,
        invoice_id: Text,
        account_id: Option<Text>,
        subscription_id: Option<Text>,
        kind: Text,
        plan: Option<Text>,
        feature: Option<Text>,
        metric: Option<Text>,
        quantity: Option<Decimal>,
        unit_amount: Option<Decimal>,
        amount: Decimal,
        currency: Text,
        period_start: Option<Stamp>,
        period_end: Option<Stamp>,
    }
}

record! {
    /// One attempt to collect money, or money that was given back (`refunded`).
    Payment of "payments" {
        payment_id: Text,
        invoice_id: Option<Text>,
        account_id: Option<Text>,
        attempted_at: Instant,
        status: Text,
        amount: Option<Decimal>,
        currency: Option<Text>,
        failure_code: Option<Text>,
        network: Option<Text>,
        attempt: Option<i64>,
    }
}

record! {
    /// Money given back on an invoice.
    CreditNote of "credit_notes" {
        credit_note_id: Text,
        invoice_id: Text,
        account_id: Option<Text>,
        line_id: Option<Text>,
        amount: Decimal,
        currency: Text,
        issued_at: Option<Instant>,
        kind: Option<Text>,
    }
}

record! {
    /// A message that was sent to a customer.
    Message of "messages" {
        message_id: Option<Text>,
        account_id: Option<Text>,
        kind: Text,
        channel: Option<Text>,
        sent_at: Instant,
        related_id: Option<Text>,
        /// Personal: only compared, never shown.
        recipient: Option<Text>,
        template: Option<Text>,
    }
}

record! {
    /// Access taken from an account or given back; without a feature all of it.
    AccessChange of "access_changes" {
        account_id: Text,
        feature: Option<Text>,
        change: Text,
        /// When it took effect.
        moment = "at": Instant,
        actor: Option<Text>,
        reason: Option<Text>,
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

record! {
    /// A schema migration, planned or done.
    Migration of "migrations" {
        migration_id: Text,
        scheduled_at: Instant,
        started_at: Option<Instant>,
        finished_at: Option<Instant>,
        touches_billing: Option<bool>,
        estimated_seconds: Option<i64>,
        verified_at: Option<Instant>,
    }
}

record! {
    /// An incident.
    Incident of "incidents" {
        incident_id: Text,
        started_at: Instant,
        detected_at: Option<Instant>,
        classified_at: Option<Instant>,
        resolved_at: Option<Instant>,
        severity: Option<Text>,
        scope: Option<Text>,
        feature_area: Option<Text>,
        title: Option<Text>,
    }
}

record! {
    /// A known problem of the product.
    KnownIssue of "known_issues" {
        issue_id: Text,
        feature_area: Option<Text>,
        started_at: Instant,
        ended_at: Option<Instant>,
        incident_id: Option<Text>,
    }
}

record! {
    /// A request to delete a person's or an account's data; what identifies the person is not read.
    DeletionRequest of "deletion_requests" {
        request_id: Text,
        account_id: Option<Text>,
        received_at: Instant,
        status: Option<Text>,
    }
}

record! {
    /// A support ticket.
    Ticket of "tickets" {
        ticket_id: Text,
        account_id: Option<Text>,
        created_at: Instant,
        updated_at: Option<Instant>,
        first_response_at: Option<Instant>,
        solved_at: Option<Instant>,
        status: Option<Text>,
        priority: Option<Text>,
        /// Personal: only judged, never shown.
        subject: Option<Text>,
        /// Personal: only judged, never shown.
        body: Option<Text>,
        feature_area: Option<Text>,
        kind = "type": Option<Text>,
        channel: Option<Text>,
        tags: Option<Vec<Text>>,
        sentiment: Option<Decimal>,
        csat: Option<Text>,
        assignee: Option<Text>,
        queue: Option<Text>,
        /// Personal: only compared, never shown.
        requester_email: Option<Text>,
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
        columns_exist::<AccountAddress>();
        columns_exist::<Plan>();
        columns_exist::<Subscription>();
        columns_exist::<PlanChange>();
        columns_exist::<Entitlement>();
        columns_exist::<Metric>();
        columns_exist::<PriceTier>();
        columns_exist::<Invoice>();
        columns_exist::<InvoiceLine>();
        columns_exist::<Payment>();
        columns_exist::<CreditNote>();
        columns_exist::<Message>();
        columns_exist::<AccessChange>();
        columns_exist::<Migration>();
        columns_exist::<Incident>();
        columns_exist::<KnownIssue>();
        columns_exist::<DeletionRequest>();
        columns_exist::<Billed>();
        columns_exist::<UsageTotal>();
        columns_exist::<Ticket>();
    }
}

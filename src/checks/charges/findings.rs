//! The findings about a line, an invoice, and the exports themselves.

use super::{
    book::{Form, Line, Status},
    judge::{Judge, amount_text, moment_text},
    line::{self, State, Unknown, what},
};
use crate::{
    model::{decimal::Decimal, money::Money, text::counted, time::rfc3339},
    report::{Cause, Diff, Evidence, Finding, Severity, Subject},
};
use std::collections::BTreeSet;

impl Judge<'_, '_> {
    /// A finding about a line.
    pub(super) fn of_line(&self, code: &'static str, severity: Severity, line: &Line) -> Finding {
        let bill = self.book.bill(line);
        let subject = Subject { kind: "invoice".to_owned(), id: bill.id.to_string() };
        let mut f = Finding::new(code, severity, Some(&self.book.holder(line).id), subject);
        if let Some(id) = &line.id {
            f = f.with_key("line", &**id);
        }
        f.owner = "billing";
        f.evidence = vec![
            self.book.data.evidence("invoice_lines", line.at),
            self.book.data.evidence("invoices", bill.at),
        ];
        f
    }

    /// An amount of a line at stake; nothing where it is nothing.
    pub(super) fn stake(&self, line: &Line, amount: Decimal) -> Option<Money> {
        let currency = &line.currency;
        (!amount.is_zero()).then(|| Money::new(amount.abs(), currency))
    }

    /// The place of a period's start as the export writes it.
    pub(super) fn start_text(&self, line: &Line) -> String {
        let zone = self.book.zone(line.subscription);
        line.period.map_or_else(String::new, |p| match p.form {
            Form::Instant => moment_text(p.start),
            _ => p.write(p.start, zone),
        })
    }

    pub(super) fn inactive(&mut self, number: u32, line: &Line, state: &State<'_>) {
        let (Some(since), Some(account)) = (state.inactive, &self.book.holder(line).record) else { return };
        let currency = &line.currency;
        let mut f = self.of_line("charges/account-inactive", Severity::Error, line);
        let since_text = since.map_or_else(|| "now".to_owned(), |t| format!("since {}", moment_text(t)));
        f.message = format!(
            "{} charges {} {} for {} from {}, and the account is {} {since_text}.",
            line::bill_text(self.book.bill(line)),
            account.account_id,
            amount_text(line.amount, currency),
            what(line),
            self.start_text(line),
            account.status,
        );
        f.diff = vec![Diff::texts("account_status", Some("active"), Some(&account.status))];
        f.impact = self.stake(line, line.amount);
        f.action = self.remedy(line, "end the subscription in billing");
        f.evidence.push(self.book.data.evidence("accounts", account.at));
        self.mark(number, "account-inactive", Some(line.amount.abs()));
        self.out.findings.push(f);
    }

    /// What to do about a line's invoice first, then about the root.
    pub(super) fn remedy(&self, line: &Line, root: &str) -> String {
        match self.book.bill(line).status {
            Status::Draft => format!("Hold the draft, take the line from it, and {root}."),
            Status::Open => format!("Hold the collection, correct the invoice, and {root}."),
            Status::Paid | Status::Uncollectible => format!("Credit what was charged, and {root}."),
            Status::Void => {
                let mut text = root.to_owned();
                text[..1].make_ascii_uppercase();
                format!("{text}.")
            }
        }
    }

    pub(super) fn stale(&mut self, number: u32, line: &Line, state: &State<'_>) {
        let (Some(stale), Some(period)) = (&state.stale, line.period) else { return };
        let currency = &line.currency;
        let mut f = self.of_line("charges/plan-stale", Severity::Error, line);
        let days = stale.days(period);
        let why = match (stale.change, stale.ahead) {
            (_, Some(next)) => {
                let text =
                    format!("the change to {} takes effect on {}", stale.charged, moment_text(next.at));
                f.cause = Some(Cause { id: "change-not-yet-effective".to_owned(), detail: text.clone() });
                f.evidence.push(self.book.data.evidence("plan_changes", next.row.at));
                text
            }
            (Some(change), None) => {
                let name = change.row.change_id.as_deref().map_or_else(String::new, |id| format!(" {id}"));
                let text = format!(
                    "change{name} from {} to {} of {} has not propagated for {}",
                    change.row.from_plan,
                    change.row.to_plan,
                    moment_text(change.at),
                    counted(days.unwrap_or(0).unsigned_abs(), "day", "days")
                );
                f.cause = Some(Cause { id: "change-not-propagated".to_owned(), detail: text });
                f.evidence.push(self.book.data.evidence("plan_changes", change.row.at));
                format!(" since {}{}", moment_text(change.at), name.replacen(' ', ", change ", 1))
            }
            (None, None) => ", and no plan change explains the other".to_owned(),
        };
        let difference = stale.difference(line);
        let money = match difference {
            Some(d) if d > Decimal::ZERO => format!(": {} too much", amount_text(d, currency)),
            Some(d) if d < Decimal::ZERO => format!(": {} too little", amount_text(d.abs(), currency)),
            _ => String::new(),
        };
        f.message = format!(
            "{} charges {} {} for {} from {}, but {} is in force{why}{money}.",
            line::bill_text(self.book.bill(line)),
            self.book.holder(line).id,
            amount_text(line.amount, currency),
            stale.charged,
            self.start_text(line),
            stale.in_force,
        );
        f.diff = vec![Diff::texts("plan", Some(stale.in_force), Some(stale.charged))];
        if let Some(expected) = stale.expected {
            f.diff.push(Diff::decimals("amount", expected, line.amount));
        }
        f.impact = difference.and_then(|d| self.stake(line, d));
        f.action = self.remedy(line, "carry the plan change over to billing");
        for found in &state.in_force {
            if let Some(s) = found.subscription {
                f.evidence.push(self.book.data.evidence("subscriptions", s.at));
            }
        }
        self.mark(number, "plan-stale", difference.map(|d| d.abs()));
        self.out.findings.push(f);
    }

    pub(super) fn lacking(&mut self, number: u32, line: &Line, state: &State<'_>) {
        if state.lacking.is_empty() {
            return;
        }
        let currency = &line.currency;
        let mut f = self.of_line("charges/feature-not-provisioned", Severity::Error, line);
        if let Some(feature) = line.feature {
            f = f.with_key("feature", &*feature);
        }
        let names: Vec<&str> = state.lacking.iter().map(|n| &**n).collect();
        f.message = format!(
            "{} charges {} {} for {} from {}, and {} {} not on at any time in that period.",
            line::bill_text(self.book.bill(line)),
            self.book.holder(line).id,
            amount_text(line.amount, currency),
            what(line),
            self.start_text(line),
            names.join(", "),
            if names.len() == 1 { "was" } else { "were" },
        );
        f.diff = names.iter().map(|name| Diff::texts("feature", Some(name), None)).collect();
        for name in &names {
            let rows = self.book.family(line.account).flat_map(|a| self.book.entitled.rows(a, name));
            f.evidence.extend(rows.map(|at| self.book.data.evidence("entitlements", at)));
        }
        // Where the plan is not the customer's, the difference of the two plans is what is at stake.
        if state.stale.is_none() {
            f.impact = self.stake(line, line.amount);
        }
        f.action = self.remedy(line, "switch the features on or stop charging for them");
        self.mark(number, "feature-not-provisioned", Some(line.amount.abs()));
        self.out.findings.push(f);
    }

    pub(super) fn unverifiable(&mut self, bill: u32, reasons: &BTreeSet<Unknown>) {
        let bill = &self.book.bills[bill as usize];
        let holder = &self.book.holders[bill.account as usize];
        let subject = Subject { kind: "invoice".to_owned(), id: bill.id.to_string() };
        let mut f = Finding::new("charges/unverifiable", Severity::Warning, Some(&holder.id), subject);
        let texts: Vec<&str> = reasons.iter().map(|r| r.text()).collect();
        f.message = format!(
            "{} of {} cannot be verified, which does not make it wrong: {}.",
            line::bill_text(bill),
            holder.id,
            texts.join("; ")
        );
        f.owner = "product";
        "Export the product's state again with this account in it, and run the check before charging."
            .clone_into(&mut f.action);
        f.evidence = vec![self.book.data.evidence("invoices", bill.at)];
        if let Some(account) = &holder.record {
            f.evidence.push(self.book.data.evidence("accounts", account.at));
        }
        self.out.findings.push(f);
    }

    pub(super) fn sync_stale(&mut self, newest: Option<Evidence>) {
        let Some(product) = self.moments.product else { return };
        let age = self.moments.as_of - product;
        if age <= self.moments.max_age {
            return;
        }
        let dataset = newest.as_ref().map_or("activity", |e| &e.dataset).to_owned();
        let subject = Subject { kind: "dataset".to_owned(), id: dataset.clone() };
        let mut f = Finding::new("charges/sync-stale", Severity::Warning, None, subject);
        f.message = format!(
            "The newest product-side record, in {dataset}, is of {}: {} h before {}, and {} h are allowed.",
            rfc3339(product),
            age.num_hours(),
            rfc3339(self.moments.as_of),
            self.moments.max_age.num_hours()
        );
        f.diff = vec![Diff::texts("newest", None, Some(&rfc3339(product)))];
        f.owner = "product";
        "Run the synchronisation of product state, export again, and only then charge."
            .clone_into(&mut f.action);
        f.evidence = newest.into_iter().collect();
        self.out.findings.push(f);
    }
}

//! Who took access and why, from the free texts of `access_changes`: actors and reasons are every company's own
//! words, so they are looked for, not compared.

fn has(text: Option<&str>, words: &[&str]) -> bool {
    let Some(text) = text else { return false };
    let text = text.to_lowercase().replace(['-', '_'], " ");
    words.iter().any(|w| text.contains(w))
}

/// Billing: `billing`, `billing-agent`, `Billing team`.
pub(super) fn is_billing(actor: Option<&str>) -> bool {
    has(actor, &["billing", "dunning"])
}

/// The customer in person.
pub(super) fn is_customer(actor: Option<&str>) -> bool {
    let Some(actor) = actor else { return false };
    let actor = actor.trim().to_lowercase().replace(['-', '_'], " ");
    matches!(
        actor.as_str(),
        "customer" | "user" | "owner" | "account owner" | "end user" | "self" | "self service" | "subscriber"
    )
}

/// Money that did not come.
pub(super) fn is_nonpayment(reason: Option<&str>) -> bool {
    has(
        reason,
        &[
            "unpaid",
            "not paid",
            "nonpayment",
            "non payment",
            "past due",
            "overdue",
            "dunning",
            "payment failed",
            "failed payment",
            "payment failure",
            "card declined",
            "delinquent",
            "grace period",
            "arrears",
            "involuntary",
        ],
    )
}

/// The customer's own cancellation, or a plan that the customer chose.
pub(super) fn is_customers_choice(reason: Option<&str>) -> bool {
    has(
        reason,
        &[
            "by the customer",
            "by customer",
            "customer request",
            "customer's request",
            "customer cancel",
            "customer downgrade",
            "customer chose",
            "customer asked",
            "requested by",
            "own request",
            "at the request of",
            "plan change",
            "chosen downgrade",
            "self service",
            "user cancel",
            "user request",
            "closed account",
            "account closed",
        ],
    )
}

/// Abuse, fraud, and whatever else access is taken for to protect others.
pub(super) fn is_abuse(reason: Option<&str>) -> bool {
    has(
        reason,
        &[
            "abuse",
            "abusive",
            "fraud",
            "spam",
            "phishing",
            "malware",
            "terms of service",
            "terms of use",
            "acceptable use",
            "tos violation",
            "policy violation",
            "compromised",
            "security",
            "key rotation",
        ],
    )
}

/// A person's right to be forgotten.
pub(super) fn is_erasure(actor: Option<&str>, reason: Option<&str>) -> bool {
    has(actor, &["privacy", "compliance", "dpo", "gdpr"])
        || has(
            reason,
            &[
                "erasure",
                "gdpr",
                "ccpa",
                "cpra",
                "deletion request",
                "delete request",
                "right to be forgotten",
                "data subject",
                "customer request",
                "customer's request",
                "requested by",
                "by the customer",
            ],
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unpaid_invoice_is_no_customers_choice_and_no_abuse() {
        let reason = Some("unpaid invoice found by the nightly job");
        assert!(is_nonpayment(reason) && !is_customers_choice(reason) && !is_abuse(reason));
        assert!(is_customers_choice(Some("subscription canceled by the customer")));
        assert!(is_abuse(Some("Spam from trial accounts")) && !is_abuse(None));
    }

    #[test]
    fn actors_are_known_by_their_words() {
        assert!(is_billing(Some("Billing-Agent")) && !is_billing(Some("product")) && !is_billing(None));
        assert!(is_customer(Some("Customer")) && !is_customer(Some("customer success")));
        assert!(is_erasure(Some("compliance"), None) && is_erasure(None, Some("GDPR erasure del_03")));
        assert!(!is_erasure(Some("product"), Some("unpaid for 90 days")));
    }
}

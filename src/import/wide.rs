//! The wide identity sheet: one row an account, one column a system, under whatever file name it lies.
//!
//! A sheet is `account_id,stripe,zendesk` or, as people keep it, `Account, Stripe customer ID, sf_id, Zendesk
//! organization`. Each filled cell of a system's column is a row of `identities`. A column that describes the account
//! (`name`, `plan`, `notes`) or names another thing of a system (`stripe_subscription_id`) is passed over.

use crate::model::datasets::{self, DATASETS, fold_name};

/// Names of the column with the company's own id, folded; the first of them that a sheet has is it.
const ACCOUNTS: &[&str] = &[
    "accountid",
    "account",
    "ouraccountid",
    "internalid",
    "customerid",
    "customer",
    "organizationid",
    "organisationid",
    "orgid",
    "companyid",
    "tenantid",
    "tenant",
    "workspaceid",
    "workspace",
    "id",
];

/// Systems that companies join by an id. Those of the profiles are known as well.
const SYSTEMS: &[&str] = &[
    "adyen",
    "amplitude",
    "attio",
    "auth0",
    "braintree",
    "braze",
    "chargebee",
    "chargify",
    "churnzero",
    "clerk",
    "configcat",
    "customerio",
    "dynamics",
    "flagsmith",
    "flexprice",
    "freshdesk",
    "front",
    "gainsight",
    "gorgias",
    "helpscout",
    "hubspot",
    "intercom",
    "jira",
    "killbill",
    "kustomer",
    "lago",
    "launchdarkly",
    "marketo",
    "maxio",
    "metronome",
    "mixpanel",
    "netsuite",
    "okta",
    "openmeter",
    "orb",
    "paddle",
    "pendo",
    "pipedrive",
    "planhat",
    "posthog",
    "quickbooks",
    "recurly",
    "sage",
    "salesforce",
    "segment",
    "statuspage",
    "stripe",
    "totango",
    "unleash",
    "vitally",
    "workos",
    "xero",
    "zendesk",
    "zoho",
    "zuora",
];

/// What people call a system for short.
const SHORT: &[(&str, &str)] = &[
    ("hs", "hubspot"),
    ("ld", "launchdarkly"),
    ("ph", "posthog"),
    ("qbo", "quickbooks"),
    ("sf", "salesforce"),
    ("sfdc", "salesforce"),
    ("zd", "zendesk"),
];

/// What a system calls its customer, at the end of a header; longer ones first.
const CUSTOMER: &[&str] = &[
    "_organization_id",
    "_organisation_id",
    "_customer_id",
    "_workspace_id",
    "_account_id",
    "_company_id",
    "_tenant_id",
    "_group_id",
    "_cust_id",
    "_org_id",
    "_organization",
    "_organisation",
    "_customer",
    "_account",
    "_company",
    "_key",
    "_org",
    "_id",
];

/// What else of a system may be named by an id: no customer.
const OTHER: &[&str] = &[
    "subscription",
    "user",
    "contact",
    "invoice",
    "plan",
    "price",
    "product",
    "owner",
    "person",
    "ticket",
    "deal",
    "opportunity",
];

/// Columns that describe an account beside those of the dataset accounts, folded.
const ABOUT: &[&str] = &[
    "account",
    "accountname",
    "comment",
    "comments",
    "company",
    "companyname",
    "customer",
    "customername",
    "domain",
    "industry",
    "note",
    "notes",
    "owner",
    "region",
    "tier",
    "website",
];

/// The column of the company's own id.
pub(super) fn account_of(names: &[&str]) -> Option<usize> {
    let folded: Vec<String> = names.iter().map(|n| fold_name(n.trim_start_matches('\u{feff}'))).collect();
    ACCOUNTS.iter().find_map(|wanted| folded.iter().position(|n| n == wanted))
}

/// A header in small letters with `_` between its words.
fn words(header: &str) -> String {
    let plain = header.trim().trim_start_matches('\u{feff}');
    let mut out = String::with_capacity(plain.len());
    for c in plain.chars().flat_map(char::to_lowercase) {
        match c {
            ' ' | '-' | '.' | '/' => out.push('_'),
            c => out.push(c),
        }
    }
    out
}

/// The system that a header names (`Stripe`, `stripe_id`, `Salesforce Account ID`, `Zendesk organization`); `None` for
/// what describes the account or names another thing than the customer.
pub(super) fn system_of(header: &str) -> Option<String> {
    let accounts = datasets::find("accounts")?;
    let name = words(header);
    let about = ABOUT.contains(&fold_name(&name).as_str());
    if name.is_empty() || about || accounts.match_header(&name).is_some() {
        return None;
    }
    let short = CUSTOMER.iter().find_map(|e| name.strip_suffix(e).filter(|s| !s.is_empty()));
    let short = short.unwrap_or(&name);
    if OTHER.iter().any(|o| short.ends_with(&format!("_{o}"))) {
        return None;
    }
    let folded = fold_name(short);
    let system = SHORT.iter().find(|(s, _)| *s == folded).map(|(_, system)| *system);
    let known = system.or_else(|| SYSTEMS.iter().copied().find(|s| *s == folded));
    Some(known.map_or_else(|| short.to_owned(), str::to_owned))
}

/// The well-known system whose customer's id a header names: `stripe_customer_id`, not `stripe`.
pub(super) fn known_system(header: &str) -> Option<String> {
    let system = system_of(header)?;
    (words(header) != system && SYSTEMS.contains(&system.as_str())).then_some(system)
}

/// Which columns of a sheet hold what.
pub(super) struct Sheet {
    /// The company's own id.
    pub account: usize,
    /// System and column.
    pub systems: Vec<(String, usize)>,
}

impl Sheet {
    /// Of a file that is said to be a sheet, by its name or its user.
    pub(super) fn of(names: &[&str]) -> Option<Sheet> {
        let account = account_of(names)?;
        let others = names.iter().enumerate().filter(|(at, _)| *at != account);
        let systems: Vec<_> = others.filter_map(|(at, n)| Some((system_of(n)?, at))).collect();
        let long = names.iter().any(|n| matches!(fold_name(n).as_str(), "system" | "externalid"));
        (!systems.is_empty() && !long).then_some(Sheet { account, systems })
    }

    /// Of a file of any name: every column is the account, describes it, or belongs to a known system. Beside two known
    /// systems the id of an unknown one is taken for what it is, unless a dataset has such a column.
    pub(super) fn by_shape(names: &[&str], known: &[&str]) -> Option<Sheet> {
        let sheet = Sheet::of(names)?;
        let is_known = |s: &str| SYSTEMS.contains(&s) || known.iter().any(|k| k.eq_ignore_ascii_case(s));
        let sure = sheet.systems.iter().filter(|(s, _)| is_known(s)).count();
        let taken = |name: &str| DATASETS.iter().any(|d| d.match_header(name).is_some());
        let may_be = |name: &str| words(name).ends_with("_id") && !taken(name);
        let mut others = sheet.systems.iter().filter(|(s, _)| !is_known(s));
        let needed = if fold_name(names[sheet.account]) == "id" { 2 } else { 1 };
        let explained = others.all(|(s, at)| sure >= 2 && may_be(names[*at]) && !OTHER.contains(&s.as_str()));
        (sure >= needed && explained).then_some(sheet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn systems(header: &str) -> Option<Vec<String>> {
        let names: Vec<&str> = header.split(',').collect();
        Sheet::by_shape(&names, &["acmebill"]).map(|s| s.systems.into_iter().map(|(s, _)| s).collect())
    }

    #[test]
    fn a_sheet_is_known_by_its_columns() {
        for (header, wanted) in [
            ("account,stripe_id,salesforce_id,zendesk_id", "stripe salesforce zendesk"),
            ("account_id,stripe,zendesk", "stripe zendesk"),
            ("Account ID,Stripe customer ID,Zendesk organization,Notes", "stripe zendesk"),
            ("customer_id,name,stripe_customer_id,stripe_subscription_id", "stripe"),
            ("org_id,sf_id,hs_company_id,launch-darkly-key", "salesforce hubspot launchdarkly"),
            ("tenant,acmebill_id", "acmebill"),
            ("account,stripe_id,zendesk_id,erp_id", "stripe zendesk erp"),
            ("id,name,stripe_id,zendesk_id", "stripe zendesk"),
            ("account_id,segment,segment_group_id", "segment segment"),
        ] {
            let got = systems(header).map(|s| s.join(" "));
            assert_eq!(got.as_deref(), Some(wanted), "{header}");
        }
    }

    #[test]
    fn what_may_be_something_else_is_no_sheet() {
        for header in [
            "stripe_id,zendesk_id",
            "account,erp_id",
            "account,stripe_id,erp_id",
            "account,stripe_id,zendesk_id,invoice_id",
            "account,stripe_id,zendesk_id,user_id",
            "account,stripe_id,amount",
            "id,email,stripe_customer_id",
            "account_id,system,external_id",
            "account_id,name,plan",
            "account_id,stripe_subscription_id",
        ] {
            assert_eq!(systems(header), None, "{header}");
        }
    }

    #[test]
    fn of_several_columns_that_may_hold_the_account_the_plainest_is_taken() {
        assert_eq!(account_of(&["id", "Account", "account_id"]), Some(2));
        assert_eq!(account_of(&["stripe", "Customer"]), Some(1));
        assert_eq!(account_of(&["\u{feff}Account ID"]), Some(0));
        assert_eq!(account_of(&["stripe", "name"]), None);
    }
}

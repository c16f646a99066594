//! How much a column of an unknown export is like one of a dataset: by its name, and by what its cells hold.

use super::Found;
use crate::{
    import::{validate, wide},
    model::{
        datasets::{Column, Type, fold_name},
        decimal,
        time::Stamp,
    },
};
use chrono::NaiveTime;

/// The names by which other systems know a column, folded.
const ALIASES: &[(&str, &[&str])] = &[
    (
        "account_id",
        &[
            "customer",
            "customerid",
            "customerkey",
            "externalcustomerid",
            "customerexternalid",
            "subject",
            "accountcode",
            "accountkey",
            "accountnumber",
            "account",
            "billingcustomerid",
            "client",
            "clientid",
            "organization",
            "organizationid",
            "organisation",
            "organisationid",
            "org",
            "orgid",
            "tenant",
            "tenantid",
            "company",
            "companyid",
            "workspace",
            "workspaceid",
            "customer.id",
        ],
    ),
    (
        "event_id",
        &["identifier", "transactionid", "idempotencykey", "id", "merchanteventid", "messageid", "uuid"],
    ),
    (
        "timestamp",
        &["time", "happenedat", "occurredat", "eventtime", "eventat", "createdat", "created", "ts"],
    ),
    ("ingested_at", &["receivedat", "createdat", "storedat", "loadedat"]),
    (
        "metric",
        &[
            "eventname",
            "eventtype",
            "type",
            "code",
            "meter",
            "metername",
            "metercode",
            "meterid",
            "metricname",
            "metricid",
            "metrickey",
            "usagetype",
            "measure",
            "event",
            "feeitemcode",
            "billablemetric",
        ],
    ),
    (
        "quantity",
        &[
            "value",
            "units",
            "feeunits",
            "qtytotal",
            "qty",
            "usage",
            "usagequantity",
            "consumption",
            "volume",
            "aggregatedvalue",
            "count",
            "total",
            "sum",
            "seats",
            "licenses",
        ],
    ),
    (
        "date",
        &["day", "dt", "ds", "datekey", "dateday", "usagedate", "usageday", "activitydate", "eventdate"],
    ),
    (
        "period_start",
        &["datefrom", "startdate", "feefromdate", "from", "fromdate", "periodfrom", "windowstart", "start"],
    ),
    ("period_end", &["dateto", "enddate", "feetodate", "to", "todate", "periodto", "windowend", "end"]),
    ("current_period_start", &["currenttermstart", "periodstart", "currentbillingperiodstartedat"]),
    ("current_period_end", &["currenttermend", "periodend", "currentbillingperiodendingat"]),
    (
        "window_start",
        &[
            "periodstart",
            "start",
            "from",
            "hour",
            "usagehour",
            "datehour",
            "hourstart",
            "month",
            "usagemonth",
            "monthstart",
            "week",
            "weekstart",
            "bucket",
            "bucketstart",
        ],
    ),
    ("window_end", &["periodend", "end", "to", "bucketend", "hourend"]),
    ("logins", &["sessions", "sessioncount", "logincount", "signins", "visits"]),
    ("active_users", &["users", "dau", "usercount", "activeusercount", "uniqueusers", "distinctusers"]),
    ("api_calls", &["apirequests", "apicallcount", "requests", "calls"]),
    ("features_used", &["features"]),
    ("seats_used", &["seats", "licensesused"]),
    ("feature", &["featurename", "featurekey", "featurecode"]),
    ("uses", &["count", "usecount", "usagecount", "events"]),
    ("invoice_id", &["invoice", "id", "invoicenumber", "number", "invoicelagoid", "lagoid"]),
    ("line_id", &["id", "lineitemid", "feelagoid", "invoicelineid"]),
    ("subscription_id", &["subscription", "id", "subscriptionexternalid", "externalid", "uuid"]),
    ("payment_id", &["id", "chargeid", "paymentintentid", "payment"]),
    ("failure_code", &["errorcode", "declinecode", "failurereason"]),
    ("ticket_id", &["id", "ticket", "key", "caseid", "casenumber", "ticketnumber"]),
    ("solved_at", &["closedat", "resolvedat", "closedon", "solvedon"]),
    ("subject", &["title", "summary"]),
    ("deal_id", &["id", "hsobjectid", "opportunityid", "dealname"]),
    ("incident_id", &["id", "incidentnumber"]),
    ("flag", &["key", "flagkey", "name"]),
    ("owner", &["team", "createdby", "maintainer"]),
    ("expires_at", &["expireson", "expiry", "expirydate", "removeby"]),
    (
        "issued_at",
        &[
            "date",
            "invoicedate",
            "issuingdate",
            "issuedate",
            "issuedon",
            "created",
            "createdat",
            "billeddate",
            "dateutc",
        ],
    ),
    ("due_at", &["duedate", "dueon", "paymentduedate"]),
    ("paid_at", &["paidon", "closedat"]),
    (
        "attempted_at",
        &["created", "createdat", "createdutc", "date", "time", "attempttime", "attemptedon", "chargedat"],
    ),
    (
        "total",
        &[
            "totalamount",
            "totalamountcents",
            "totalcents",
            "amount",
            "amountcents",
            "amountdue",
            "grandtotal",
        ],
    ),
    ("amount", &["amountcents", "total", "gross", "feetotalamountcents", "extendedprice", "sum"]),
    ("unit_amount", &["unitprice", "price", "unitamountdecimal", "preciseunitamount", "unitamountcents"]),
    ("currency", &["currencycode", "feeamountcurrency", "amountcurrency"]),
    (
        "plan",
        &[
            "planid",
            "plancode",
            "planname",
            "currentplan",
            "product",
            "priceid",
            "sku",
            "subscriptionplancode",
        ],
    ),
    ("status", &["state", "paymentstatus", "stage", "outcome", "result"]),
    ("started_at", &["startdate", "startedon", "createdat", "activatedat", "start"]),
    ("canceled_at", &["cancelledat", "canceledon", "terminatedat"]),
    (
        "created_at",
        &["created", "createddate", "createdate", "creationdate", "opened", "openedat", "openedon"],
    ),
    ("closed_at", &["closedate", "closedon"]),
    ("external_id", &["id"]),
    ("email", &["customeremail", "mail"]),
    ("name", &["customername", "companyname", "company", "accountname"]),
];

/// Those that headers name; of all codes some are words (`ALL`, `TOP`).
const CURRENCIES: &[&str] = &[
    "AED", "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "INR", "JPY",
    "KRW", "KWD", "MXN", "NOK", "NZD", "PLN", "SEK", "SGD", "USD", "ZAR",
];

/// The currency that a header names at its end: `arr_usd`, `Amount EUR`.
pub(super) fn header_currency(name: &str) -> Option<&'static str> {
    let (_, last) = name.trim().rsplit_once(['_', ' ', '-'])?;
    let code = last.to_ascii_uppercase();
    CURRENCIES.iter().copied().find(|c| *c == code)
}

/// A name without what says its unit or zone: `total_cents`, `arr_usd`, `hour_utc`.
fn bare(name: &str) -> &str {
    let plain = name.split(" (").next().unwrap_or(name);
    let last = plain.rsplit_once(['_', ' ', '-']);
    match last {
        Some((before, end)) if matches!(end.to_ascii_lowercase().as_str(), "utc" | "cents" | "minor") => {
            before.strip_suffix("_in").unwrap_or(before)
        }
        Some((before, _)) if header_currency(plain).is_some() => before,
        _ => plain,
    }
}

/// How much a name is like a column's, 0 not at all, 4 the same; and what makes it so.
pub(super) fn likeness(column: &Column, name: &str) -> (i64, &'static str) {
    let plain = name.split(" (").next().unwrap_or(name);
    [plain, bare(plain)].into_iter().map(|n| named(column, n)).max_by_key(|(n, _)| *n).unwrap_or((0, ""))
}

fn named(column: &Column, name: &str) -> (i64, &'static str) {
    let folded = fold_name(name);
    let own = fold_name(column.name);
    let last = folded.rsplit('.').next().unwrap_or(&folded);
    let alias = ALIASES.iter().filter(|(c, _)| *c == column.name).flat_map(|(_, a)| a.iter());
    if folded == own {
        (4, "")
    } else if alias.clone().any(|a| *a == folded) || last == own {
        (3, "")
    } else if alias.clone().any(|a| *a == last) {
        (2, "")
    } else if column.name == "account_id" && wide::known_system(name).is_some() {
        (2, "a customer's id in another system")
    } else {
        (i64::from(own.len() > 5 && strsim::damerau_levenshtein(&own, &folded) <= 2), "a similar name")
    }
}

/// Whether every cell holds one of a column's words.
pub(super) fn speaks(column: &Column, found: &Found) -> bool {
    let optional = Column { required: false, ..*column };
    matches!(column.ty, Type::Enum(_)) && found.all(|v| validate::check(&optional, v).is_ok())
}

/// Whether the values can be what the column holds.
pub(super) fn suits(column: &Column, found: &Found) -> bool {
    let optional = Column { required: false, ..*column };
    let midnight = |v: &str| Stamp::parse(v).is_ok_and(|s| s.naive().time() == NaiveTime::MIN);
    found.values.is_empty()
        || match column.ty {
            Type::Time => found.time_form().is_some(),
            Type::Date => found.time_form() == Some("compact") || found.all(midnight),
            Type::Decimal | Type::Money => found.is_number(),
            Type::Enum(_) => {
                !found.all(|v| decimal::parse(v).is_ok() || Stamp::parse(v).is_ok())
                    || found.all(|v| validate::check(&optional, v).is_ok())
            }
            Type::Text => {
                found.time_form().is_none_or(|f| matches!(f, "unix_s" | "unix_ms" | "compact" | "month"))
            }
            _ => found.all(|v| validate::check(&optional, v).is_ok()),
        }
}

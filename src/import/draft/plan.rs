//! Which column of an unknown export may be which of a dataset, and the mapping that follows.

use super::{Found, profile_name, quoted};
use crate::{
    import::{profile::Format, validate},
    model::{
        datasets::{Column, Dataset, Type, fold_name},
        decimal,
        time::Stamp,
    },
};
use std::{collections::BTreeMap, fmt::Write};

const FILL_IN: &str = "FILL_IN";

/// The names by which other systems know a column, folded.
const ALIASES: &[(&str, &[&str])] = &[
    (
        "account_id",
        &[
            "customer",
            "customerid",
            "externalcustomerid",
            "customerexternalid",
            "subject",
            "accountcode",
            "account",
            "billingcustomerid",
            "organizationid",
            "organisationid",
            "orgid",
            "tenantid",
            "companyid",
            "customer.id",
        ],
    ),
    (
        "event_id",
        &["identifier", "transactionid", "idempotencykey", "id", "merchanteventid", "messageid", "uuid"],
    ),
    ("timestamp", &["time", "happenedat", "occurredat", "usagedate", "eventtime", "createdat", "created"]),
    ("ingested_at", &["receivedat", "createdat", "storedat"]),
    (
        "metric",
        &["eventname", "eventtype", "type", "code", "meter", "event", "feeitemcode", "billablemetric"],
    ),
    ("quantity", &["value", "units", "feeunits", "qtytotal", "qty", "usage", "aggregatedvalue", "count"]),
    ("period_start", &["datefrom", "startdate", "feefromdate", "from", "periodfrom", "windowstart", "start"]),
    ("period_end", &["dateto", "enddate", "feetodate", "to", "periodto", "windowend", "end"]),
    ("current_period_start", &["currenttermstart", "periodstart", "currentbillingperiodstartedat"]),
    ("current_period_end", &["currenttermend", "periodend", "currentbillingperiodendingat"]),
    ("window_start", &["periodstart", "start", "from"]),
    ("window_end", &["periodend", "end", "to"]),
    ("invoice_id", &["invoice", "id", "invoicenumber", "number", "invoicelagoid", "lagoid"]),
    ("line_id", &["id", "lineitemid", "feelagoid", "invoicelineid"]),
    ("subscription_id", &["subscription", "id", "subscriptionexternalid", "externalid", "uuid"]),
    ("payment_id", &["id", "chargeid", "paymentintentid", "payment"]),
    ("ticket_id", &["id", "ticket", "key"]),
    ("deal_id", &["id", "hsobjectid", "opportunityid", "dealname"]),
    ("incident_id", &["id", "incidentnumber"]),
    ("flag", &["key", "flagkey", "name"]),
    ("issued_at", &["date", "invoicedate", "issuingdate", "created", "createdat", "billeddate", "dateutc"]),
    ("due_at", &["duedate", "dueon", "paymentduedate"]),
    ("paid_at", &["paidon", "closedat"]),
    ("attempted_at", &["created", "createdat", "createdutc", "date", "time"]),
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
    ("plan", &["planid", "plancode", "currentplan", "product", "priceid", "sku", "subscriptionplancode"]),
    ("status", &["state", "paymentstatus", "stage"]),
    ("started_at", &["startdate", "startedon", "createdat", "activatedat", "start"]),
    ("canceled_at", &["cancelledat", "canceledon", "terminatedat"]),
    ("created_at", &["created", "createddate", "createdate", "creationdate", "opened"]),
    ("closed_at", &["closedate", "closedon"]),
    ("external_id", &["id"]),
    ("email", &["customeremail", "mail"]),
    ("name", &["customername", "companyname", "company"]),
];

/// Which column of the file may be which of a dataset.
pub(super) struct Plan {
    pub dataset: &'static Dataset,
    /// By column of the dataset: the position in the file.
    picks: Vec<Option<usize>>,
    pub score: i64,
}

impl Plan {
    pub(super) fn new(dataset: &'static Dataset, found: &[Found], format: Format, hint: &str) -> Plan {
        let mut pairs = Vec::new();
        for (at, column) in dataset.columns.iter().enumerate() {
            for (from, f) in found.iter().enumerate().filter(|(_, f)| f.usable(format)) {
                let likeness = likeness(column, &f.name);
                if likeness > 0 && suits(column, f) {
                    pairs.push((likeness, column.required, std::cmp::Reverse((at, from))));
                }
            }
        }
        pairs.sort_unstable_by(|a, b| b.cmp(a));
        let mut picks = vec![None; dataset.columns.len()];
        let mut used = vec![false; found.len()];
        let mut score = 0;
        for (likeness, required, std::cmp::Reverse((at, from))) in pairs {
            if picks[at].is_none() && !used[from] {
                picks[at] = Some(from);
                used[from] = true;
                score += likeness * if required { 3 } else { 1 };
            }
        }
        let missing = dataset.columns.iter().zip(&picks).filter(|(c, p)| c.required && p.is_none()).count();
        score -= 6 * i64::try_from(missing).unwrap_or(i64::MAX / 6);
        if hint.contains(&fold_name(dataset.name)) {
            score += 8;
        } else if missing == 0 && picks.iter().all(Option::is_none) {
            // A dataset that requires nothing resembles nothing.
            score -= 100;
        }
        Plan { dataset, picks, score }
    }

    pub(super) fn toml(&self, file_name: &str, found: &[Found], format: Format, lists: &[String]) -> String {
        let name = profile_name(file_name);
        let mut out =
            format!("[profile.{name}]\ntitle = {}\nformat = \"{}\"\n", quoted(file_name), format.name());
        let telling = found.iter().filter(|f| f.usable(format) && !f.name.ends_with("[]"));
        let telling: Vec<_> = telling.take(8).map(|f| quoted(&f.name)).collect();
        let _ = writeln!(
            out,
            "# The names that tell this export from others: leave out those that may be missing."
        );
        let _ = writeln!(out, "recognise.all = [{}]", telling.join(", "));
        out.push_str(
            "# system = \"…\"   # where its account ids are not the company's own (dataset identities)\n",
        );
        for list in lists.iter().take(20) {
            let _ = writeln!(
                out,
                "# A nested list, whose items may be rows of another output: rows = {}",
                quoted(list)
            );
        }
        let _ = writeln!(
            out,
            "\n[[profile.{name}.output]]\ndataset = \"{}\"   # a guess; crosscheck schema lists the others\n[profile.{name}.output.columns]",
            self.dataset.name
        );
        let minor = self.picks.iter().zip(self.dataset.columns);
        let minor = minor
            .filter_map(|(p, c)| p.map(|p| (c, &found[p])))
            .any(|(c, f)| c.ty == Type::Money && f.minor());
        let group_open = |column: &Column| {
            let lacking = |n: &&'static str| self.dataset.position(n).is_none_or(|p| self.picks[p].is_none());
            self.dataset.one_of.iter().any(|g| g[0] == column.name && g.iter().all(lacking))
        };
        for (column, pick) in self.dataset.columns.iter().zip(&self.picks) {
            match pick {
                Some(from) => {
                    let _ = writeln!(out, "{} = {}", column.name, take(column, &found[*from]));
                }
                None if column.ty == Type::Currency && (column.required || minor) => {
                    let _ = writeln!(
                        out,
                        "{} = {{ const = \"USD\" }}   # check: no column names the currency",
                        column.name
                    );
                }
                None if column.required || group_open(column) => {
                    let _ =
                        writeln!(out, "{} = \"{FILL_IN}\"   # {}, required", column.name, column.ty.name());
                }
                None => {
                    let _ = writeln!(out, "# {} = \"\"   # {}", column.name, column.ty.name());
                }
            }
        }
        out
    }
}

/// How much a name is like a column's: 0 not at all, 4 the same.
fn likeness(column: &Column, name: &str) -> i64 {
    let plain = name.split(" (").next().unwrap_or(name);
    let folded = fold_name(plain);
    let own = fold_name(column.name);
    let last = folded.rsplit('.').next().unwrap_or(&folded);
    let alias = ALIASES.iter().filter(|(c, _)| *c == column.name).flat_map(|(_, a)| a.iter());
    if folded == own {
        4
    } else if alias.clone().any(|a| *a == folded) || last == own {
        3
    } else if alias.clone().any(|a| *a == last) {
        2
    } else {
        i64::from(own.len() > 5 && strsim::damerau_levenshtein(&own, &folded) <= 2)
    }
}

/// Whether the values can be what the column holds.
fn suits(column: &Column, found: &Found) -> bool {
    let optional = Column { required: false, ..*column };
    found.values.is_empty()
        || match column.ty {
            Type::Time => found.time_form().is_some(),
            Type::Decimal | Type::Money | Type::Int => found.all(|v| decimal::parse_json_number(v).is_ok()),
            Type::Enum(_) => {
                !found.all(|v| decimal::parse(v).is_ok() || Stamp::parse(v).is_ok())
                    || found.all(|v| validate::check(&optional, v).is_ok())
            }
            Type::Text => found.time_form().is_none_or(|f| f == "unix_s" || f == "unix_ms"),
            _ => found.all(|v| validate::check(&optional, v).is_ok()),
        }
}

/// The right-hand side of a column.
fn take(column: &Column, found: &Found) -> String {
    let from = quoted(&found.name);
    let mut words = Vec::new();
    match column.ty {
        Type::Money if found.minor() => words.push("unit = \"minor\"".to_owned()),
        Type::Time => {
            words.extend(found.time_form().filter(|f| *f != "rfc3339").map(|f| format!("time = \"{f}\"")))
        }
        Type::Enum(own) => {
            let mut map = BTreeMap::new();
            for value in found.values.iter().filter(|v| validate::word(v, own).is_err()) {
                // Only a spelling of the same word: a likely-looking other one would turn paid into failed.
                let folded = fold_name(value);
                let same = |w: &&str| strsim::damerau_levenshtein(&folded, &fold_name(w)) <= 1;
                let ours = own.iter().copied().find(same).unwrap_or("");
                map.entry(folded).or_insert((value, ours));
            }
            if !map.is_empty() {
                let pairs =
                    map.values().map(|(theirs, ours)| format!("{} = {}", quoted(theirs), quoted(ours)));
                words.push(format!("words = {{ {} }}", pairs.collect::<Vec<_>>().join(", ")));
            }
        }
        _ => {}
    }
    if words.is_empty() { from } else { format!("{{ from = {from}, {} }}", words.join(", ")) }
}

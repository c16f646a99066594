use super::*;
use crate::import::{
    detect::{Head, detect},
    profile::{ProfileWords, Profiles},
};
use serde_json::json;
use std::collections::BTreeMap;

/// What a mapping made of a file, as text: one line a row, `dataset: column=value …`.
struct Got {
    rows: Vec<String>,
    rejects: Vec<String>,
    cut: Vec<String>,
    counts: Vec<Counts>,
    present: BTreeMap<&'static str, Vec<&'static str>>,
}

fn run<'a>(mapping: &'a Mapping, records: impl Iterator<Item = Record<'a>>) -> Got {
    let (mut rows, mut rejects, mut cut, mut total) = (Vec::new(), Vec::new(), Vec::new(), Counts::default());
    let mut state = mapping.state();
    for record in records {
        let outcome = mapping.apply(&mut state, record, &mut |row| {
            let columns = row.dataset.columns.iter().zip(row.values);
            let filled = columns.filter_map(|(c, v)| v.as_ref().map(|v| format!(" {}={v}", c.name)));
            rows.push(format!("{}:{}", row.dataset.name, filled.collect::<String>()));
        });
        total.loaded += u64::from(outcome.loaded);
        total.filtered += u64::from(outcome.filtered);
        total.rejected += outcome.rejected.len() as u64;
        cut.extend(outcome.cut);
        rejects.extend(outcome.rejected.into_iter().map(|r| {
            let field = r.field.map_or_else(|| "-".to_owned(), |f| f.to_string());
            format!("{}.{} field {field} '{}' = '{}' {}", r.dataset, r.column, r.source, r.value, r.reason)
        }));
    }
    let counts = state.counts().to_vec();
    let sum = |f: fn(&Counts) -> u64| counts.iter().map(f).sum::<u64>();
    assert_eq!(total.loaded, sum(|c| c.loaded));
    assert_eq!(total.filtered, sum(|c| c.filtered));
    assert_eq!(total.rejected, sum(|c| c.rejected));
    let present = mapping
        .datasets()
        .iter()
        .map(|d| (d.name, mapping.present(&state, d).into_iter().map(|at| d.columns[at].name).collect()));
    Got { rows, rejects, cut, counts, present: present.collect() }
}

struct Table {
    header: Vec<String>,
    lines: Vec<Vec<String>>,
}

impl Table {
    fn read(name: &str) -> Table {
        let path = format!("{}/fixtures/profiles/{name}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        Table::parse(text.trim_start_matches('\u{feff}'))
    }
    fn parse(text: &str) -> Table {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let mut lines = reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect());
        let header = lines.next().unwrap();
        Table { header, lines: lines.collect() }
    }
    fn header(&self) -> Vec<&str> {
        self.header.iter().map(String::as_str).collect()
    }
    fn cells(&self) -> Vec<Vec<&str>> {
        self.lines.iter().map(|l| l.iter().map(String::as_str).collect()).collect()
    }
}

fn map_table(table: &Table, profiles: &Profiles, joins: Joins) -> (String, Got) {
    let header = table.header();
    let found = detect("export.csv", &Head::Header(&header), None, profiles).unwrap();
    let mapping = Mapping::new(&found, Some(&header), joins).unwrap();
    let cells = table.cells();
    (found.name().to_owned(), run(&mapping, cells.iter().map(|c| Record::Cells(c))))
}

fn map_json(records: &[Value], profiles: &Profiles) -> (String, Got) {
    let head = Head::Records { first: &records[..records.len().min(3)], container: None };
    let found = detect("export.json", &head, None, profiles).unwrap();
    let mapping = Mapping::new(&found, None, Joins::new()).unwrap();
    (found.name().to_owned(), run(&mapping, records.iter().map(Record::Json)))
}

fn read_json(name: &str) -> Vec<Value> {
    let path = format!("{}/fixtures/profiles/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    if name.ends_with(".ndjson") {
        return text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    }
    match serde_json::from_str(&text).unwrap() {
        Value::Array(all) => all,
        mut other => {
            assert!(!says_cut(other.as_object().unwrap()));
            let list = ["data", "items", "features", "results"].into_iter().find(|k| other.get(k).is_some());
            serde_json::from_value(other[list.unwrap()].take()).unwrap()
        }
    }
}

fn canonical(dataset: &str, text: &str) -> Got {
    let table = Table::parse(text);
    let mapping = Mapping::canonical(datasets::find(dataset).unwrap(), Some(&table.header())).unwrap();
    let cells = table.cells();
    run(&mapping, cells.iter().map(|c| Record::Cells(c)))
}

#[test]
fn a_canonical_csv_is_read_by_its_header_and_bad_rows_name_their_cell() {
    let got = canonical(
        "invoices",
        "Invoice ID,ignored,status,total,currency,Account-Id\n\
         in_1,x,Paid,29.00,usd,a\n\
         in_2,x,payed,29,USD,a\n\
         in_3,x,paid,\"1,000\",USD,a\n\
         ,x,paid,1,USD,a\n",
    );
    assert_eq!(got.rows, ["invoices: invoice_id=in_1 account_id=a status=paid total=29 currency=USD"]);
    assert_eq!(got.rejects.len(), 3);
    assert!(
        got.rejects[0].starts_with("invoices.status field 3 'status' = 'payed' is none of draft, open, paid")
    );
    assert!(got.rejects[1].starts_with("invoices.total field 4 'total' = '1,000' has a thousands separator"));
    assert_eq!(got.rejects[2], "invoices.invoice_id field 1 'Invoice ID' = '' is required");
    assert_eq!(got.present["invoices"], ["invoice_id", "account_id", "status", "total", "currency"]);
}

#[test]
fn personal_values_are_masked_in_rejects() {
    let got = canonical("accounts", "account_id,status,name,email\na,active,\"x\0y\",e\n");
    assert_eq!(got.rejects, ["accounts.name field 3 'name' = '•••' holds a NUL byte"]);
}

#[test]
fn alternatives_of_a_row_are_asked_for() {
    let got = canonical(
        "usage_totals",
        "account_id,metric,date,window_start,quantity\na,m,2026-01-01,,1\na,m,,,1\n",
    );
    assert_eq!(got.rows.len(), 1);
    assert_eq!(
        got.rejects,
        ["usage_totals.window_start field 4 'window_start' = '' is required (one of window_start, date)"]
    );
}

#[test]
fn a_header_that_stands_twice_or_lacks_is_an_error() {
    let invoices = datasets::find("invoices").unwrap();
    let e = Mapping::canonical(invoices, Some(&["invoice_id", "total", "Invoice-ID"])).unwrap_err();
    assert_eq!(
        e.to_string(),
        "the column Invoice-ID stands twice in the header, as fields 1 and 3; remove or rename one"
    );
    let e = Mapping::canonical(invoices, Some(&["invoice_id", "account", "status", "total", "currency"]))
        .unwrap_err();
    assert_eq!(e.to_string(), "dataset invoices needs account_id (there is account)");
}

#[test]
fn a_canonical_json_tells_an_absent_column_from_an_empty_one() {
    let records = [
        json!({"invoice_id": "in_1", "accountId": "a", "status": "paid", "total": 29.0, "currency": "usd", "paid_at": null}),
        json!({"invoice_id": "in_2", "account_id": "a", "status": "paid", "total": {"x": 1}, "currency": "usd"}),
        json!({"invoice_id": "in_3", "account_id": "a", "Account ID": "b", "status": "paid", "total": 1, "currency": "usd"}),
        json!(["in_4"]),
    ];
    let mapping = Mapping::canonical(datasets::find("invoices").unwrap(), None).unwrap();
    let got = run(&mapping, records.iter().map(Record::Json));
    assert_eq!(got.rows, ["invoices: invoice_id=in_1 account_id=a status=paid total=29 currency=USD"]);
    assert!(
        got.rejects[0].starts_with("invoices.total field - 'total' = '{\"x\":1}' is an object"),
        "{:?}",
        got.rejects
    );
    assert!(got.rejects[1].contains("account_id") && got.rejects[1].ends_with("stands twice in the record"));
    assert!(got.rejects[2].contains("no JSON object"));
    assert_eq!(
        got.present["invoices"],
        ["invoice_id", "account_id", "status", "total", "currency", "paid_at"]
    );
}

#[test]
fn wide_identities_give_a_row_for_each_filled_cell() {
    let table = Table::parse(
        "Account ID,Stripe,salesforce_account_id,name\nacct_1,cus_1,001A,Ann\nacct_2,,,Bob\n,cus_3,,\n",
    );
    let header = table.header();
    let mapping = Mapping::wide(Some(&header)).unwrap();
    let cells = table.cells();
    let got = run(&mapping, cells.iter().map(|c| Record::Cells(c)));
    assert_eq!(
        got.rows,
        [
            "identities: system=stripe external_id=cus_1 account_id=acct_1",
            "identities: system=salesforce external_id=001A account_id=acct_1"
        ]
    );
    assert_eq!(got.counts, [Counts { loaded: 2, filtered: 1, rejected: 1 }]);
    assert!(got.rejects[0].contains("identities.account_id"));
    let records = [json!({"account_id": "acct_1", "stripe": "cus_1", "zendesk": 7, "hubspot": null})];
    let mapping = Mapping::wide(None).unwrap();
    let got = run(&mapping, records.iter().map(Record::Json));
    assert_eq!(got.rows.len(), 2);
    assert_eq!(got.rows[1], "identities: system=zendesk external_id=7 account_id=acct_1");
    assert!(
        Mapping::wide(Some(&["stripe"])).is_err() && Mapping::wide(Some(&["account_id", "name"])).is_err()
    );
}

#[test]
fn a_state_learns_and_merges() {
    let mapping = Mapping::canonical(datasets::find("metrics").unwrap(), None).unwrap();
    let (mut one, mut two) = (mapping.state(), mapping.state());
    let (a, b) = (json!({"metric": "a"}), json!({"metric": "b", "unit": null}));
    mapping.apply(&mut one, Record::Json(&a), &mut |_| {});
    mapping.apply(&mut two, Record::Json(&b), &mut |_| {});
    one.merge(&two);
    assert_eq!(one.counts(), [Counts { loaded: 2, filtered: 0, rejected: 0 }]);
    assert_eq!(mapping.present(&one, mapping.datasets()[0]), [0, 2]);
}

#[test]
fn stripe_invoices_give_invoices_and_lines_in_both_layouts() {
    let records = read_json("stripe/invoices.json");
    let (name, got) = map_json(&records, &Profiles::builtin());
    assert_eq!(name, "stripe/invoices");
    let wanted = [
        "invoices: invoice_id=in_old account_id=cus_1 subscription_id=sub_1 status=paid issued_at=2026-01-01T01:00:00Z total=54 currency=USD paid_at=2026-01-01T01:01:00Z",
        "invoice_lines: line_id=il_seat invoice_id=in_old account_id=cus_1 subscription_id=sub_1 kind=subscription plan=price_team quantity=1 unit_amount=29 amount=29 currency=USD period_start=2026-01-01T00:00:00Z period_end=2026-02-01T00:00:00Z description=1 × Team (at $29.00 / month)",
        "invoice_lines: line_id=il_calls invoice_id=in_old account_id=cus_1 subscription_id=sub_1 kind=usage plan=price_calls metric=mtr_calls quantity=50000 unit_amount=0.0005 amount=25 currency=USD period_start=2025-12-01T00:00:00Z period_end=2026-01-01T00:00:00Z description=50000 api calls",
        "invoices: invoice_id=in_basil account_id=cus_2 subscription_id=sub_2 status=open issued_at=2026-01-01T02:00:00Z due_at=2026-02-01T00:00:00Z total=25 currency=EUR",
        "invoice_lines: line_id=il_credit invoice_id=in_basil account_id=cus_2 subscription_id=sub_2 kind=proration plan=price_pro quantity=1 unit_amount=-24.5 amount=-24.5 currency=EUR period_start=2026-01-01T00:00:00Z period_end=2026-01-16T00:00:00Z description=Unused time on Pro",
        "invoice_lines: line_id=il_charge invoice_id=in_basil account_id=cus_2 subscription_id=sub_2 kind=proration plan=price_max quantity=1 unit_amount=49.5 amount=49.5 currency=EUR period_start=2026-01-01T00:00:00Z period_end=2026-01-16T00:00:00Z description=Remaining time on Max",
        "invoice_lines: line_id=il_goodwill invoice_id=in_basil account_id=cus_2 kind=credit quantity=1 amount=-9 currency=EUR period_start=2026-01-01T00:00:00Z period_end=2026-01-01T00:00:00Z description=Goodwill, \"as agreed\"",
        "invoice_lines: line_id=il_setup invoice_id=in_basil account_id=cus_2 kind=one_off quantity=1 amount=9 currency=EUR period_start=2026-01-01T00:00:00Z period_end=2026-01-01T00:00:00Z description=Setup",
        "invoices: invoice_id=in_jpy account_id=cus_3 status=draft issued_at=2026-01-01T00:00:00Z total=5000 currency=JPY",
        "invoices: invoice_id=in_kwd account_id=cus_4 status=void issued_at=2026-01-01T00:00:00Z total=5.12 currency=KWD voided_at=2026-01-02T00:00:00Z",
        "invoices: invoice_id=in_isk account_id=cus_5 status=uncollectible issued_at=2026-01-01T00:00:00Z total=500 currency=ISK",
    ];
    for (got, wanted) in got.rows.iter().zip(wanted) {
        assert_eq!(got, wanted);
    }
    assert_eq!((got.rows.len(), got.rejects.len()), (wanted.len(), 0));
    assert_eq!(got.cut, ["lines.has_more"]);
    assert!(!got.present["invoices"].contains(&"period_start"));
    assert!(got.present["invoices"].contains(&"voided_at"));
}

#[test]
fn stripe_payments_are_read_in_every_generation_of_the_header() {
    let all = Profiles::builtin();
    let rows = |file: &str| {
        let (name, got) = map_table(&Table::read(file), &all, Joins::new());
        assert_eq!(name, "stripe/payments");
        got
    };
    let old = rows("stripe/payments-2014.csv");
    assert_eq!(
        old.rows,
        [
            "payments: payment_id=ch_1 account_id=cus_1 attempted_at=2014-02-03T01:47:00 status=succeeded amount=19 currency=USD network=Visa"
        ]
    );
    assert_eq!(old.counts[0].filtered, 1);
    let middle = rows("stripe/payments-middle.csv");
    assert_eq!(
        middle.rows,
        [
            "payments: payment_id=ch_3 invoice_id=in_old account_id=cus_1 attempted_at=2026-01-01T01:00:00Z status=succeeded amount=54 currency=USD network=Visa",
            "payments: payment_id=ch_4 invoice_id=in_jpy account_id=cus_3 attempted_at=2026-01-02T10:30:00Z status=failed amount=5000 currency=JPY network=MasterCard",
        ]
    );
    let new = rows("stripe/payments.csv");
    assert_eq!(
        new.rows,
        [
            "payments: payment_id=ch_5 invoice_id=in_5 account_id=cus_2 attempted_at=2026-01-03T08:00:00Z status=succeeded amount=29 currency=EUR network=Visa",
            "payments: payment_id=ch_5 refund invoice_id=in_5 account_id=cus_2 attempted_at=2026-01-03T08:00:00Z status=refunded amount=29 currency=EUR",
            "payments: payment_id=ch_6 invoice_id=in_6 account_id=cus_2 attempted_at=2026-01-04T08:00:00Z status=succeeded amount=29 currency=EUR network=Visa",
            "payments: payment_id=ch_6 refund invoice_id=in_6 account_id=cus_2 attempted_at=2026-01-04T08:00:00Z status=refunded amount=9.5 currency=EUR",
            "payments: payment_id=pi_7 account_id=cus_4 attempted_at=2026-01-05T08:00:00Z status=failed amount=1.5 currency=KWD",
        ]
    );
    assert_eq!(new.counts[0], Counts { loaded: 3, filtered: 1, rejected: 2 });
    assert_eq!(new.counts[1], Counts { loaded: 2, filtered: 0, rejected: 0 });
    assert!(
        new.rejects[0].starts_with("payments.amount field 3 'Amount' = '1,290.00' has a thousands separator")
    );
    assert!(new.rejects[1].starts_with("payments.status field 7 'Status' = 'Escheated' is a word that the profile does not know; it knows succeeded, failed"), "{:?}", new.rejects);
    let chosen = rows("stripe/payments-chosen-columns.csv");
    assert_eq!(chosen.rows, ["payments: payment_id=pi_11 attempted_at=2026-07-01T08:00:00Z status=refunded"]);
    assert_eq!(chosen.present["payments"], ["payment_id", "attempted_at", "status"]);
}

#[test]
fn openmeter_events_are_known_by_source_and_id() {
    let all = Profiles::builtin();
    let records = read_json("openmeter/events.ndjson");
    let (name, got) = map_json(&records, &all);
    assert_eq!(name, "openmeter/events");
    assert_eq!(
        got.rows,
        [
            "usage_events: event_id=service-0 00001 timestamp=2023-01-01T00:00:00.001Z account_id=customer-1 metric=api-calls quantity=1",
            "usage_events: event_id=service-1 00001 timestamp=2023-01-01T00:00:00.001Z account_id=customer-1 metric=api-calls quantity=1",
            "usage_events: event_id=service-0 00002 timestamp=2023-01-01T00:00:00Z account_id=customer-2 metric=tokens quantity=25.5",
            "usage_events: event_id=service-0 00003 timestamp=2023-01-01T00:00:02Z account_id=customer-2 metric=tokens quantity=1000",
            "usage_events: event_id=service-0 00004 timestamp=2023-01-01T00:00:03Z account_id=customer-3 metric=logins quantity=1",
        ]
    );
    assert_eq!(
        got.rejects,
        [
            "usage_events.timestamp field - 'time' = '' is required",
            "usage_events.quantity field - 'data.value' = 'many' is not a decimal number",
        ]
    );
    let (name, got) = map_json(&read_json("openmeter/events-listed.json"), &all);
    assert_eq!(name, "openmeter/events");
    assert_eq!(
        got.rows,
        [
            "usage_events: event_id=service-0 00002 timestamp=2023-01-01T00:00:00Z account_id=customer-2 metric=tokens quantity=7 ingested_at=2023-01-01T00:00:05Z"
        ]
    );
}

#[test]
fn a_user_says_which_field_is_metered_and_goes_before_the_built_in_profile() {
    let text = "base = 'openmeter/events'\n[[output]]\ndataset = 'usage_events'\ncolumns.quantity = ['data.duration', 'data.value']\ncolumns.unique_key = 'data.path'\ncolumns.ingested_at = []";
    let own = BTreeMap::from([("metering".to_owned(), ProfileWords::parse("metering", text).unwrap())]);
    let profiles = Profiles::with_user(own).unwrap();
    let (name, got) = map_json(&read_json("openmeter/events.ndjson"), &profiles);
    assert_eq!(name, "metering");
    assert!(got.rows[0].ends_with("metric=api-calls quantity=12 unique_key=/hello"), "{}", got.rows[0]);
    assert!(got.rows[2].ends_with("quantity=25.5"));
    assert!(!got.rows[4].contains("quantity"));
}

fn lago_joins() -> Joins {
    let profiles = Profiles::builtin();
    let needs = profiles.get("lago/invoice_fees").unwrap().joins();
    let [need] = needs.as_slice() else { panic!("{needs:?}") };
    assert_eq!((need.profile.as_deref(), need.key.as_str()), (Some("lago/invoices"), "lago_id"));
    assert_eq!(need.columns, ["customer_external_id", "payment_status", "status"]);
    let table = Table::read("lago/invoices.csv");
    let mut lookup = Lookup::new(need, "invoices.csv", Some(&table.header())).unwrap();
    let cells = table.cells();
    cells.iter().for_each(|c| lookup.add(&Record::Cells(c)));
    assert_eq!(lookup.conflicts(), 0);
    assert!(Lookup::new(need, "x.csv", Some(&["lago_id"])).unwrap_err().contains("customer_external_id"));
    Joins::from([(need.join.clone(), lookup)])
}

#[test]
fn lago_fees_take_their_customer_from_the_invoices_beside_them() {
    let (name, got) = map_table(&Table::read("lago/invoice_fees.csv"), &Profiles::builtin(), lago_joins());
    assert_eq!(name, "lago/invoice_fees");
    let may = "period_start=2024-05-08 period_end=2024-06-07";
    let wanted = [
        format!("billed_usage: line_id=fee-1 invoice_id=inv-1 subscription_id=sub-1 line_kind=usage account_id=CUST1 metric=api_calls {may} quantity=100 amount=100 currency=USD plan=growth status=paid"),
        format!("billed_usage: line_id=fee-2 invoice_id=inv-1 subscription_id=sub-1 line_kind=usage account_id=CUST1 metric=api_calls {may} quantity=20.5 amount=205 currency=USD plan=growth status=paid"),
        format!("billed_usage: line_id=fee-3 invoice_id=inv-1 subscription_id=sub-1 line_kind=true_up account_id=CUST1 metric=growth {may} quantity=1 amount=45 currency=USD plan=growth status=paid"),
        format!("billed_usage: line_id=fee-4 invoice_id=inv-1 subscription_id=sub-1 line_kind=true_up account_id=CUST1 metric=storage_gb {may} quantity=1 amount=5 currency=USD plan=growth status=paid"),
        format!("billed_usage: line_id=fee-7 invoice_id=inv-2 subscription_id=sub-2 line_kind=usage account_id=CUST2 metric=api_calls {may} quantity=1000 amount=5000 currency=JPY plan=growth status=open"),
        "billed_usage: line_id=fee-8 invoice_id=inv-3 subscription_id=sub-1 line_kind=usage account_id=CUST1 metric=api_calls period_start=2024-06-07 period_end=2024-06-08 quantity=1 amount=1 currency=USD plan=growth status=draft".to_owned(),
    ];
    assert_eq!(got.rows, wanted);
    assert_eq!(got.counts, [Counts { loaded: 6, filtered: 3, rejected: 1 }]);
    assert_eq!(
        got.rejects,
        [
            "billed_usage.account_id field 1 'invoice_lago_id' = 'inv-9' is a key without a row in invoices.csv, which should give the account_id"
        ]
    );
    let (_, older) =
        map_table(&Table::read("lago/invoice_fees-2024.csv"), &Profiles::builtin(), lago_joins());
    assert!(
        older.rows[0].contains("period_start=2024-05-08T00:00:00Z period_end=2024-06-07T00:00:00Z"),
        "{:?}",
        older.rows
    );
}

#[test]
fn lago_fees_without_the_invoices_name_the_file_that_is_needed() {
    let table = Table::read("lago/invoice_fees.csv");
    let profiles = Profiles::builtin();
    let fees = profiles.get("lago/invoice_fees").unwrap();
    let e = Mapping::profile(fees, Some(&table.header()), Joins::new()).unwrap_err().to_string();
    assert!(
        e.starts_with(
            "profile lago/invoice_fees needs the export lago/invoices (with lago_id, customer_external_id"
        ),
        "{e}"
    );
}

#[test]
fn lago_invoices_are_invoices_too() {
    let (name, got) = map_table(&Table::read("lago/invoices.csv"), &Profiles::builtin(), Joins::new());
    assert_eq!(name, "lago/invoices");
    assert_eq!(
        got.rows,
        [
            "invoices: invoice_id=inv-1 account_id=CUST1 status=paid issued_at=2024-06-06 due_at=2024-07-06 total=157.5 currency=USD",
            "invoices: invoice_id=inv-2 account_id=CUST2 status=open issued_at=2024-06-06 due_at=2024-07-06 total=5500 currency=JPY",
            "invoices: invoice_id=inv-3 account_id=CUST1 status=draft issued_at=2024-06-06 total=1 currency=USD",
            "invoices: invoice_id=inv-4 account_id=CUST1 status=void issued_at=2024-06-06 total=1 currency=USD",
        ]
    );
    assert_eq!(got.counts[0].filtered, 1);
}

#[test]
fn an_export_may_say_that_there_is_more() {
    assert!(says_cut(json!({"data": [], "has_more": true}).as_object().unwrap()));
    assert!(!says_cut(json!({"data": [], "has_more": false}).as_object().unwrap()));
}

#[test]
fn launchdarkly_flags_tell_each_environment() {
    let all = Profiles::builtin();
    let (name, got) = map_json(&read_json("launchdarkly/flags.json"), &all);
    assert_eq!((name.as_str(), got.rejects.len()), ("launchdarkly/flags", 0));
    assert_eq!(
        got.rows,
        [
            "flags: flag=new-report-grid owner=ann@example.com created_at=2026-01-01T10:00:00Z permanent=false temporary=true tags=[\"reports\",\"web\"]",
            "flag_environments: flag=new-report-grid environment=production rollout_percent=100 last_changed_at=2026-03-01T10:00:00Z",
            "flag_environments: flag=new-report-grid environment=staging rollout_percent=0 last_changed_at=2026-01-02T10:00:00Z",
            "flags: flag=price-test owner=growth created_at=2026-02-01T10:00:00Z kind=experiment permanent=false temporary=true tags=[\"billing\"]",
            "flag_environments: flag=price-test environment=production rollout_percent=12.5 last_changed_at=2026-02-02T10:00:00Z",
            "flags: flag=bulk-import created_at=2026-02-01T10:00:00Z permanent=true temporary=false tags=[]",
            "flag_environments: flag=bulk-import environment=production last_changed_at=2026-02-01T10:00:00Z",
            "flags: flag=old-menu created_at=2025-01-01T10:00:00Z status=archived permanent=false temporary=true tags=[]",
            "flag_environments: flag=old-menu environment=production rollout_percent=0 last_changed_at=2025-12-01T10:00:00Z",
        ]
    );
    let (name, got) = map_json(&read_json("launchdarkly/statuses.json"), &all);
    assert_eq!((name.as_str(), got.rejects.len()), ("launchdarkly/statuses", 0));
    assert_eq!(
        got.rows,
        [
            "flag_environments: flag=new-report-grid environment=production status=launched last_evaluated_at=2026-11-30T22:10:11.482Z",
            "flag_environments: flag=price-test environment=production status=inactive last_evaluated_at=2026-09-01T08:00:00Z",
            "flag_environments: flag=bulk-import environment=production status=new",
        ]
    );
    let (name, got) = map_table(&Table::read("launchdarkly/code_references.csv"), &all, Joins::new());
    assert_eq!(name, "launchdarkly/code_references");
    assert_eq!(
        got.rows,
        [
            "flag_references: flag=new-report-grid path=src/reports/grid.ts line=12",
            "flag_references: flag=new-report-grid path=src/reports/grid.ts line=40",
            "flag_references: flag=old-menu path=src/menu.ts line=3",
        ]
    );
}

#[test]
fn unleash_and_posthog_tell_what_they_know_of_flags() {
    let all = Profiles::builtin();
    let (name, got) = map_json(&read_json("unleash/search.json"), &all);
    assert_eq!((name.as_str(), got.rejects.len()), ("unleash/search", 0));
    assert_eq!(
        got.rows,
        [
            "flags: flag=checkout.v2 owner=Ann created_at=2026-08-02T10:00:00Z kind=release status=active last_evaluated_at=2026-11-30T08:00:00Z tags=[\"billing\",\"web\"]",
            "flag_environments: flag=checkout.v2 environment=development last_evaluated_at=2026-11-30T08:00:00Z",
            "flag_environments: flag=checkout.v2 environment=production last_evaluated_at=2026-11-29T08:00:00Z",
            "flags: flag=stop-mail owner=Ben created_at=2025-01-02T10:00:00Z kind=kill_switch status=launched",
            "flag_environments: flag=stop-mail environment=production rollout_percent=0",
            "flags: flag=old-search owner=Ben created_at=2025-01-02T10:00:00Z kind=experiment status=archived",
        ]
    );
    let (name, got) = map_json(&read_json("unleash/export.json"), &all);
    assert_eq!((name.as_str(), got.rejects.len()), ("unleash/export", 0));
    assert_eq!(got.rows, ["flags: flag=checkout.v2 kind=release", "flags: flag=stop-mail kind=kill_switch"]);
    assert!(!got.present["flags"].contains(&"created_at"), "its ages are unknown, not fresh");
    let (name, got) = map_json(&read_json("posthog/flags.json"), &all);
    assert_eq!((name.as_str(), got.rejects.len()), ("posthog/flags", 0));
    assert_eq!(
        got.rows,
        [
            "flags: flag=chart-editor owner=ann@example.com created_at=2026-07-01T09:00:00.123456Z status=active rollout_percent=100 last_changed_at=2026-08-01T09:00:00.123456Z last_evaluated_at=2026-11-30T09:00:00Z tags=[\"charts\"]",
            "flags: flag=price-page created_at=2026-11-01T09:00:00Z kind=experiment status=active tags=[]",
            "flags: flag=old-tour owner=ben@example.com created_at=2026-01-01T09:00:00Z status=inactive rollout_percent=0 last_evaluated_at=2026-03-01T09:00:00Z tags=[]",
            "flags: flag=gone created_at=2025-01-01T09:00:00Z status=archived rollout_percent=0 tags=[]",
        ]
    );
}

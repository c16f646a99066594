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
    counts: Vec<Counts>,
    present: BTreeMap<&'static str, Vec<&'static str>>,
}

fn run<'a>(mapping: &'a Mapping, records: impl Iterator<Item = Record<'a>>) -> Got {
    let (mut rows, mut rejects, mut total) = (Vec::new(), Vec::new(), Counts::default());
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
    Got { rows, rejects, counts, present: present.collect() }
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

#[test]
fn a_join_names_the_columns_that_it_needs() {
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
fn an_export_may_say_that_there_is_more() {
    assert!(says_cut(json!({"data": [], "has_more": true}).as_object().unwrap()));
    assert!(!says_cut(json!({"data": [], "has_more": false}).as_object().unwrap()));
}

use super::*;
use crate::import::mapping::Mapping;
use serde_json::{Value, json};

fn own(text: &str) -> Result<Arc<Profile>, String> {
    let words = ProfileWords::parse("mine", text).map_err(|e| e.to_string())?;
    let all = Profiles::with_user(BTreeMap::from([("mine".to_owned(), words)])).map_err(|e| e.to_string())?;
    Ok(Arc::clone(all.get("mine").unwrap()))
}

const HEAD: &str = "format = 'csv'\nrecognise.all = ['No']\n[[output]]\ndataset = 'invoices'\ncolumns.invoice_id = 'No'\ncolumns.account_id = 'Who'\ncolumns.status = 'State'\ncolumns.total = 'Sum'\ncolumns.currency = 'Cur'\n";

/// The value of one column, of a file with one column `V`, or the reason.
fn csv(dataset_column: &str, take: &str, header: &str, value: &str) -> String {
    let text = HEAD
        .lines()
        .filter(|l| !l.starts_with(&format!("columns.{dataset_column} ")))
        .collect::<Vec<_>>()
        .join("\n");
    let profile = own(&format!("{text}\ncolumns.{dataset_column} = {take}")).unwrap();
    let header = ["No", "Who", "State", "Sum", "Cur", header];
    let mapping = Mapping::profile(&profile, Some(&header), Joins::new()).unwrap();
    let cells = ["in_1", "a", "paid", "5", "JPY", value];
    let mut out = "-".to_owned();
    let outcome = mapping.apply(&mut mapping.state(), Record::Cells(&cells), &mut |row| {
        let at = row.dataset.position(dataset_column).unwrap();
        out = row.values[at].as_ref().map_or_else(|| "none".to_owned(), |v| v.to_string());
    });
    outcome.rejected.first().map_or(out, |r| format!("! {}", r.reason))
}

#[test]
fn every_built_in_profile_parses_says_where_it_comes_from_and_is_sorted() {
    for (name, text) in BUILTIN {
        let profile = parse_builtin(name, text).unwrap_or_else(|e| panic!("{e}"));
        assert!(
            !profile.title.is_empty() && profile.url.starts_with("https://") && !profile.docs.is_empty(),
            "{name}"
        );
        assert!(profile.system.is_some(), "{name}");
    }
    let names: Vec<_> = Profiles::builtin().iter().map(|p| p.name.clone()).collect();
    assert_eq!(names, BUILTIN.iter().map(|(n, _)| *n).collect::<Vec<_>>());
    assert!(names.is_sorted());
}

#[test]
fn times_are_read_in_the_form_and_zone_that_the_profile_says() {
    let time = |take: &str, header: &str, value: &str| csv("issued_at", take, header, value);
    assert_eq!(time("'V'", "V", "2026-01-01"), "2026-01-01");
    assert_eq!(time("{ from = 'V', time = 'minute' }", "V", "2026-01-01 10:30"), "2026-01-01T10:30:00");
    assert_eq!(
        time("{ from = 'V (*)', time = 'minute' }", "V (UTC)", "2026-01-01 10:30"),
        "2026-01-01T10:30:00Z"
    );
    assert_eq!(time("'V (*)'", "V (Asia/Tokyo)", "2026-01-01 09:00:00"), "2026-01-01T00:00:00Z");
    assert_eq!(time("'V (*)'", "V", "2026-01-01 09:00:00"), "2026-01-01T09:00:00");
    assert_eq!(time("{ from = 'V', zone = 'Europe/Paris' }", "V", "2026-07-01"), "2026-06-30T22:00:00Z");
    assert_eq!(
        time("{ from = 'V', zone = 'Europe/Paris' }", "V", "2026-07-01T00:00:00Z"),
        "2026-07-01T00:00:00Z"
    );
    assert_eq!(time("{ from = 'V', time = 'unix_s' }", "V", "1767225600"), "2026-01-01T00:00:00Z");
    assert_eq!(time("{ from = 'V', time = 'unix_s' }", "V", "-1.5"), "1969-12-31T23:59:58.5Z");
    assert_eq!(time("{ from = 'V', time = 'unix_ms' }", "V", "1767225600250"), "2026-01-01T00:00:00.25Z");
    assert!(time("{ from = 'V', time = 'unix_s' }", "V", "1767225600250").contains("check the unit"));
    assert!(
        time("{ from = 'V', time = 'unix_s' }", "V", "99999999999999999999999999")
            .starts_with("! is no Unix time")
    );
    assert!(time("{ from = 'V', time = 'minute' }", "V", "01/02/2026").contains("another order"));
    assert_eq!(time("{ from = 'V', inclusive = true }", "V", "2026-02-28"), "2026-03-01");
    assert_eq!(
        time("{ from = 'V', inclusive = true }", "V", "2026-02-28T23:59:59.999Z"),
        "2026-03-01T00:00:00Z"
    );
    assert_eq!(time("{ from = 'V', inclusive = true }", "V", "2026-03-01T00:00:00Z"), "2026-03-01T00:00:00Z");
}

#[test]
fn months_and_compact_days_are_read_and_a_span_is_added() {
    let time = |take: &str, value: &str| csv("issued_at", take, "V", value);
    for month in ["2026-12", "202612"] {
        assert_eq!(time("{ from = 'V', time = 'month' }", month), "2026-12-01");
        assert_eq!(time("{ from = 'V', time = 'month', plus = '1mo' }", month), "2027-01-01");
    }
    assert!(time("{ from = 'V', time = 'month' }", "2026-13").starts_with('!'));
    assert!(time("{ from = 'V', time = 'month' }", "2026/12").contains("YYYY-MM"));
    assert_eq!(time("{ from = 'V', time = 'compact' }", "20260228"), "2026-02-28");
    assert!(time("{ from = 'V', time = 'compact' }", "20260230").starts_with('!'));
    assert!(time("{ from = 'V', time = 'compact' }", "2026022").contains("YYYYMMDD"));
    let plus = |span: &str, value: &str| time(&format!("{{ from = 'V', plus = '{span}' }}"), value);
    assert_eq!(plus("1h", "2026-02-28T23:30:00Z"), "2026-03-01T00:30:00Z");
    assert_eq!(plus("15m", "2026-02-28 23:50:00"), "2026-03-01T00:05:00");
    assert_eq!(plus("1h", "2026-02-28"), "2026-02-28T01:00:00");
    assert_eq!(plus("1d", "2024-02-28"), "2024-02-29");
    assert_eq!(plus("1w", "2026-12-28"), "2027-01-04");
    assert_eq!(plus("1mo", "2026-01-31"), "2026-02-28");
    assert!(plus("1mo", "2261-12-31").contains("1678 to 2261"));
    assert!(own(&HEAD.replace("'Sum'", "{ from = 'Sum', plus = '1h' }")).is_err());
    for span in ["h", "0h", "-1h", "1y", "70000d", "1.5h"] {
        let text = format!("{HEAD}\ncolumns.issued_at = {{ from = 'V', plus = '{span}' }}");
        assert!(own(&text).unwrap_err().contains("no span"), "{span}");
    }
}

#[test]
fn minor_units_follow_the_currency_of_the_row() {
    let total = |take: &str, value: &str| csv("total", take, "V", value);
    assert_eq!(total("'V'", "5.50"), "5.5");
    assert_eq!(total("{ from = 'V', unit = 'minor' }", "550"), "550");
    assert_eq!(csv("currency", "{ from = 'V', default = 'KWD' }", "V", ""), "KWD");
    let money = |currency: &str, more: &str| {
        let text = format!("{}\n{more}", HEAD.replace("'Sum'", "{ from = 'Sum', unit = 'minor' }"));
        let profile = own(&text).unwrap();
        let mapping =
            Mapping::profile(&profile, Some(&["No", "Who", "State", "Sum", "Cur"]), Joins::new()).unwrap();
        let cells = ["in_1", "a", "paid", "12345", currency];
        let mut out = String::new();
        let outcome = mapping.apply(&mut mapping.state(), Record::Cells(&cells), &mut |row| {
            out = row.values[row.dataset.position("total").unwrap()].as_ref().unwrap().to_string();
        });
        outcome.rejected.first().map_or(out, |r| format!("{} {}", r.column, r.reason))
    };
    assert_eq!(money("usd", ""), "123.45");
    assert_eq!(money("JPY", ""), "12345");
    assert_eq!(money("BHD", ""), "12.345");
    assert_eq!(money("", ""), "total is in minor units and the row names no currency");
    assert!(money("XXQ", "").starts_with("currency is no ISO 4217"));
}

#[test]
fn words_prefixes_and_defaults_are_applied_in_order() {
    let status = |take: &str, value: &str| csv("status", take, "V", value);
    let words = "{ from = 'V', words = { 'payment due' = 'open', test = '' }, default = 'draft' }";
    assert_eq!(status(words, "Payment_Due"), "open");
    assert_eq!(status(words, "PAID"), "paid");
    assert_eq!(status(words, "test"), "draft");
    assert_eq!(status(words, ""), "draft");
    assert_eq!(
        status(words, "posted"),
        "! is a word that the profile does not know; it knows draft, open, paid, uncollectible, void and of the vendor's words paymentdue, test; add it under words"
    );
    assert_eq!(csv("plan", "{ from = 'V', strip = ['plan_', 'p_'] }", "V", "plan_pro"), "pro");
    assert_eq!(csv("plan", "{ concat = ['No', '=of', 'V'], separator = ' ' }", "V", "x"), "in_1 of x");
    assert_eq!(csv("plan", "{ concat = ['No', 'V'], separator = ' ' }", "V", ""), "none");
    assert_eq!(
        csv(
            "plan",
            "[{ const = 'a', when = { V = ['x', 'y'] } }, { const = 'b', when = { V = '' } }, 'V']",
            "V",
            "y"
        ),
        "a"
    );
    assert_eq!(
        csv(
            "plan",
            "[{ const = 'a', when = { V = 'x' } }, { const = 'b', when = { V = '' } }, 'V']",
            "V",
            ""
        ),
        "b"
    );
    assert_eq!(csv("plan", "[{ const = 'a', when = { V = 'x' } }, 'Absent', 'V']", "V", "z"), "z");
    assert_eq!(csv("total", "{ from = 'V', minus = 'Sum' }", "V", "7.5"), "2.5");
}

#[test]
fn what_a_profile_names_must_exist() {
    let fault = |text: &str| own(text).unwrap_err();
    let column = |line: &str| fault(&format!("{HEAD}{line}"));
    assert!(fault("title = 'x'").contains("format: is missing"));
    assert!(fault("format = 'csv'").contains("output: is missing"));
    assert!(fault("format = 'csv'\n[[output]]\ndataset = 'invoice'").contains("did you mean invoices?"));
    assert!(
        fault("format = 'csv'\n[[output]]\ndataset = 'invoices'\ncolumns.invoice_id = 'a'")
            .contains("also requires account_id, status, total, currency")
    );
    assert!(fault("format = 'csv'\n[[output]]\ndataset = 'usage_totals'\ncolumns = { account_id = 'a', metric = 'm', quantity = 'q' }").contains("requires one of window_start, date"));
    assert!(
        column("columns.totl = 'x'")
            .contains("output[0].columns.totl: invoices has no such column; did you mean total?")
    );
    assert!(
        column("columns.paid_at = { from = 'x', zone = 'Paris' }").contains("Paris is no IANA time zone")
    );
    assert!(column("columns.paid_at = { from = 'x', unit = 'minor' }").contains("paid_at is time"));
    assert!(column("columns.plan = { from = 'x', time = 'unix_s' }").contains("plan is text"));
    assert!(column("columns.plan = { const = 'x', from = 'y' }").contains("exactly one of"));
    assert!(column("columns.plan = '@invoices.x'").contains("there is no join.invoices"));
    assert!(column("rows = 'a[]'").contains("a CSV line is one row"));
    let words = HEAD.replace("'State'", "{ from = 'State', words = { done = 'payed' } }");
    assert!(fault(&words).contains("output[0].columns.status: payed is none of"));
    let minor = "format = 'csv'\n[[output]]\ndataset = 'payments'\ncolumns = { payment_id = 'a', attempted_at = 'b', status = 'c', amount = { from = 'd', unit = 'minor' } }";
    assert!(fault(minor).contains("needs the column currency"));
    assert!(fault("base = 'stripe/invoice'").contains("did you mean stripe/invoices?"));
    assert!(fault("base = 'mine'").contains("no profile mine"));
    assert!(fault(&format!("minor_digits = {{ usd = 2 }}\n{HEAD}")).contains("minor_digits.usd"));
    let two = |a: &str, b: &str| {
        let words = |t: &str| ProfileWords::parse("x", &format!("base = '{t}'")).unwrap();
        Profiles::with_user(BTreeMap::from([("a".to_owned(), words(a)), ("b".to_owned(), words(b))]))
    };
    assert!(two("b", "a").unwrap_err().to_string().contains("circle"));
    assert!(two("b", "stripe/invoices").is_ok());
}

#[test]
fn a_file_without_a_needed_header_is_refused_with_the_headers_that_would_do() {
    let all = Profiles::builtin();
    let payments = all.get("stripe/payments").unwrap();
    let e =
        Mapping::profile(payments, Some(&["Created date", "Status"]), Joins::new()).unwrap_err().to_string();
    assert!(e.contains("payment_id (from id or PaymentIntent ID)"), "{e}");
    assert!(e.contains("attempted_at (from Created (*)) (there is Created date)"), "{e}");
    let twice = ["id", "Created", "Status", "Amount", "amount"];
    let e = Mapping::profile(payments, Some(&twice), Joins::new()).unwrap_err().to_string();
    assert!(e.contains("Amount stands twice in the header, as fields 4 and 5"), "{e}");
    let e = Mapping::profile(payments, None, Joins::new()).unwrap_err().to_string();
    assert_eq!(e, "profile stripe/payments reads csv, and this file is json");
}

#[test]
fn json_rows_lists_and_absent_keys() {
    let text = "format = 'json'\nrecognise.all = ['flags']\n[[output]]\ndataset = 'flags'\nrows = 'flags[]'\ncolumns.flag = 'key'\ncolumns.tags = 'labels[].name'\ncolumns.owner = ['^.team.lead', 'owner']\ncolumns.permanent = 'permanent'\ncolumns.created_at = { from = 'made', time = 'unix_ms' }\n";
    let profile = own(text).unwrap();
    let record = json!({"team": {"lead": null}, "flags": [
        {"key": "a", "labels": [{"name": "x"}, {"name": " "}, {"id": 1}], "owner": "ann", "permanent": true},
        {"key": "b", "labels": [], "made": 1_767_225_600_000_u64},
        {"key": ["c"]},
    ]});
    let mapping = Mapping::profile(&profile, None, Joins::new()).unwrap();
    let mut state = mapping.state();
    let mut rows = Vec::new();
    let outcome = mapping.apply(&mut state, Record::Json(&record), &mut |row| {
        rows.push(row.values.iter().flatten().map(|v| v.to_string()).collect::<Vec<_>>().join(" "));
    });
    assert_eq!(rows, ["a ann true [\"x\"]", "b 2026-01-01T00:00:00Z []"]);
    assert_eq!(outcome.rejected[0].reason.as_str(), "is a list; one value is expected");
    let flags = mapping.datasets()[0];
    let present: Vec<_> =
        mapping.present(&state, flags).into_iter().map(|at| flags.columns[at].name).collect();
    assert_eq!(present, ["flag", "owner", "created_at", "permanent", "tags"]);
    let none = Value::Object(serde_json::Map::new());
    let outcome = mapping.apply(&mut state, Record::Json(&none), &mut |_| {});
    assert_eq!((outcome.loaded, outcome.filtered), (0, 1));
}

#[test]
fn a_digest_changes_with_the_profile_and_with_its_base() {
    let all = Profiles::builtin();
    let one = own(HEAD).unwrap().digest();
    assert_eq!(one, own(HEAD).unwrap().digest());
    assert_ne!(one, own(&HEAD.replace("'Who'", "'Whom'")).unwrap().digest());
    let based = own("base = 'stripe/invoices'").unwrap();
    assert_eq!(based.digest(), all.get("stripe/invoices").unwrap().digest());
}

#[test]
fn the_example_in_the_documentation_is_a_profile() {
    let source = include_str!("../profile.rs");
    let lines = source.lines().map_while(|l| l.strip_prefix("//!")).map(|l| l.strip_prefix(' ').unwrap_or(l));
    let example: Vec<_> = lines
        .skip_while(|l| !l.starts_with("```toml"))
        .skip(1)
        .take_while(|l| !l.starts_with("```"))
        .collect();
    assert!(example.len() <= 12, "it is meant to be read at a glance");
    let e = own(&example.join("\n")).unwrap_err();
    assert!(e.contains("invoices also requires account_id, currency"), "{e}");
    let whole =
        format!("{}\ncolumns.account_id = 'Customer'\ncolumns.currency = 'Currency'", example.join("\n"));
    own(&whole).unwrap();
}

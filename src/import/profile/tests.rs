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
fn a_date_of_a_locale_is_read_where_day_and_month_can_be_told_apart() {
    let time =
        |form: &str, value: &str| csv("issued_at", &format!("{{ from = 'V', time = '{form}' }}"), "V", value);
    assert_eq!(time("day_first", "5/6/2026"), "2026-06-05");
    assert_eq!(time("month_first", "5/6/2026"), "2026-05-06");
    assert_eq!(time("month_first", "12/31/2026, 2:05 PM"), "2026-12-31T14:05:00");
    assert_eq!(time("month_first", "12/31/2026 12:05 AM"), "2026-12-31T00:05:00");
    assert_eq!(time("day_first", "31-12-2026 14:05"), "2026-12-31T14:05:00");
    assert_eq!(time("month_first", "5.6.2026"), "2026-06-05", "dots are day first everywhere");
    assert_eq!(time("either_first", "13/6/2026"), "2026-06-13");
    assert_eq!(time("either_first", "6/13/2026"), "2026-06-13");
    assert_eq!(time("either_first", "6/6/2026"), "2026-06-06");
    assert_eq!(time("either_first", "2026-06-05"), "2026-06-05");
    assert_eq!(time("either_first", "5/Jun/26 2:05 PM"), "2026-06-05T14:05:00");
    assert_eq!(time("month_first", "05-jun-2026"), "2026-06-05");
    assert!(time("either_first", "5/6/2026").starts_with("! may be day and month"));
    for none in [
        "31/12/26",
        "31/Dez/26",
        "0/Dec/26",
        "13/13/2026",
        "12/2026",
        "5/6/2026 25:00",
        "5-6/2026",
        "/5/2026",
    ] {
        assert!(time("day_first", none).starts_with("! is no date"), "{none}");
    }
}

#[test]
fn a_list_is_split_at_the_characters_that_the_profile_says() {
    let text = "format = 'csv'\nrecognise.all = ['No']\n[[output]]\ndataset = 'flags'\ncolumns.flag = 'No'\n\
        columns.tags = { from = 'Tags', split = ', ' }";
    let profile = own(text).unwrap();
    let mapping = Mapping::profile(&profile, Some(&["No", "Tags"]), Joins::new()).unwrap();
    let tags = |cell: &str| {
        let mut out = None;
        mapping.apply(&mut mapping.state(), Record::Cells(&["f", cell]), &mut |row| {
            out =
                row.dataset.position("tags").and_then(|at| row.values[at].as_ref().map(ToString::to_string));
        });
        out
    };
    assert_eq!(tags("vip, csv-export  billing").unwrap(), r#"["vip","csv-export","billing"]"#);
    assert_eq!(tags(" , ").unwrap(), "[]");
    assert_eq!(tags(""), None);
    for wrong in [text.replace("', '", "''"), text.replace("columns.tags", "columns.owner")] {
        assert!(own(&wrong).unwrap_err().contains("split"), "{wrong}");
    }
}

#[test]
fn all_columns_of_one_name_are_a_list() {
    let text = "format = 'csv'\nrecognise.all = ['No', 'Labels[]']\n[[output]]\ndataset = 'flags'\n\
        keep = { 'Labels[]' = '*\"b c\"*' }\n\
        columns.flag = 'No'\ncolumns.tags = 'Labels[]'";
    let profile = own(text).unwrap();
    let tags = |header: &[&str], cells: &[&str]| {
        let mapping = Mapping::profile(&profile, Some(header), Joins::new()).unwrap();
        let mut out = None;
        mapping.apply(&mut mapping.state(), Record::Cells(cells), &mut |row| {
            out =
                row.dataset.position("tags").and_then(|at| row.values[at].as_ref().map(ToString::to_string));
        });
        out
    };
    let header = ["No", "Labels", "x", "labels", "Labels"];
    assert_eq!(tags(&header, &["f", "a", "-", "", "b c"]).unwrap(), r#"["a","b c"]"#);
    assert_eq!(tags(&header, &["f", "b", "-", "", "c"]), None, "left out");
    assert_eq!(tags(&header[..2], &["f", "b c"]).unwrap(), r#"["b c"]"#);
    assert_eq!(profile.fits_header(&header), Some(2));
    assert_eq!(profile.fits_header(&header[..1]), None);
}

#[test]
fn minutes_are_added_to_a_time_and_without_them_the_column_is_not_there() {
    let text = "format = 'json'\nrecognise.all = ['id']\n[[output]]\ndataset = 'tickets'\n\
        columns.ticket_id = 'id'\ncolumns.created_at = 'at'\n\
        columns.first_response_at = { from = 'at', plus_minutes = 'metric.reply' }";
    let profile = own(text).unwrap();
    let mapping = Mapping::profile(&profile, None, Joins::new()).unwrap();
    let answered = |record: Value| {
        let mut state = mapping.state();
        let mut out = None;
        let outcome = mapping.apply(&mut state, Record::Json(&record), &mut |row| {
            out = row.values[4].as_ref().map(ToString::to_string);
        });
        let there = mapping.present(&state, mapping.datasets()[0]).contains(&4);
        (outcome.rejected.first().map(|r| r.reason.to_string()).or(out), there)
    };
    let at = "2026-10-25T00:50:00Z";
    let with = |reply: Value| answered(json!({"id": 1, "at": at, "metric": {"reply": reply}}));
    assert_eq!(with(json!(75)), (Some("2026-10-25T02:05:00Z".to_owned()), true));
    assert_eq!(with(json!(0.5)), (Some("2026-10-25T00:50:30Z".to_owned()), true));
    assert_eq!(with(Value::Null), (None, true), "not answered");
    assert_eq!(answered(json!({"id": 1, "at": at})), (None, false), "not exported");
    let (reason, _) = with(json!("soon"));
    assert!(reason.unwrap().contains("no number of minutes"));
    let civil = answered(json!({"id": 1, "at": "2026-10-25 00:50:00", "metric": {"reply": 75}}));
    assert_eq!(civil.0.unwrap(), "2026-10-25T02:05:00");
}

#[test]
fn the_object_around_the_records_says_that_there_are_more() {
    let text = "format = 'json'\nrecognise.all = ['id']\n\
        more = [{ next_page = '*', end = '' }, { end = false }, { 'paging.next' = '*' }]\n[[output]]\ndataset = 'plans'\ncolumns.plan = 'id'";
    let profile = own(text).unwrap();
    let told = |around: Value| profile.says_more(&around);
    assert_eq!(told(json!({"next_page": "https://example.com/2"})).unwrap(), "end and next_page");
    assert_eq!(told(json!({"next_page": "https://example.com/2", "end": true})), None);
    assert_eq!(told(json!({"next_page": null, "end": false})).unwrap(), "end");
    assert_eq!(told(json!({"paging": {"next": {"after": "2"}}})).unwrap(), "paging.next");
    assert_eq!(told(json!({"next_page": null, "paging": {}})), None);
    assert!(own(&text.replace("'paging.next'", "'=x'")).unwrap_err().contains("is no path"));
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
    let named = "{ from = 'V', time = 'named_zone' }";
    assert_eq!(time(named, "V", "2026-02-28 23:00:00 PST"), "2026-03-01T07:00:00Z");
    assert!(time(named, "V", "2026-02-28 23:00:00 IST").starts_with("! names its zone IST"));
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
fn a_member_of_json_text_in_a_cell_is_a_value() {
    let total = |take: &str, value: &str| csv("total", take, "V", value);
    let take = "{ from = 'V', member = 'use.tokens', default = 1 }";
    assert_eq!(total(take, r#"{"use": {"tokens": "25.50"}}"#), "25.5");
    assert_eq!(total(take, r#"{"use": {"tokens": 1e3}}"#), "1000");
    assert_eq!(total(take, r#"{"use": {"tokens": null}}"#), "1");
    assert_eq!(total(take, "{}"), "1");
    assert_eq!(total(take, ""), "1");
    assert_eq!(total(take, "{'use': 1}"), "! is no JSON text");
    assert_eq!(total(take, r#"{"use": {"tokens": "1e3"}}"#), "! uses an exponent; write it out in full");
}

#[test]
fn a_csv_file_may_say_by_its_name_what_it_holds() {
    let text = "format = 'csv'\nrecognise.all = ['value']\n[[output]]\ndataset = 'usage_totals'\n\
        columns = { account_id = 'who', metric = { from = '^.#', part = { at = ' (', number = 1 } }, date = 'day', quantity = 'value' }";
    let profile = own(text).unwrap();
    for name in ["tokens.csv", "tokens.csv.gz", "tokens (1).csv"] {
        let mapping =
            Mapping::profile(&profile, Some(&["who", "day", "value"]), Joins::new()).unwrap().for_file(name);
        let mut metric = None;
        mapping.apply(&mut mapping.state(), Record::Cells(&["a", "2026-01-01", "7"]), &mut |row| {
            metric = row.values[1].as_ref().map(ToString::to_string);
        });
        assert_eq!(metric.as_deref(), Some("tokens"), "{name}");
    }
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
        Mapping::profile(payments, Some(&["Created at", "Status"]), Joins::new()).unwrap_err().to_string();
    assert!(e.contains("payment_id (from id or PaymentIntent ID)"), "{e}");
    assert!(e.contains("attempted_at (from Created (*) or Created date (*)) (there is Created at)"), "{e}");
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

const JSON: &str = "format = 'json'\nrecognise.all = ['id']\n[[output]]\ndataset = 'credit_notes'\ncolumns.credit_note_id = 'id'\ncolumns.amount = 'sum'\ncolumns.currency = { const = 'USD' }\n";

/// The invoice and account of one record, by these further lines of a profile.
fn note(lines: &str, record: &Value, around: &Value, joins: Joins) -> String {
    let profile = own(&format!("{JSON}{lines}")).unwrap();
    let mapping = Mapping::profile(&profile, None, joins).unwrap().for_file("notes-cus_77-2026.json");
    let mut out = String::new();
    let outcome = mapping.apply_within(&mut mapping.state(), Record::Json(record), around, &mut |row| {
        out = [1, 2].map(|at| row.values[at].as_deref().unwrap_or("-").to_owned()).join(" ");
    });
    outcome.rejected.first().map_or(out, |r| format!("! {} {}", r.column, r.reason))
}

#[test]
fn what_stands_around_the_list_and_in_the_files_name_can_be_read() {
    let lines =
        "columns.invoice_id = 'in'\ncolumns.account_id = ['^.who', { from = '^.#', starting = 'cus_' }]";
    let record = json!({"id": 1, "sum": 2, "in": "in_1"});
    assert_eq!(note(lines, &record, &json!({"who": "cus_1"}), Joins::new()), "in_1 cus_1");
    assert_eq!(note(lines, &record, &json!({}), Joins::new()), "in_1 cus_77");
    let other = lines.replace("cus_'", "acct_'");
    assert_eq!(note(&other, &record, &json!({}), Joins::new()), "in_1 -");
    for (text, word) in [("x-cus_1.b", "cus_1"), ("xcus_1 cus_2", "cus_2"), ("cus_", "-"), ("CUS_1", "-")] {
        let lines = "columns.invoice_id = 'in'\ncolumns.account_id = { from = 'who', starting = 'cus_' }";
        let record = json!({"id": 1, "sum": 2, "in": "in_1", "who": text});
        assert_eq!(note(lines, &record, &json!({}), Joins::new()), format!("in_1 {word}"), "{text}");
    }
}

#[test]
fn a_join_may_be_optional_and_may_go_by_another_join() {
    let lines = "columns.invoice_id = ['@bills.no', '@parts.bill', 'part']\n\
        [join.parts]\nfile = 'parts*'\nkey = 'id'\nby = 'part'\noptional = true\n\
        [join.bills]\nfile = 'bills*'\nkey = 'id'\nby = '@parts.bill'\noptional = true";
    let record = json!({"id": 1, "sum": 2, "part": "p_1"});
    let needs = own(&format!("{JSON}{lines}")).unwrap().joins();
    let table = |join: &str, rows: &[Value]| {
        let need = needs.iter().find(|n| n.join == join).unwrap();
        let mut pages = rows.iter().map(|row| {
            let mut page = Lookup::new(need, "x.json", None).unwrap();
            page.add(&Record::Json(row));
            page
        });
        let mut all = pages.next().unwrap();
        pages.for_each(|page| all.merge(page));
        (join.to_owned(), all)
    };
    let parts = [json!({"id": "p_0", "bill": "b_0"}), json!({"id": "p_1", "bill": "b_1"})];
    let bills = [json!({"id": "b_1", "no": "in_9"})];
    let none = || Joins::new();
    assert_eq!(note(lines, &record, &json!({}), none()), "p_1 -");
    assert_eq!(note(lines, &record, &json!({}), Joins::from([table("parts", &parts)])), "b_1 -");
    let both = Joins::from([table("parts", &parts), table("bills", &bills)]);
    assert_eq!(note(lines, &record, &json!({}), both), "in_9 -");
    let far = lines.replace("by = 'part'", "by = '@bills.id'");
    assert!(own(&format!("{JSON}{far}")).unwrap_err().contains("itself goes by another join"));
    let needed = lines.replace("optional = true", "optional = false");
    let profile = own(&format!("{JSON}{needed}")).unwrap();
    assert!(matches!(Mapping::profile(&profile, None, none()), Err(MappingError::MissingJoin { .. })));
}

#[test]
fn a_product_is_exact_and_absent_where_a_factor_is() {
    let total = |take: &str| csv("total", take, "V", "2.50");
    // The row's sum is 5.
    assert_eq!(total("{ from = 'V', times = ['Sum', '=12'] }"), "150");
    assert_eq!(total("{ from = 'V', unit = 'minor', times = '=3' }"), "7.5", "yen have no minor unit");
    assert!(total("{ from = 'V', times = 'Who' }").starts_with("! is not a decimal number"));
    assert_eq!(total("[{ from = 'V', times = 'Gone' }, 'Sum']"), "5");
    assert!(own(&format!("{HEAD}columns.issued_at = {{ from = 'x', times = 'y' }}")).is_err());
}

#[test]
fn amounts_are_read_as_people_of_any_language_write_them() {
    let usd = |value: &str| csv("total", "{ from = 'V', unit = 'local' }", "V", value);
    // HEAD's row is in yen, which has no places.
    assert_eq!((usd("1,290"), usd("1.290,00").starts_with('!')), ("1290".to_owned(), true));
    assert_eq!((usd("12,90").starts_with('!'), usd("1,2,3").starts_with('!')), (true, true));
    let in_currency = |code: &str, value: &str| {
        let text = JSON.replace("USD", code).replace("= 'sum'", "= { from = 'sum', unit = 'local' }");
        let profile = own(&format!("{text}columns.invoice_id = 'in'")).unwrap();
        let mapping = Mapping::profile(&profile, None, Joins::new()).unwrap();
        let record = json!({"id": "1", "in": "in_1", "sum": value});
        let mut out = String::new();
        let outcome = mapping.apply(&mut mapping.state(), Record::Json(&record), &mut |row| {
            let at = row.dataset.position("amount").unwrap();
            out = row.values[at].as_deref().unwrap_or("-").to_owned();
        });
        if outcome.rejected.is_empty() { out } else { "rejected".to_owned() }
    };
    for (code, written, is) in [
        ("USD", "1,290.00", "1290"),
        ("USD", "1.290,00", "1290"),
        ("EUR", "399,00", "399"),
        ("EUR", "-20,31", "-20.31"),
        ("EUR", "1.234.567,89", "1234567.89"),
        ("JPY", "1.290", "1290"),
        ("JPY", "5000.00", "5000"),
        ("EUR", "29.00", "29"),
        ("EUR", "29", "29"),
        ("KWD", "1,290", "1.29"),
        ("KWD", "1.290,500", "1290.5"),
        // It could be either.
        ("USD", "1,290", "rejected"),
        ("USD", "12,34,00", "rejected"),
        ("USD", "1234,567.00", "rejected"),
        ("USD", ",00", "rejected"),
        ("USD", "1,290,00", "rejected"),
    ] {
        assert_eq!(in_currency(code, written), is, "{code} {written}");
    }
}

#[test]
fn a_factor_that_is_no_number_is_a_fault_of_the_profile() {
    let text = HEAD.replace("'Sum'", "{ from = 'Sum', times = '=a dozen' }");
    let e = own(&text).unwrap_err();
    assert!(e.ends_with("output[0].columns.total.times: =a dozen is no number"), "{e}");
    assert!(own(&HEAD.replace("'Sum'", "{ from = 'Sum', times = ['=12', 'No'] }")).is_ok());
}

#[test]
fn a_file_that_can_hold_no_record_of_any_output_says_what_it_lacks() {
    let text = HEAD.replace("dataset = 'invoices'", "dataset = 'invoices'\nwhen = { Type = 'bill' }");
    let profile = own(&text).unwrap();
    let e = Mapping::profile(&profile, Some(&["No", "Who", "State", "Sum", "Cur"]), Joins::new());
    assert_eq!(e.unwrap_err().to_string(), "profile mine needs Type");
    assert!(
        Mapping::profile(&profile, Some(&["No", "Who", "State", "Sum", "Cur", "Type"]), Joins::new()).is_ok()
    );
}

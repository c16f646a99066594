use super::*;
use crate::model::{datasets::find, time};
use proptest::prelude::*;
use serde_json::json;

fn column(ty: Type) -> Column {
    Column { name: "c", ty, required: false, key: false, personal: false }
}

fn ok(ty: Type, raw: &str) -> String {
    match check(&column(ty), raw) {
        Ok(value) => value.map_or_else(|| "-".to_owned(), Cow::into_owned),
        Err(reason) => panic!("{raw} {reason}"),
    }
}

fn refused(ty: Type, raw: &str) -> String {
    match check(&column(ty), raw) {
        Ok(value) => panic!("{raw} was read as {value:?}"),
        Err(reason) => reason.to_string(),
    }
}

const STATUS: Type = Type::Enum(&["active", "past_due", "canceled"]);

#[test]
fn canonical_cells_are_not_copied() {
    let cells = [
        (Type::Text, "acct_1"),
        (Type::Int, "-12"),
        (Type::Decimal, "1400000.5"),
        (Type::Money, "0.01"),
        (Type::Time, "2026-10-31T21:00:00Z"),
        (Type::Time, "2026-10-31T21:00:00.25"),
        (Type::Date, "2026-10-31"),
        (Type::List, r#"["a","b"]"#),
        (STATUS, "past_due"),
        (Type::Currency, "USD"),
        (Type::Zone, "Europe/Berlin"),
    ];
    for (ty, raw) in cells {
        let value = check(&column(ty), raw).unwrap().unwrap();
        assert!(matches!(value, Cow::Borrowed(_)) && value == raw, "{raw} became {value:?}");
    }
}

#[test]
fn other_spellings_become_canonical() {
    assert_eq!(ok(Type::Text, "  a\u{1b}[2J b "), "a\u{1b}[2J b");
    assert_eq!(ok(Type::Int, "12.0"), "12");
    assert_eq!(ok(Type::Int, "-0"), "0");
    assert_eq!(ok(Type::Decimal, "0012.500"), "12.5");
    assert_eq!(ok(Type::Decimal, "-0.0"), "0");
    assert_eq!(ok(Type::Decimal, "+.5"), "0.5");
    assert_eq!(ok(Type::Time, "2026-10-31 21:00:00"), "2026-10-31T21:00:00");
    assert_eq!(ok(Type::Time, "2026-10-31T23:00:00.500+02:00"), "2026-10-31T21:00:00.5Z");
    assert_eq!(ok(Type::Bool, "YES"), "true");
    assert_eq!(ok(Type::Bool, "0"), "false");
    assert_eq!(ok(STATUS, "Past Due"), "past_due");
    assert_eq!(ok(STATUS, "PAST-DUE"), "past_due");
    assert_eq!(ok(STATUS, "Cancelled"), "canceled");
    assert_eq!(ok(Type::Currency, "usd"), "USD");
    assert_eq!(ok(Type::Zone, "europe/berlin"), "Europe/Berlin");
    assert_eq!(ok(Type::List, "sso; audit_log;;"), r#"["sso","audit_log"]"#);
    assert_eq!(ok(Type::List, r#"[ "sso", 7, null ]"#), r#"["sso","7"]"#);
    assert_eq!(ok(Type::List, "[]"), "[]");
    assert_eq!(ok(Type::List, " ; "), "-");
    assert_eq!(ok(Type::Decimal, "  "), "-");
}

#[test]
fn refusals_name_the_remedy() {
    assert_eq!(refused(Type::Decimal, "twelve"), "is not a decimal number");
    assert!(refused(Type::Money, "1.234,56").contains("write 1234.56"));
    assert!(refused(Type::Money, "(100)").contains("minus sign"));
    assert!(refused(Type::Decimal, "1e3").contains("exponent"));
    assert_eq!(refused(Type::Int, "1.5"), "is not a whole number");
    assert_eq!(refused(Type::Int, "9223372036854775808"), "does not fit 64 bits");
    assert!(refused(Type::Time, "31/12/2026").contains("YYYY-MM-DD"));
    assert!(refused(Type::Time, "1790726400").contains("unix_s"));
    assert!(refused(Type::Date, "2026-10-31T00:00:00Z").contains("a day is expected"));
    assert!(refused(Type::Date, "31/12/2026").contains("YYYY-MM-DD"));
    assert_eq!(refused(STATUS, "actve"), "is none of active, past_due, canceled; did you mean active?");
    assert_eq!(refused(STATUS, "7"), "is none of active, past_due, canceled");
    assert!(refused(Type::Currency, "XXQ").contains("ISO 4217"));
    assert!(refused(Type::Currency, "US dollar").contains("ISO 4217"));
    assert!(refused(Type::Zone, "Europe/Berln").contains("did you mean Europe/Berlin?"));
    assert!(refused(Type::List, "[a,b]").contains("no JSON array"));
    assert!(refused(Type::List, "[[1]]").contains("plain texts"));
    assert!(refused(Type::Bool, "maybe").contains("yes, no"));
    assert!(refused(Type::Text, "a\0b").contains("NUL"));
}

#[test]
fn a_required_column_refuses_an_empty_cell() {
    let column = Column { required: true, ..column(Type::Text) };
    assert_eq!(check(&column, " "), Err(REQUIRED));
    assert_eq!(check_json(&column, &Value::Null), Err(REQUIRED));
}

#[test]
fn json_values_keep_their_digits_and_may_have_exponents() {
    let read = |ty, text: &str| {
        let value: Value = serde_json::from_str(text).unwrap();
        check_json(&column(ty), &value).map(|v| v.map(Cow::into_owned)).map_err(|e| e.to_string())
    };
    let some = |t: &str| Ok(Some(t.to_owned()));
    assert_eq!(read(Type::Decimal, "1e3"), some("1000"));
    assert_eq!(read(Type::Int, "1.2E1"), some("12"));
    assert_eq!(read(Type::Decimal, "0.1000000000000000000000001"), some("0.1000000000000000000000001"));
    assert_eq!(read(Type::Text, "42"), some("42"));
    assert_eq!(read(Type::Text, "true"), some("true"));
    assert_eq!(read(Type::Bool, "1"), some("true"));
    assert_eq!(read(Type::List, r#"["a", " ", 2]"#), some(r#"["a","2"]"#));
    assert_eq!(read(Type::Text, "null"), Ok(None));
    assert!(read(Type::Text, "{}").unwrap_err().contains("object"));
    assert!(read(Type::Decimal, "[1]").unwrap_err().contains("list"));
    assert!(check_json(&column(Type::Decimal), &json!("1e3")).is_err());
}

#[test]
fn alternatives_are_asked_for_in_each_row() {
    let totals = find("usage_totals").unwrap();
    let row = |filled: &[&str]| -> Vec<Option<Cow<'static, str>>> {
        totals.columns.iter().map(|c| filled.contains(&c.name).then_some(Cow::Borrowed("1"))).collect()
    };
    let fault = |filled: &[&str]| {
        lacking(totals, &row(filled)).map(|(at, r)| (totals.columns[at].name, r.to_string()))
    };
    assert_eq!(fault(&["account_id", "metric", "quantity", "date"]), None);
    assert_eq!(fault(&["account_id", "metric", "quantity", "window_start", "window_end"]), None);
    let lacks = fault(&["account_id", "metric", "quantity", "window_end"]).unwrap();
    assert_eq!(lacks, ("window_start", "is required (one of window_start, date)".to_owned()));
    assert_eq!(fault(&["account_id", "metric", "date"]).unwrap().0, "quantity");
}

#[test]
fn personal_values_are_masked_and_long_ones_cut() {
    assert_eq!(shown(true, "ann@example.com"), "•••");
    assert_eq!(shown(true, ""), "");
    assert_eq!(shown(false, "in_1"), "in_1");
    assert_eq!(shown(false, &"é".repeat(500)).chars().count(), 121);
}

proptest! {
    #[test]
    fn canonical_text_is_its_own_canonical_text(raw in "\\PC{0,12}") {
        for ty in [Type::Text, Type::Int, Type::Decimal, Type::Time, Type::List, Type::Bool] {
            if let Ok(Some(once)) = check(&column(ty), &raw) {
                prop_assert_eq!(check(&column(ty), &once), Ok(Some(once.clone())));
            }
        }
    }

    #[test]
    fn the_short_cut_for_decimals_agrees_with_the_parser(raw in "-?[0-9]{0,3}(\\.[0-9]{0,3})?") {
        let parsed = decimal::parse(&raw).map(decimal::shortest);
        prop_assert_eq!(is_shortest(raw.as_bytes()), parsed.as_ref() == Ok(&raw), "{}", raw);
    }

    #[test]
    fn stamps_are_written_as_the_model_writes_them(secs in -9_000_000_000i64..9_000_000_000, nanos in 0u32..1_000_000_000) {
        let t = chrono::DateTime::from_timestamp(secs, nanos - nanos % 1000).unwrap();
        for stamp in [Stamp::Instant(t), Stamp::Civil(t.naive_utc()), Stamp::Date(t.date_naive())] {
            prop_assert_eq!(stamp_text(stamp), stamp.to_string());
        }
        let text = time::rfc3339(t);
        prop_assert!(is_stamp_text(text.as_bytes()));
    }
}

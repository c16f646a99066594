use super::*;
use crate::model::time::Stamp;
use chrono_tz::Tz;

fn t(text: &str) -> Instant {
    Stamp::parse(text).unwrap().in_zone(Tz::UTC)
}

fn row(feature: &str, state: &str, from: &str, to: &str) -> Entitlement {
    let moment = |text: &str| (!text.is_empty()).then(|| t(text));
    Entitlement {
        at: At::default(),
        account_id: "acct_a".into(),
        feature: feature.into(),
        state: state.into(),
        activated_at: moment(from),
        deactivated_at: moment(to),
        limit: None,
    }
}

#[test]
fn a_feature_is_on_from_its_first_instant_and_off_at_its_last() {
    let e = Entitlements::new([row("sso", "inactive", "2026-10-01", "2026-11-01")]);
    assert!(!e.active_at(&"acct_a".into(), "sso", t("2026-09-30T23:59:59Z")));
    assert!(e.active_at(&"acct_a".into(), "sso", t("2026-10-01")));
    assert!(e.active_at(&"acct_a".into(), "sso", t("2026-10-31T23:59:59Z")));
    assert!(!e.active_at(&"acct_a".into(), "sso", t("2026-11-01")));
}

#[test]
fn periods_that_only_touch_do_not_overlap() {
    let e = Entitlements::new([row("sso", "inactive", "2026-10-01", "2026-11-01")]);
    let over = |from: &str, to: &str| e.overlaps(&"acct_a".into(), "sso", t(from), Some(t(to)));
    assert!(!over("2026-11-01", "2026-12-01"));
    assert!(!over("2026-09-01", "2026-10-01"));
    assert!(over("2026-10-31T23:59:59Z", "2026-12-01"));
    assert!(over("2026-09-01", "2026-10-01T00:00:01Z"));
    assert!(e.overlaps(&"acct_a".into(), "sso", t("2026-10-05"), None), "a moment within");
    assert!(
        !e.overlaps(&"acct_a".into(), "sso", t("2026-11-01"), Some(t("2026-11-01"))),
        "a moment at its end"
    );
}

#[test]
fn several_rows_of_one_feature_add_up() {
    let e = Entitlements::new([
        row("sso", "active", "2026-11-15", ""),
        row("sso", "inactive", "2026-09-01", "2026-10-01"),
    ]);
    assert!(e.active_at(&"acct_a".into(), "sso", t("2026-09-15")));
    assert!(!e.active_at(&"acct_a".into(), "sso", t("2026-10-15")));
    assert!(e.active_at(&"acct_a".into(), "sso", t("2027-01-01")));
    assert_eq!(
        e.active(&"acct_a".into(), "sso").map(|a| a.from.unwrap()).collect::<Vec<_>>(),
        [t("2026-09-01"), t("2026-11-15")]
    );
}

#[test]
fn inactive_without_dates_was_never_on_and_yet_is_known() {
    let e = Entitlements::new([row("sso", "inactive", "", ""), row("fax", "active", "", "")]);
    assert!(e.knows(&"acct_a".into()) && !e.knows(&"acct_b".into()));
    assert!(!e.overlaps(&"acct_a".into(), "sso", t("2026-01-01"), Some(t("2027-01-01"))));
    assert_eq!(e.rows(&"acct_a".into(), "sso").count(), 1);
    assert!(e.active_at(&"acct_a".into(), "fax", t("1990-01-01")), "active without dates is on for ever");
    assert_eq!(e.features_of(&"acct_a".into()).map(|f| &**f).collect::<Vec<_>>(), ["fax", "sso"]);
}

#[test]
fn a_feature_switched_off_at_the_instant_it_was_switched_on_was_never_on() {
    let e = Entitlements::new([row("sso", "inactive", "2026-10-05", "2026-10-05")]);
    assert!(!e.overlaps(&"acct_a".into(), "sso", t("2026-10-01"), Some(t("2026-11-01"))));
}

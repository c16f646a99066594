use super::*;
use crate::model::decimal::parse;
use proptest::prelude::*;

fn t(text: &str) -> Instant {
    Stamp::parse(text).unwrap().in_zone(Tz::UTC)
}

fn plan(name: &str, from: &str, to: &str, currency: &str, price: &str) -> Plan {
    let moment = |text: &str| (!text.is_empty()).then(|| t(text));
    Plan {
        at: At::default(),
        plan: name.into(),
        effective_from: moment(from),
        effective_to: moment(to),
        name: None,
        tier: None,
        rank: None,
        price: Some(parse(price).unwrap()),
        currency: (!currency.is_empty()).then(|| currency.into()),
        interval: Some("month".into()),
        seat_limit: None,
        api_limit: None,
        features: Some(vec![format!("{name}-feature").into()]),
    }
}

fn subscription(id: &str, plan: &str, zone: Option<Tz>) -> Subscription {
    Subscription {
        at: At::default(),
        subscription_id: id.into(),
        account_id: "acct_a".into(),
        plan: plan.into(),
        status: "active".into(),
        quantity: None,
        price: None,
        discount: None,
        started_at: None,
        current_period_start: Stamp::parse("2026-11-01").unwrap(),
        current_period_end: Stamp::parse("2026-12-01").unwrap(),
        renewal_date: None,
        auto_renew: None,
        term: None,
        arr: None,
        currency: None,
        timezone: zone,
        trial_end: None,
        cancel_at: None,
        canceled_at: None,
    }
}

fn change(subscription: &str, from: &str, to: &str, at: &str) -> PlanChange {
    PlanChange {
        at: At::default(),
        change_id: Some(format!("{from}-{to}-{at}").into()),
        account_id: "acct_a".into(),
        subscription_id: (!subscription.is_empty()).then(|| subscription.into()),
        from_plan: from.into(),
        to_plan: to.into(),
        from_quantity: None,
        to_quantity: None,
        effective_at: Stamp::parse(at).unwrap(),
        source: None,
        requested_at: None,
        shown_to_customer_at: None,
    }
}

fn history(subscriptions: Vec<Subscription>, changes: Vec<PlanChange>) -> PlanHistory {
    PlanHistory::new(subscriptions, changes, true, Tz::UTC, |_| Tz::UTC)
}

fn plans(h: &PlanHistory, subscription: Option<&str>, at: &str) -> Vec<String> {
    h.in_force(&"acct_a".into(), subscription.map(Text::from).as_ref(), t(at))
        .iter()
        .map(|f| f.plan.to_string())
        .collect()
}

#[test]
fn a_plan_record_holds_from_its_beginning_and_not_at_its_end() {
    let c = Catalogue::new(vec![
        plan("pro", "2026-01-01", "2026-07-01", "USD", "89"),
        plan("pro", "2026-07-01", "", "USD", "99"),
        plan("pro", "2026-01-01", "", "EUR", "79"),
    ]);
    let price =
        |at: &str| c.in_force(&"pro".into(), Some("USD"), t(at)).map(|p| p.price.unwrap().to_string());
    assert_eq!(price("2025-12-31T23:59:59Z"), None);
    assert_eq!(price("2026-01-01").as_deref(), Some("89"));
    assert_eq!(price("2026-06-30T23:59:59Z").as_deref(), Some("89"));
    assert_eq!(price("2026-07-01").as_deref(), Some("99"));
    assert!(c.in_force(&"pro".into(), Some("JPY"), t("2026-07-01")).is_none());
    assert!(
        c.features(&"pro".into(), Some("JPY"), t("2026-07-01")).is_some(),
        "features do not depend on the currency"
    );
    assert!(c.knows(&"pro".into()) && !c.knows(&"team".into()));
}

#[test]
fn a_record_without_a_currency_fits_any_and_gives_way_to_the_currencys_own() {
    let c = Catalogue::new(vec![
        plan("pro", "2026-01-01", "", "", "10"),
        plan("pro", "2026-01-01", "", "EUR", "9"),
    ]);
    let price = |currency: &str| {
        c.in_force(&"pro".into(), Some(currency), t("2026-05-01")).unwrap().price.unwrap().to_string()
    };
    assert_eq!((price("USD"), price("EUR")), ("10".to_owned(), "9".to_owned()));
}

#[test]
fn the_changes_tell_the_plan_and_not_a_subscription_that_was_left_behind() {
    let h = history(
        vec![subscription("sub_a", "enterprise", None)],
        vec![change("sub_a", "enterprise", "pro", "2026-09-15T00:00:00Z")],
    );
    assert_eq!(plans(&h, Some("sub_a"), "2026-09-14T23:59:59Z"), ["enterprise"]);
    let after = h.in_force(&"acct_a".into(), Some(&"sub_a".into()), t("2026-09-15"));
    assert_eq!((&**after[0].plan, after[0].change.unwrap().at), ("pro", t("2026-09-15")));
    assert!(h.in_force(&"acct_a".into(), None, t("2026-09-14"))[0].change.is_none());
}

#[test]
fn without_a_change_it_is_the_subscriptions_plan() {
    let h = history(vec![subscription("sub_a", "pro", None)], vec![]);
    assert_eq!(plans(&h, Some("sub_a"), "2020-01-01"), ["pro"]);
    assert_eq!(plans(&h, None, "2026-11-15"), ["pro"]);
}

#[test]
fn without_a_log_of_changes_the_past_is_not_known() {
    let h = PlanHistory::new(vec![subscription("sub_a", "pro", None)], vec![], false, Tz::UTC, |_| Tz::UTC);
    assert_eq!(plans(&h, Some("sub_a"), "2026-10-31T23:59:59Z"), [""; 0]);
    assert_eq!(plans(&h, Some("sub_a"), "2026-11-01"), ["pro"]);
}

#[test]
fn a_change_without_a_subscription_belongs_to_the_accounts_only_one() {
    let h = history(vec![subscription("sub_a", "pro", None)], vec![change("", "free", "pro", "2026-09-15")]);
    assert_eq!(plans(&h, Some("sub_a"), "2026-09-01"), ["free"]);
    assert_eq!(h.subscription_of(&h.changes()[0]).unwrap().subscription_id, "sub_a".into());
}

#[test]
fn of_several_subscriptions_a_change_belongs_to_the_one_on_its_plan() {
    let h = history(
        vec![subscription("sub_a", "pro", None), subscription("sub_b", "addon", None)],
        vec![change("", "starter", "pro", "2026-09-15")],
    );
    assert_eq!(plans(&h, Some("sub_a"), "2026-09-01"), ["starter"]);
    assert_eq!(plans(&h, Some("sub_b"), "2026-09-01"), ["addon"]);
    assert_eq!(plans(&h, None, "2026-09-20"), ["pro", "addon"]);
}

#[test]
fn changes_of_an_account_without_any_subscription_are_a_timeline_of_their_own() {
    let h = history(
        vec![],
        vec![change("", "free", "pro", "2026-09-15"), change("", "pro", "team", "2026-10-01")],
    );
    assert_eq!(plans(&h, None, "2026-09-20"), ["pro"]);
    assert_eq!(plans(&h, None, "2026-10-01"), ["team"]);
    assert_eq!(h.changes_of(&"acct_a".into(), None).count(), 2);
}

#[test]
fn a_change_of_seats_is_not_what_made_the_plan() {
    let h = history(
        vec![subscription("sub_a", "team", None)],
        vec![change("sub_a", "pro", "team", "2026-09-15"), change("sub_a", "team", "team", "2026-10-05")],
    );
    assert_eq!(
        h.in_force(&"acct_a".into(), Some(&"sub_a".into()), t("2026-11-01"))[0].change.unwrap().at,
        t("2026-09-15")
    );
}

#[test]
fn a_change_given_as_a_day_begins_in_the_subscriptions_zone() {
    for (zone, at) in [
        (Tz::America__New_York, "2026-03-08T05:00:00Z"),
        (Tz::Asia__Tokyo, "2026-03-07T15:00:00Z"),
        (Tz::UTC, "2026-03-08T00:00:00Z"),
    ] {
        let h = history(
            vec![subscription("sub_a", "pro", Some(zone))],
            vec![change("sub_a", "free", "pro", "2026-03-08")],
        );
        assert_eq!(h.changes()[0].at, t(at), "{zone}");
    }
}

#[test]
fn a_subscription_that_had_ended_does_not_tell_of_a_line_without_one() {
    let ended = Subscription { canceled_at: Some(t("2026-06-01")), ..subscription("sub_a", "pro", None) };
    let h = history(vec![ended, subscription("sub_b", "team", None)], vec![]);
    assert_eq!(plans(&h, None, "2026-11-15"), ["team"]);
    assert_eq!(plans(&h, Some("sub_a"), "2026-11-15"), ["pro"]);
}

fn billed(quantity: Option<&str>, amount: &str, start: &str) -> (Text, Text, BilledPrice) {
    let unit = unit_price(None, quantity.map(|q| parse(q).unwrap()), parse(amount).unwrap()).unwrap();
    let (start, at) = (t(start), At::default());
    let price = BilledPrice { start, end: None, unit, currency: "USD".into(), invoice: "in".into(), at };
    ("acct_a".into(), "pro".into(), price)
}

#[test]
fn the_last_billed_price_is_of_the_period_before() {
    let account: Text = "acct_a".into();
    let prices = [billed(Some("3"), "297", "2026-10-01"), billed(None, "89", "2026-09-01")];
    let billed = BilledPrices::of(prices.into_iter());
    let last = |before: &str| {
        let found = billed.last(&account, &"pro".into(), "USD", t(before));
        found.map(|p| p.unit.normalize().to_string())
    };
    assert_eq!(last("2026-09-01"), None);
    assert_eq!(last("2026-10-01").as_deref(), Some("89"));
    assert_eq!(last("2026-11-01").as_deref(), Some("99"));
    assert!(billed.last(&account, &"pro".into(), "EUR", t("2026-11-01")).is_none());
}

#[test]
fn a_unit_price_is_told_only_where_it_gives_the_amount_back() {
    let d = |text: &str| parse(text).unwrap();
    assert_eq!(unit_price(None, Some(d("3")), d("100")), None);
    assert_eq!(unit_price(None, Some(d("0")), d("100")), None);
    assert_eq!(unit_price(Some(d("33")), Some(d("3")), d("100")), Some(d("33")));
    assert_eq!(unit_price(None, None, d("100")), Some(d("100")));
}

#[test]
fn a_period_is_counted_in_whole_units_of_its_zone() {
    let units = |unit: &str, from: &str, to: &str, zone| {
        whole_units(Unit::parse(unit).unwrap(), t(from), t(to), zone)
    };
    assert_eq!(units("month", "2026-02-01", "2026-03-01", Tz::UTC), Some(1));
    assert_eq!(units("month", "2024-01-31", "2024-02-29", Tz::UTC), Some(1), "a leap year");
    assert_eq!(units("month", "2024-02-29", "2024-03-31", Tz::UTC), Some(1), "the anchor comes back");
    assert_eq!(units("month", "2025-11-19", "2026-11-19", Tz::UTC), Some(12));
    assert_eq!(units("year", "2024-02-29", "2025-02-28", Tz::UTC), Some(1));
    assert_eq!(units("month", "2026-11-01", "2026-11-30", Tz::UTC), None);
    assert_eq!(units("month", "2026-10-16", "2026-11-01", Tz::UTC), None);
    assert_eq!(units("month", "2026-10-16", "2026-11-30", Tz::UTC), None);
    let york = Tz::America__New_York;
    assert_eq!(
        units("month", "2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z", york),
        Some(1),
        "a day of 25 hours"
    );
    assert_eq!(units("month", "2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z", Tz::UTC), None);
    assert_eq!(units("week", "2026-03-02", "2026-03-23", Tz::UTC), Some(3));
}

proptest! {
    #[test]
    fn the_order_of_rows_does_not_matter(order in Just((0..6usize).collect::<Vec<_>>()).prop_shuffle(), day in 1u32..=28) {
        let rows = [
            change("sub_a", "free", "starter", "2026-10-03"),
            change("sub_a", "starter", "pro", "2026-10-09"),
            change("sub_a", "team", "free", "2026-10-09"),
            change("sub_a", "pro", "team", "2026-10-09"),
            change("sub_a", "free", "free", "2026-10-12"),
            change("sub_a", "free", "pro", "2026-10-20T12:00:00Z"),
        ];
        let shuffled = order.iter().map(|&i| rows[i].clone()).collect();
        let h = history(vec![subscription("sub_a", "pro", None)], shuffled);
        let expected = match day {
            ..3 => "free",
            3..9 => "starter",
            9..=20 => "free",
            _ => "pro",
        };
        prop_assert_eq!(plans(&h, Some("sub_a"), &format!("2026-10-{day:02}")), [expected]);
    }
}

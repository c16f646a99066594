//! Laws of the score, and the formula against a plain reading of its definition.

use super::{points::Change, *};
use crate::model::decimal::{Decimal, parse};
use proptest::prelude::*;

fn d(text: &str) -> Decimal {
    parse(text).unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// One day of one account: days before the judged one, logins, calls, features by number.
type Row = (u16, u8, u8, Vec<u8>);

#[derive(Clone, Debug)]
struct Company {
    /// By account.
    rows: Vec<Vec<Row>>,
    /// By account: days before the judged one, hundredths.
    tickets: Vec<Vec<(u8, i8)>>,
    /// By account: days before the judged one of a failed payment, and days until it was settled.
    failures: Vec<Option<(u8, u8)>>,
}

const DAY: &str = "2028-03-05";

fn customer(name: &str, tickets: &[(u8, i8)], failure: Option<(u8, u8)>) -> Customer {
    let ago = |n: i64| day(DAY) - chrono::TimeDelta::days(n);
    let moods = tickets
        .iter()
        .map(|(back, hundredths)| Mood {
            day: ago(i64::from(*back)),
            sentiment: Decimal::new(i64::from((*hundredths).clamp(-100, 100)), 2),
        })
        .collect();
    let troubles = failure
        .map(|(back, for_days)| billing::Trouble {
            failed: ago(back.into()),
            settled: Some(ago(i64::from(back) - i64::from(for_days))),
        })
        .into_iter()
        .collect();
    Customer {
        id: name.into(),
        plan: Some("listed".into()),
        currency: None,
        created: None,
        moods,
        billing: Billing { troubles, ..Billing::default() },
        at: At::default(),
    }
}

/// Three features are on the plan: f0, f1, f2.
fn health(company: &Company, turned: bool, back: u32) -> Health {
    let mut activity = Activity::new(Measured::ALL, NaiveDate::MIN, day(DAY));
    let mut rows: Vec<(usize, &Row)> =
        company.rows.iter().enumerate().flat_map(|(a, rows)| rows.iter().map(move |r| (a, r))).collect();
    if turned {
        rows.reverse();
    }
    for (a, (back, logins, calls, features)) in rows {
        let features: Vec<FeatureId> = features.iter().map(|f| activity.feature(&format!("f{f}"))).collect();
        let account = activity.account(&format!("acct_{a}").into());
        let counts = Counts { logins: (*logins).into(), active_users: 0, api_calls: (*calls).into() };
        activity.add(
            account,
            day(DAY) - chrono::TimeDelta::days((*back).into()),
            counts,
            &features,
            At::default(),
        );
    }
    let features = [0, 1, 2].map(|f| activity.feature(&format!("f{f}"))).to_vec();
    let row = plans::PlanRow { plan: "listed".into(), currency: None, from: None, to: None, features };
    let mut customers: Vec<Customer> = (0..company.rows.len())
        .map(|a| customer(&format!("acct_{a}"), &company.tickets[a], company.failures[a]))
        .collect();
    if turned {
        customers.reverse();
    }
    Health::new(Formula::default(), activity, Plans::new([row]), customers, day(DAY), back)
}

/// Every day of the year before the judged one at most once, so that no day is given twice.
fn rows() -> impl Strategy<Value = Vec<Row>> {
    let one = (any::<u8>(), 0u8..3, prop::collection::vec(0u8..5, 0..3));
    prop::collection::btree_map(1u16..120, one, 0..60)
        .prop_map(|m| m.into_iter().map(|(back, (l, c, f))| (back, l, c, f)).collect())
}

fn company(accounts: usize) -> impl Strategy<Value = Company> {
    let tickets = prop::collection::vec((1u8..90, -100i8..=100), 0..6);
    (
        prop::collection::vec(rows(), accounts),
        prop::collection::vec(tickets, accounts),
        prop::collection::vec(prop::option::of((1u8..60, 0u8..40)), accounts),
    )
        .prop_map(|(rows, tickets, failures)| Company { rows, tickets, failures })
}

/// What the definition says, read plainly: sums over windows for one account and day, as a fraction of two whole
/// numbers a component.
fn plainly(company: &Company, account: usize, back: i64) -> [Option<(i128, i128)>; 5] {
    let oldest = company.rows.iter().flatten().map(|r| i64::from(r.0)).max();
    let newest = company.rows.iter().flatten().map(|r| i64::from(r.0)).min();
    // A window of days before the day that lies `back` days ago: from `first` to `last` days before it.
    let covered = |first: i64, last: i64| {
        oldest.is_some_and(|o| o >= back + first) && newest.is_some_and(|n| n <= back + last)
    };
    let rows = &company.rows[account];
    let sum = |of: fn(&Row) -> u8, first: i64, last: i64| -> i128 {
        let inside = rows.iter().filter(|r| (back + last..=back + first).contains(&i64::from(r.0)));
        inside.map(|r| i128::from(of(r))).sum()
    };
    let trend = |of: fn(&Row) -> u8| {
        let (now, then) = (sum(of, 14, 1), sum(of, 42, 15));
        covered(42, 1).then_some(match (now, then) {
            (0, 0) => (0, 1),
            (_, 0) => (100, 1),
            (now, then) => ((100 * now * 28).min(100 * then * 14), then * 14),
        })
    };
    let used: std::collections::BTreeSet<u8> = rows
        .iter()
        .filter(|r| (back + 1..=back + 28).contains(&i64::from(r.0)))
        .flat_map(|r| r.3.iter().copied().filter(|f| *f < 3))
        .collect();
    let moods: Vec<i128> = company.tickets[account]
        .iter()
        .filter(|t| (back + 1..=back + 30).contains(&i64::from(t.0)))
        .map(|t| i128::from(t.1))
        .collect();
    let n = moods.len() as i128;
    let billing = company.failures[account].map_or(100, |(failed, for_days)| {
        let (since, settled) = (i64::from(failed) - back, i64::from(failed) - i64::from(for_days) - back);
        if since <= 0 || settled > 0 {
            100
        } else if since < 7 {
            50
        } else {
            25
        }
    });
    let called = rows.iter().any(|r| i64::from(r.0) > back && r.2 > 0);
    [
        trend(|r| r.1),
        covered(28, 1).then_some((100 * used.len() as i128, 3)),
        (n > 0).then(|| (50 * (moods.iter().sum::<i128>() + 100 * n), 100 * n)),
        Some((billing, 1)),
        if called { trend(|r| r.2) } else { None },
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn scores_are_what_the_definition_says_and_neither_rows_order_nor_other_accounts_change_them(
        company in company(3),
    ) {
        let (one, turned) = (health(&company, false, 40), health(&company, true, 40));
        let mut fewer = company.clone();
        // Without the last account; its first and last day stay, for they say what the export covers.
        let span = one.activity().span();
        let keep: Vec<Row> = fewer.rows[2].iter().map(|r| (r.0, 0, 0, vec![])).collect();
        fewer.rows[2] = keep;
        let fewer = health(&fewer, false, 40);
        prop_assert_eq!(fewer.activity().span(), span);
        for account in 0..2 {
            let id = Text::from(format!("acct_{account}"));
            let line = |h: &Health| -> Vec<[Option<Decimal>; 6]> {
                let line = h.timeline(h.find(&id).unwrap(), 40);
                line.last(41).map(|r| {
                    let part = |c| r.component(c).map(|p: Points| p.rounded(12));
                    let c = Component::ALL.map(part);
                    [c[0], c[1], c[2], c[3], c[4], r.score().map(|s| s.rounded(12))]
                }).collect()
            };
            let scores = line(&one);
            prop_assert_eq!(&scores, &line(&turned));
            prop_assert_eq!(&scores, &line(&fewer));
            for (back, gave) in (0..=40i64).rev().zip(&scores) {
                let plain = plainly(&company, account, back);
                let rounded = |(a, b): (i128, i128)| {
                    let exact = crate::model::decimal::Exact::from(Decimal::from_i128_with_scale(a, 0));
                    exact.div_round(Decimal::from_i128_with_scale(b, 0).into(), 12).unwrap().unwrap()
                };
                for (n, part) in plain.iter().enumerate() {
                    prop_assert_eq!(gave[n], part.map(rounded), "component {} of {} {} days ago", n, id, back);
                }
                // The weights of what has data share the place of what has none.
                let weights = Formula::default().weights;
                let weight: u32 = plain.iter().zip(weights).filter(|(p, _)| p.is_some()).map(|(_, w)| w).sum();
                let den: i128 = plain.iter().flatten().map(|p| p.1).product();
                let num: i128 =
                    plain.iter().zip(weights).filter_map(|(p, w)| p.map(|(a, b)| i128::from(w) * a * (den / b))).sum();
                let score = (weight >= 50).then(|| rounded((num, den * i128::from(weight))));
                prop_assert_eq!(gave[5], score);
            }
        }
    }

    #[test]
    fn the_parts_of_every_fall_add_up_to_it(company in company(1), back in 1u32..30) {
        let h = health(&company, false, 40);
        let line = h.timeline(&h.customers()[0], 40);
        if let Some(fall) = line.change(&line.now(), back) {
            for places in [1, 9] {
                let shown = fall.shown(places);
                prop_assert_eq!(
                    shown.iter().map(|p| p.change).sum::<Decimal>(),
                    fall.change.rounded(places)
                );
                prop_assert_eq!(
                    shown.iter().map(|p| p.then).sum::<Decimal>(),
                    fall.score_then.rounded(places)
                );
            }
            let deepest = line.deepest(&line.now(), back).unwrap();
            prop_assert!(deepest.change.rounded(9) <= fall.change.rounded(9));
        }
    }
}

fn change(points: &str) -> Change {
    let moved = Points::mean([(1, Points::whole(0)), (1, Points::whole(100))].into_iter()).unwrap();
    let whole: u32 = points.parse().unwrap();
    moved.since(Points::whole(50 + whole))
}

#[test]
fn the_base_falls_only_where_three_quarters_of_three_or_more_accounts_do() {
    let base = |falls: &[&str]| base_of(&falls.iter().map(|f| change(f)).collect::<Vec<_>>());
    assert_eq!(base(&["20", "20"]), d("0"), "two accounts are no base");
    assert_eq!(base(&["20", "20", "0"]), d("0"), "two of three");
    assert_eq!(base(&["20", "20", "30", "4"]), d("20"), "three of four: the median of 4, 20, 20, 30");
    assert_eq!(base(&["10", "11", "12", "13"]), d("11.5"));
    assert_eq!(base(&["4", "4", "4"]), d("0"), "less than 5 points is every week");
}

fn base_of(falls: &[Change]) -> Decimal {
    fall::base_fall(falls, d("5"))
}

#[test]
fn activity_that_ended_up_to_three_days_ago_moves_the_judged_day() {
    let today = day("2028-03-01");
    let judged = |last: &str| judged_day(today, Some(day(last)));
    assert_eq!(judged("2028-02-29"), (today, 0), "yesterday, a leap day");
    assert_eq!(judged("2028-02-28"), (day("2028-02-29"), 1));
    assert_eq!(judged("2028-02-26"), (day("2028-02-27"), 3));
    assert_eq!(judged("2028-02-25"), (today, 0), "four days: the windows are not covered, and it is said");
    assert_eq!(judged("2028-03-01"), (today, 0), "today's own row is not looked at");
    assert_eq!(judged_day(today, None), (today, 0));
}

#[test]
fn an_account_has_a_score_from_its_42nd_day_on() {
    let company = Company {
        rows: vec![(1..=60).map(|back| (back, 5, 1, vec![0, 1, 2])).collect()],
        tickets: vec![vec![]],
        failures: vec![None],
    };
    for (created, state) in [("2028-01-23", State::Scored), ("2028-01-24", State::New)] {
        let mut h = health(&company, false, 0);
        h.customers[0].created = Some(day(created));
        assert_eq!(h.timeline(&h.customers[0], 0).now().state, state, "over the leap day");
    }
}

#[test]
fn ninety_days_of_history_are_there_and_not_a_day_more() {
    let company = Company {
        rows: vec![(1..=131).map(|back| (back, 5, 1, vec![0])).collect()],
        tickets: vec![vec![]],
        failures: vec![None],
    };
    let h = health(&company, false, 90);
    let line = h.timeline(&h.customers()[0], 90);
    let scores: Vec<Reading> = line.last(90).collect();
    assert_eq!(scores.len(), 90);
    assert_eq!(scores[0].day, day(DAY) - chrono::TimeDelta::days(89));
    assert!(scores.iter().all(|r| r.score().is_some()), "the first needs 42 days before it: 131 in all");
    assert_eq!(line.ago(90).unwrap().state, State::Unknown, "its window leaves the export by a day");
    assert!(line.ago(91).is_none());
}

#[test]
fn an_account_without_any_data_but_its_bills_is_unknown() {
    let nobody = Company { rows: vec![vec![]], tickets: vec![vec![]], failures: vec![None] };
    let h = health(&nobody, false, 7);
    let now = h.timeline(&h.customers()[0], 7).now();
    assert_eq!((now.state, now.score()), (State::Unknown, None));
    assert_eq!(now.coverage, Points::whole(15));
    assert_eq!(now.component(Component::Billing), Some(Points::whole(100)));
}

use super::*;
use crate::model::decimal::parse;
use proptest::prelude::*;

const STANDARD: Switches = Dialect::Standard.switches();
const LAGO: Switches = Dialect::Lago.switches();
const OPENMETER: Switches = Dialect::OpenMeter.switches();
const KILLBILL: Switches = Dialect::KillBill.switches();
const CHARGEBEE: Switches = Dialect::Chargebee.switches();

pub(super) fn d(text: &str) -> Decimal {
    parse(text).unwrap()
}

/// up_to, unit_amount, flat_amount; empty for none.
pub(super) fn tier(up_to: &str, unit: &str, flat: &str) -> Tier {
    let filled = |t: &str| (!t.is_empty()).then(|| d(t));
    Tier { up_to: filled(up_to), unit_amount: filled(unit), flat_amount: filled(flat) }
}

pub(super) fn price_of(model: Model, currency: &str, tiers: &[Tier]) -> Price {
    let rows: Vec<PriceRow<'_>> = tiers
        .iter()
        .zip(1..)
        .map(|(t, n)| PriceRow {
            tier: n,
            model,
            currency,
            up_to: t.up_to,
            unit_amount: t.unit_amount,
            flat_amount: t.flat_amount,
            package_size: (model == Model::Package).then_some(Decimal::ONE),
            included_quantity: None,
            minimum_amount: None,
            dialect: None,
        })
        .collect();
    Price::from_rows("p", &rows).unwrap()
}

pub(super) fn flat(unit: &str, currency: &str) -> Price {
    price_of(Model::Flat, currency, &[tier("", unit, "")])
}

fn package(size: &str, unit: &str) -> Price {
    Price { package_size: Some(d(size)), ..price_of(Model::Package, "USD", &[tier("", unit, "")]) }
}

fn amount(quantity: &str, of: &Price, switches: Switches) -> String {
    price(d(quantity), of, switches, None).unwrap().amount.normalize().to_string()
}

/// Each quantity costs what stands beside it.
#[track_caller]
fn costs(of: &Price, switches: Switches, cases: &[(&str, &str)]) {
    for (quantity, expected) in cases {
        assert_eq!(amount(quantity, of, switches), *expected, "{quantity} units");
    }
}

/// Stripe's example: 7 up to 5 fonts, 6.50 up to 10, 6 beyond.
fn fonts(model: Model) -> Price {
    price_of(model, "USD", &[tier("5", "7", ""), tier("10", "6.5", ""), tier("", "6", "")])
}

#[test]
fn models_are_read_from_their_own_names() {
    for model in Model::ALL {
        assert_eq!(Model::parse(model.name()), Some(model));
    }
    assert_eq!(Model::parse("Graduated_Percentage"), Some(Model::GraduatedPercentage));
    assert_eq!(Model::parse("stairstep"), None);
}

#[test]
fn a_flat_price_is_quantity_times_unit_amount() {
    costs(&flat("0.0035", "USD"), STANDARD, &[("0", "0"), ("1", "0"), ("2", "0.01"), ("1200000", "4200")]);
}

#[test]
fn halves_of_a_minor_unit_round_up() {
    costs(
        &flat("0.0005", "USD"),
        STANDARD,
        &[("29", "0.01"), ("30", "0.02"), ("29.999999999999999999", "0.01")],
    );
}

#[test]
fn yen_has_no_minor_unit_and_the_dinar_has_three_places() {
    costs(&flat("4.4556", "JPY"), STANDARD, &[("10.625", "47"), ("0.1", "0"), ("0.12", "1")]);
    costs(&flat("4.4556", "KWD"), STANDARD, &[("10.625", "47.341"), ("0.0001", "0"), ("0.0002", "0.001")]);
    costs(&flat("4.4556", "USD"), STANDARD, &[("10.625", "47.34")]);
}

#[test]
fn graduated_tiers_are_charged_share_by_share_up_to_and_including_their_bounds() {
    costs(
        &fonts(Model::Graduated),
        STANDARD,
        &[
            ("0", "0"),
            ("1", "7"),
            ("5", "35"),
            ("6", "41.5"),
            ("10", "67.5"),
            ("11", "73.5"),
            ("20", "127.5"),
        ],
    );
    let step = price(d("5.000000000000000001"), &fonts(Model::Graduated), KILLBILL, None).unwrap();
    assert_eq!(step.lines[1].what, What::Tier(2));
    assert_eq!(step.lines[1].quantity, d("0.000000000000000001"));
    assert_eq!(step.lines[1].amount, d("0.0000000000000000065"));
    assert_eq!(step.amount, d("35"));
}

#[test]
fn volume_prices_the_whole_quantity_at_the_tier_it_falls_in() {
    costs(
        &fonts(Model::Volume),
        STANDARD,
        &[("0", "0"), ("1", "7"), ("5", "35"), ("6", "39"), ("20", "120"), ("25", "150")],
    );
    costs(&fonts(Model::Volume), STANDARD, &[("5.000000000000000001", "32.5"), ("10", "65")]);
}

#[test]
fn what_exceeds_the_last_bound_is_priced_at_the_last_tier() {
    let tiers = [tier("5", "7", "1"), tier("10", "6", "2")];
    costs(
        &price_of(Model::Graduated, "USD", &tiers),
        STANDARD,
        &[("10", "68"), ("10.5", "71"), ("100", "608")],
    );
    costs(&price_of(Model::Volume, "USD", &tiers), STANDARD, &[("10", "62"), ("100", "602")]);
}

#[test]
fn graduated_adds_the_flat_amount_of_every_tier_entered() {
    let p = price_of(
        Model::Graduated,
        "USD",
        &[tier("100", "1", "10"), tier("200", "0.5", "20"), tier("", "0.1", "30")],
    );
    costs(&p, STANDARD, &[("0", "0"), ("0.01", "10.01"), ("100", "110"), ("100.01", "130.01")]);
    costs(&p, STANDARD, &[("200", "180"), ("300", "220")]);
    let what: Vec<_> = price(d("300"), &p, STANDARD, None).unwrap().lines.iter().map(|l| l.what).collect();
    assert_eq!(
        what,
        [
            What::Tier(1),
            What::TierFlat(1),
            What::Tier(2),
            What::TierFlat(2),
            What::Tier(3),
            What::TierFlat(3)
        ]
    );
}

#[test]
fn stairstep_prices_are_volume_prices_of_flat_amounts_alone() {
    let p =
        price_of(Model::Volume, "USD", &[tier("10", "", "50"), tier("50", "", "90"), tier("", "", "140")]);
    costs(
        &p,
        STANDARD,
        &[("0", "0"), ("1", "50"), ("10", "50"), ("10.5", "90"), ("50", "90"), ("51", "140")],
    );
}

#[test]
fn lago_s_volume_example_comes_out() {
    // 65 000 × 0.0006 + 10.
    let p = price_of(
        Model::Volume,
        "USD",
        &[
            tier("10000", "0.0010", "10"),
            tier("50000", "0.0008", "10"),
            tier("100000", "0.0006", "10"),
            tier("", "0.0004", "10"),
        ],
    );
    costs(&p, LAGO, &[("65000", "49"), ("0", "10")]);
    costs(&p, STANDARD, &[("65000", "49"), ("0", "0")]);
}

#[test]
fn the_first_flat_amount_at_zero_is_charged_by_lago_and_openmeter_only() {
    let tiers = [tier("100", "1", "20"), tier("", "0.5", "5")];
    for model in [Model::Graduated, Model::Volume, Model::GraduatedPercentage] {
        let p = price_of(model, "USD", &tiers);
        for dialect in Dialect::ALL {
            let charged = matches!(dialect, Dialect::Lago | Dialect::OpenMeter);
            costs(&p, dialect.switches(), &[("0", if charged { "20" } else { "0" }), ("1", "21")]);
        }
    }
}

#[test]
fn usage_within_the_included_quantity_is_zero_usage() {
    let mut p = price_of(Model::Graduated, "USD", &[tier("", "1", "20")]);
    p.included_quantity = Some(d("100"));
    costs(&p, STANDARD, &[("100", "0"), ("100.01", "20.01")]);
    costs(&p, OPENMETER, &[("0", "20"), ("100", "20"), ("101", "21")]);
}

#[test]
fn a_first_tier_that_ends_at_zero_is_entered_by_any_usage() {
    let p = price_of(Model::Graduated, "USD", &[tier("0", "", "5"), tier("", "1", "10")]);
    costs(&p, STANDARD, &[("0", "0"), ("1", "16")]);
    costs(&p, OPENMETER, &[("0", "5"), ("1", "16")]);
}

#[test]
fn volume_takes_the_tier_of_the_ceiling_in_lago_alone() {
    let p = price_of(Model::Volume, "USD", &[tier("10.5", "2", ""), tier("", "1", "")]);
    costs(&p, STANDARD, &[("10", "20"), ("10.25", "20.5"), ("10.5", "21"), ("11", "11")]);
    costs(&p, LAGO, &[("10", "20"), ("10.25", "10.25"), ("10.5", "10.5"), ("11", "11")]);
}

#[test]
fn a_package_counts_from_its_first_unit() {
    let p = package("100", "5");
    costs(&p, STANDARD, &[("0", "0"), ("0.000000000000000001", "5"), ("99", "5"), ("100", "5")]);
    costs(&p, STANDARD, &[("100.000000000000000001", "10"), ("101", "10"), ("200", "10"), ("201", "15")]);
}

#[test]
fn included_units_are_taken_before_packages_are_counted() {
    // Lago's example: 5 per 100 with 100 free; 201 units are two packages.
    let p = Price { included_quantity: Some(d("100")), ..package("100", "5") };
    costs(&p, STANDARD, &[("0", "0"), ("100", "0"), ("101", "5"), ("200", "5"), ("201", "10")]);
}

#[test]
fn chargebee_bills_at_least_one_package() {
    // Chargebee's example: 1.25 per million.
    let p = package("1000000", "1.25");
    costs(&p, CHARGEBEE, &[("0", "1.25"), ("10", "1.25"), ("1000000", "1.25"), ("1500000", "2.5")]);
    costs(&p, STANDARD, &[("0", "0"), ("10", "1.25")]);
}

#[test]
fn packages_may_have_fractional_sizes() {
    costs(&package("0.3", "1"), STANDARD, &[("0.3", "1"), ("0.9", "3"), ("0.900000000000000001", "4")]);
}

#[test]
fn percentages_are_rates() {
    let p = price_of(Model::Percentage, "USD", &[tier("", "0.029", "")]);
    costs(&p, STANDARD, &[("0", "0"), ("100", "2.9"), ("1234.56", "35.8")]);
    // 500 × 1 % + 50 × 2 % + 300 + 200, the flat amounts of both tiers entered.
    let p = price_of(
        Model::GraduatedPercentage,
        "USD",
        &[tier("500", "0.01", "200"), tier("10000", "0.02", "300"), tier("", "0.03", "400")],
    );
    costs(&p, STANDARD, &[("500", "205"), ("550", "506")]);
}

#[test]
fn tier_bounds_count_from_the_quantity_after_the_included_part() {
    let p = Price { included_quantity: Some(d("100")), ..fonts(Model::Graduated) };
    costs(&p, STANDARD, &[("100", "0"), ("105", "35"), ("106", "41.5"), ("110", "67.5"), ("111", "73.5")]);
    let p = Price { included_quantity: Some(d("100")), ..fonts(Model::Volume) };
    costs(&p, STANDARD, &[("100", "0"), ("105", "35"), ("106", "39")]);
}

#[test]
fn a_negative_quantity_is_priced_as_zero() {
    costs(&fonts(Model::Graduated), STANDARD, &[("-3", "0")]);
    costs(&package("10", "5"), CHARGEBEE, &[("-3", "5")]);
    let mut p = price_of(Model::Volume, "USD", &[tier("", "1", "20")]);
    costs(&p, OPENMETER, &[("-3", "20")]);
    p.minimum_amount = Some(d("30"));
    costs(&p, STANDARD, &[("-3", "30")]);
}

#[test]
fn a_negative_sum_is_priced_as_zero_and_the_lines_say_so() {
    let p = flat("-0.5", "USD");
    let priced = price(d("3"), &p, STANDARD, None).unwrap();
    assert_eq!(priced.amount, d("0"));
    let lines: Vec<_> = priced.lines.iter().map(|l| (l.what, l.amount)).collect();
    assert_eq!(lines, [(What::Usage, d("-1.5")), (What::Floor, d("1.5"))]);
}

#[test]
fn the_minimum_is_a_floor_and_its_true_up_is_one_line() {
    let p = Price { minimum_amount: Some(d("500")), ..flat("1", "USD") };
    let below = price(d("12"), &p, STANDARD, None).unwrap();
    assert_eq!((below.amount, below.minimum_applied), (d("500"), true));
    let last = below.lines.last().unwrap();
    assert_eq!((last.what, last.amount), (What::TrueUp, d("488")));
    for quantity in ["500", "500.01"] {
        let above = price(d(quantity), &p, STANDARD, None).unwrap();
        assert!(!above.minimum_applied);
        assert_eq!(above.amount, d(quantity));
        assert_eq!(above.lines.len(), 1);
    }
}

#[test]
fn a_part_period_has_its_part_of_the_minimum_rounded_half_up() {
    let part = |days, period_days| Some(PartPeriod { days, period_days });
    let p = Price { minimum_amount: Some(d("100")), ..flat("1", "USD") };
    let of = |part| price(d("1"), &p, STANDARD, part).unwrap().amount;
    assert_eq!(of(part(11, 31)), d("35.48"));
    assert_eq!(of(part(1, 3)), d("33.33"));
    assert_eq!(of(part(2, 3)), d("66.67"));
    assert_eq!(of(part(30, 30)), d("100"));
    assert_eq!(of(part(31, 30)), d("100"));
    assert_eq!(of(part(0, 30)), d("1"));
    assert_eq!(of(part(0, 0)), d("100"));
    let half = Price { minimum_amount: Some(d("0.01")), ..flat("0", "USD") };
    assert_eq!(price(d("0"), &half, STANDARD, part(1, 2)).unwrap().amount, d("0.01"));
    let yen = Price { minimum_amount: Some(d("1000")), ..flat("0", "JPY") };
    assert_eq!(price(d("0"), &yen, STANDARD, part(15, 31)).unwrap().amount, d("484"));
    let dinar = Price { minimum_amount: Some(d("1000")), ..flat("0", "KWD") };
    assert_eq!(price(d("0"), &dinar, STANDARD, part(15, 31)).unwrap().amount, d("483.871"));
}

#[test]
fn each_line_is_rounded_or_the_sum_once() {
    let tiers = [tier("1", "0.005", ""), tier("2", "0.005", ""), tier("", "0.004", "")];
    let p = price_of(Model::Graduated, "USD", &tiers);
    costs(&p, STANDARD, &[("1", "0.01"), ("2", "0.02"), ("3", "0.02")]);
    costs(&p, KILLBILL, &[("1", "0.01"), ("2", "0.01"), ("3", "0.01")]);
    let yen = price_of(Model::Graduated, "JPY", &tiers);
    costs(&yen, STANDARD, &[("100", "0")]);
    // A flat amount finer than the minor unit is a line of its own.
    let p = price_of(Model::Graduated, "USD", &[tier("", "0.005", "0.005")]);
    costs(&p, STANDARD, &[("1", "0.02")]);
    costs(&p, LAGO, &[("1", "0.01")]);
}

#[test]
fn rounding_once_keeps_every_digit_of_the_lines() {
    let p = price_of(Model::Graduated, "USD", &[tier("", "0.000000000000000001", "")]);
    let priced = price(d("12345678.123456789012345678"), &p, KILLBILL, None).unwrap();
    // 26 digits × 10⁻¹⁸ has 36 places; 28 are shown.
    assert_eq!(priced.lines[0].amount, d("0.0000000000123456781234567890"));
    assert_eq!(priced.lines[0].quantity, d("12345678.123456789012345678"));
    assert_eq!(priced.amount, d("0"));
}

#[test]
fn eighteen_decimals_are_priced_exactly() {
    // 1.5 wei-like steps beyond the bound decide the cent: 0.005 needs the whole step.
    let p = flat("1", "USD");
    costs(&p, STANDARD, &[("1000000.004999999999999999", "1000000"), ("1000000.005", "1000000.01")]);
    let p = price_of(Model::Volume, "USD", &[tier("1000000", "2", ""), tier("", "1", "")]);
    costs(&p, STANDARD, &[("1000000", "2000000"), ("1000000.000000000000000001", "1000000")]);
}

#[test]
fn figures_beyond_every_digit_are_an_error_and_not_a_guess() {
    let p = flat("79228162514264337593543950335", "USD");
    assert_eq!(price(d("79228162514264337593543950335"), &p, STANDARD, None), Err(TooLarge));
}

#[test]
fn lines_are_named_in_plain_words() {
    assert_eq!(What::Tier(2).to_string(), "tier 2");
    assert_eq!(What::TierFlat(1).to_string(), "flat amount of tier 1");
    assert_eq!(What::TrueUp.to_string(), "true-up to the minimum");
}

/// A quantity of up to 6 places below 2000.
fn quantity() -> impl Strategy<Value = Decimal> {
    prop_oneof![(0i64..2_000_000_000, Just(6u32)), (0i64..2_000, Just(0u32)), (-50i64..0, Just(1u32)),]
        .prop_map(|(m, s)| Decimal::new(m, s))
}

/// One to five tiers with whole or fractional rising bounds; amounts are not negative.
fn tiers(flat_amounts: bool) -> impl Strategy<Value = Vec<Tier>> {
    let one = (1i64..4_000, 0i64..100_000, 0i64..5_000);
    (prop::collection::vec(one, 1..6), any::<bool>()).prop_map(move |(steps, open)| {
        let last = steps.len() - 1;
        let mut bound = Decimal::ZERO;
        let tier = |(i, (step, unit, flat)): (usize, (i64, i64, i64))| {
            bound += Decimal::new(step, 1);
            Tier {
                up_to: (i < last || !open).then_some(bound),
                unit_amount: Some(Decimal::new(unit, 4)),
                flat_amount: (flat_amounts && flat % 2 == 0).then(|| Decimal::new(flat, 2)),
            }
        };
        steps.into_iter().enumerate().map(tier).collect()
    })
}

fn tiered_model() -> impl Strategy<Value = Model> {
    prop::sample::select(vec![Model::Graduated, Model::Volume, Model::GraduatedPercentage])
}

fn dialect() -> impl Strategy<Value = Dialect> {
    prop::sample::select(Dialect::ALL.to_vec())
}

fn currency() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["USD", "JPY", "KWD"])
}

fn unrounded(quantity: Decimal, of: &Price, switches: Switches) -> Exact {
    Shares::of(quantity, of, switches).unwrap().sum().unwrap()
}

proptest! {
    #[test]
    fn a_graduated_price_never_falls_as_the_quantity_rises(
        t in tiers(true), a in quantity(), b in quantity(), s in dialect(), cur in currency(),
    ) {
        let p = price_of(Model::Graduated, cur, &t);
        let (low, high) = (a.min(b), a.max(b));
        prop_assert!(unrounded(low, &p, s.switches()) <= unrounded(high, &p, s.switches()));
        let rounded = |q| price(q, &p, KILLBILL, None).unwrap().amount;
        prop_assert!(rounded(low) <= rounded(high));
    }

    #[test]
    fn without_flat_amounts_a_graduated_price_has_no_jump_at_a_bound(t in tiers(false), n in 0usize..5) {
        let p = price_of(Model::Graduated, "USD", &t);
        let tier = p.tiers()[n % t.len()];
        let step = Decimal::new(1, 18);
        let bound = tier.up_to.unwrap_or(Decimal::ONE_HUNDRED);
        let rise = unrounded(bound + step, &p, STANDARD).sub(unrounded(bound, &p, STANDARD)).unwrap();
        let dearest = t.iter().filter_map(|t| t.unit_amount).max().unwrap();
        prop_assert!(!rise.is_negative());
        prop_assert!(rise <= Exact::from(dearest).mul(step.into()).unwrap());
    }

    #[test]
    fn graduated_is_the_sum_of_what_each_unit_costs(t in tiers(false), q in 0u32..300) {
        // Bounds in tenths: price a tenth at a time, each at the tier its end falls in.
        let p = price_of(Model::Graduated, "USD", &t);
        let last = t.len() - 1;
        let mut sum = Decimal::ZERO;
        for i in 1..=q {
            let at = Decimal::new(i.into(), 1);
            let tier = t.iter().find(|t| t.up_to.is_none_or(|b| at <= b)).unwrap_or(&t[last]);
            sum += tier.unit_amount.unwrap() * Decimal::new(1, 1);
        }
        prop_assert_eq!(unrounded(Decimal::new(q.into(), 1), &p, STANDARD), Exact::from(sum));
    }

    #[test]
    fn tiers_of_one_unit_amount_price_as_a_flat_price(
        t in tiers(false), m in tiered_model(), q in quantity(), d in dialect(), cur in currency(),
    ) {
        let unit = t[0].unit_amount;
        let t: Vec<Tier> = t.into_iter().map(|t| Tier { unit_amount: unit, ..t }).collect();
        let one = price_of(Model::Flat, cur, &[Tier { up_to: None, ..t[0] }]);
        let many = price_of(m, cur, &t);
        prop_assert_eq!(unrounded(q, &many, d.switches()), unrounded(q, &one, d.switches()));
        let once = Switches { rounding: Rounding::Once, ..d.switches() };
        prop_assert_eq!(
            price(q, &many, once, None).unwrap().amount,
            price(q, &one, once, None).unwrap().amount
        );
    }

    #[test]
    fn an_included_quantity_shifts_the_price(
        t in tiers(true), m in tiered_model(), q in quantity(), inc in 0i64..5_000, d in dialect(),
    ) {
        let p = price_of(m, "USD", &t);
        let included = Decimal::new(inc, 1);
        let shifted = Price { included_quantity: Some(included), ..p.clone() };
        let q = q.max(Decimal::ZERO);
        prop_assert_eq!(
            price(q + included, &shifted, d.switches(), None),
            price(q, &p, d.switches(), None)
        );
    }

    #[test]
    fn the_orders_of_rounding_differ_by_at_most_half_a_minor_unit_a_line(
        t in tiers(true), m in tiered_model(), q in quantity(), cur in currency(), d in dialect(),
    ) {
        let p = price_of(m, cur, &t);
        let of = |rounding| price(q, &p, Switches { rounding, ..d.switches() }, None).unwrap();
        let (lines, once) = (of(Rounding::LineThenSum), of(Rounding::Once));
        let most = money::minor_unit(cur) * Decimal::from(lines.lines.len()) / Decimal::TWO;
        prop_assert!((lines.amount - once.amount).abs() <= most);
        prop_assert_eq!(lines.lines.iter().map(|l| l.amount).sum::<Decimal>(), lines.amount);
        let exact_sum: Decimal = once.lines.iter().map(|l| l.amount).sum();
        prop_assert_eq!(money::round(exact_sum.into(), cur).unwrap(), once.amount);
    }

    #[test]
    fn the_amount_is_at_least_the_minimum_and_at_least_the_usage(
        t in tiers(true), m in tiered_model(), q in quantity(), min in 0i64..500_000, days in 0u32..31,
        d in dialect(),
    ) {
        let without = price_of(m, "USD", &t);
        let p = Price { minimum_amount: Some(Decimal::new(min, 2)), ..without.clone() };
        let part = Some(PartPeriod { days, period_days: 31 });
        let whole = price(q, &p, d.switches(), None).unwrap();
        let partly = price(q, &p, d.switches(), part).unwrap();
        let usage = price(q, &without, d.switches(), None).unwrap().amount;
        prop_assert_eq!(whole.amount, usage.max(Decimal::new(min, 2)));
        prop_assert_eq!(whole.minimum_applied, whole.amount > usage);
        prop_assert_eq!(partly.amount, usage.max(p.minimum_for(part).unwrap()));
        prop_assert!(partly.amount <= whole.amount);
    }

    #[test]
    fn the_order_of_the_rows_does_not_matter(
        t in tiers(true), m in tiered_model(), seed in prop::collection::vec(any::<u32>(), 5),
    ) {
        let rows: Vec<PriceRow<'_>> = t.iter().zip(1..).map(|(t, n)| PriceRow {
            tier: n * 10, model: m, currency: "USD", up_to: t.up_to, unit_amount: t.unit_amount,
            flat_amount: t.flat_amount, package_size: None, included_quantity: None, minimum_amount: None,
            dialect: None,
        }).collect();
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|i| seed[*i]);
        let shuffled: Vec<PriceRow<'_>> = order.into_iter().map(|i| rows[i]).collect();
        prop_assert_eq!(Price::from_rows("p", &rows), Price::from_rows("p", &shuffled));
    }

    #[test]
    fn packages_are_the_least_number_that_holds_the_quantity(
        q in quantity(), size in 1i64..3_000, scale in 0u32..4,
    ) {
        let size = Decimal::new(size, scale);
        let p = Price { package_size: Some(size), ..package("1", "1") };
        let count = price(q, &p, STANDARD, None).unwrap().amount;
        prop_assert!(count * size >= q);
        prop_assert!(count.is_zero() || (count - Decimal::ONE) * size < q);
    }

    #[test]
    fn an_amount_billed_by_a_single_mistake_is_explained_by_it(
        t in tiers(true), m in tiered_model(), q in quantity(), inc in 1i64..3_000, min in 0i64..50_000,
        d in dialect(), other in dialect(), which in 0usize..5,
    ) {
        let p = Price {
            included_quantity: Some(Decimal::new(inc, 1)),
            minimum_amount: Some(Decimal::new(min, 2)),
            ..price_of(m, "USD", &t)
        };
        let mode = if m == Model::Volume { Model::Graduated } else { Model::Volume };
        let (id, billed) = match which {
            0 => ("other-dialect", price(q, &p, other.switches(), None)),
            1 => ("wrong-tier-mode", price(q, &Price { model: mode, ..p.clone() }, d.switches(), None)),
            2 => {
                let p = Price { included_quantity: None, ..p.clone() };
                ("included-ignored", price(q, &p, d.switches(), None))
            }
            3 => {
                let p = Price { minimum_amount: None, ..p.clone() };
                ("commitment-ignored", price(q, &p, d.switches(), None))
            }
            _ => ("overage-ignored", price(q.min(Decimal::new(inc, 1)), &p, d.switches(), None)),
        };
        let billed = billed.unwrap().amount;
        let expected = price(q, &p, d.switches(), None).unwrap().amount;
        let causes = explain_amount(billed, q, &p, d.switches(), None, &Alternatives::default());
        if billed == expected {
            prop_assert_eq!(causes, []);
        } else {
            let named = |id| causes.iter().any(|c| c.id == id);
            prop_assert!(named(id) || (which == 0 && named("rounding-order")), "{id}: {causes:?}");
            prop_assert!(causes.iter().all(|c| c.residue.is_zero()));
        }
    }
}

//! Usage events and what was billed for them in October 2026, as a customer base in New York would see it.
//!
//! Accounts differ as customers do: the largest has a share of the events, the second half of it, the third a third.
//! Of 500 accounts, five are billed 6 to 30 % too much or too little, five for the days of UTC instead of New York's,
//! two not at all (only where 500 or more exist, all of them), and one for what it never used. Some events come twice
//! under their id. After October's end lie three ids with two contents each, and two events that came three times
//! under different ids. What must be found follows from sums that are kept while the events are written.

use crate::{
    common::data::{Made, Table, made},
    rng::Dice,
};
use anyhow::Result;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt, path::Path};

/// The zone that billing and metering agreed on. All of October lies at UTC−4 there.
pub(crate) const ZONE: &str = "America/New_York";

const METRICS: [&str; 3] = ["api_calls", "storage_gb_hours", "compute_seconds"];
/// USD a million units, for each metric.
const PRICES: [i64; 3] = [40, 23_000, 1_200];
const SOURCES: [&str; 4] = ["gateway", "batch", "agent", "import"];
const REGIONS: [&str; 5] = ["us-east-1", "us-west-2", "eu-central-1", "eu-west-1", "ap-south-1"];

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// Milliseconds after 2026-09-30T00:00:00Z, where the events begin.
const SPAN: i64 = 33 * DAY;
/// October begins at 00:00 of New York, as milliseconds of that count.
const OCTOBER: i64 = DAY + 4 * HOUR;
/// How many late events a redelivery picks from.
const RECENT: usize = 100_000;

/// How the events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// CSV.
    Csv,
    /// CloudEvents, an object a line.
    CloudEvents,
}

/// What to make.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) events: u64,
    pub(crate) accounts: u64,
    pub(crate) form: Form,
    /// Of a thousand rows, so many repeat an earlier one.
    pub(crate) repeated: u64,
    /// The events are cut into so many files.
    pub(crate) files: u64,
    /// Whether a row a day is billed as well.
    pub(crate) daily: bool,
    /// Whether accounts, subscriptions and prices are exported as well.
    pub(crate) company: bool,
}

impl Shape {
    /// The usual one.
    pub(crate) fn new(events: u64, accounts: u64) -> Shape {
        Shape { events, accounts, form: Form::Csv, repeated: 5, files: 1, daily: false, company: false }
    }

    /// The names of the files of events.
    pub(crate) fn names(&self) -> Vec<String> {
        let end = if self.form == Form::Csv { "csv" } else { "ndjson" };
        (0..self.files).map(|n| format!("usage_events-{n:02}.{end}")).collect()
    }

    /// The exports, made where they are not there yet.
    pub(crate) fn made(&self, dir: &Path) -> Result<Made> {
        let Shape { events, accounts, form, repeated, files, daily, company } = self;
        let name = format!("events-{events}-{accounts}-{form:?}-{repeated}-{files}-{daily}-{company}");
        made(dir, &name.to_lowercase(), |folder| World::new(self).write(folder))
    }
}

/// Millionths of a unit, as a decimal without zeros at its end.
struct Quantity(i64);

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, mut part, mut places) = (self.0 / 1_000_000, self.0 % 1_000_000, 6);
        if part == 0 {
            return write!(f, "{whole}");
        }
        while part % 10 == 0 {
            part /= 10;
            places -= 1;
        }
        write!(f, "{whole}.{part:0places$}")
    }
}

/// The price of a quantity in millionths at USD a million units: 10⁻¹² USD, rounded half up to cents.
fn cents(quantity: i64, price: i64) -> i128 {
    (i128::from(quantity) * i128::from(price) + 5_000_000_000) / 10_000_000_000
}

/// Milliseconds after the beginning, as RFC 3339.
struct Moment(i64);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (day, rest) = (self.0 / DAY, self.0 % DAY);
        let (month, day) = match day {
            0 => (9, 30),
            1..=31 => (10, day),
            _ => (11, day - 31),
        };
        let (h, m, s, ms) = (rest / HOUR, rest / 60_000 % 60, rest / 1000 % 60, rest % 1000);
        write!(f, "2026-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}.{ms:03}Z")
    }
}

#[derive(Clone)]
struct Event {
    id: (u64, u64),
    at: i64,
    account: u64,
    metric: usize,
    quantity: i64,
    place: u8,
}

impl Event {
    fn write(&self, table: &mut Table, form: Form) -> Result<()> {
        let (a, b) = self.id;
        let id = format_args!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            a >> 32,
            a >> 16 & 0xffff,
            a & 0xfff,
            b >> 48 & 0x3fff | 0x8000,
            b & 0xffff_ffff_ffff
        )
        .to_string();
        let (at, quantity, metric) = (Moment(self.at), Quantity(self.quantity), METRICS[self.metric]);
        let (source, region) = (SOURCES[self.place as usize % 4], REGIONS[self.place as usize % 5]);
        let account = self.account;
        match form {
            Form::Csv => {
                table.row(format_args!("{id},{at},acct_{account:07},{metric},{quantity},{region},{source}"))
            }
            Form::CloudEvents => table.row(format_args!(
                r#"{{"specversion":"1.0","id":"{id}","source":"{source}","type":"{metric}","time":"{at}","subject":"acct_{account:07}","data":{{"value":{quantity}}}}}"#
            )),
        }
    }
}

/// How an account is billed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Billing {
    Right,
    /// Thousandths of what is right.
    Scaled(i64),
    UtcDays,
    Never,
    Unused,
}

fn billing(account: u64) -> Billing {
    match account % 500 {
        17 | 117 | 217 => Billing::Scaled(1060 + account as i64 * 7 % 240),
        317 | 417 => Billing::Scaled(940 - account as i64 * 7 % 240),
        41 | 141 | 241 | 341 | 441 => Billing::UtcDays,
        63 | 263 => Billing::Never,
        77 => Billing::Unused,
        _ => Billing::Right,
    }
}

/// Sums of what was used, millionths: by account, metric, and the day of October where days are billed.
struct Sums {
    cells: Vec<i64>,
    days: usize,
}

impl Sums {
    fn new(accounts: u64, daily: bool) -> Sums {
        let days = if daily { 31 } else { 1 };
        Sums { cells: vec![0; accounts as usize * 3 * days], days }
    }

    /// Counts an event that took place so many milliseconds after October's begin.
    fn add(&mut self, account: u64, metric: usize, since: i64, quantity: i64) {
        if (0..31 * DAY).contains(&since) {
            let day = if self.days == 1 { 0 } else { (since / DAY) as usize };
            self.cells[(account as usize * 3 + metric) * self.days + day] += quantity;
        }
    }

    fn of(&self, account: u64, metric: usize) -> &[i64] {
        let at = (account as usize * 3 + metric) * self.days;
        &self.cells[at..at + self.days]
    }
}

/// What must be found, for one kind of period.
#[derive(Default)]
struct Expected {
    by_code: BTreeMap<&'static str, u64>,
    lines: u64,
    /// USD a million units, where a price list is exported: what is worth less than half a cent is no finding then.
    prices: Option<[i64; 3]>,
}

impl Expected {
    fn count(&mut self, code: &'static str) {
        *self.by_code.entry(code).or_default() += 1;
    }

    /// One period of an account and metric; whether it is beyond 5 %.
    fn judge(&mut self, metric: usize, metered: i64, billed: Option<i64>) {
        self.lines += u64::from(billed.is_some());
        let delta = i128::from(billed.unwrap_or(0)) - i128::from(metered);
        match (metered, billed) {
            (0, None) => {}
            (_, None) if self.prices.is_some_and(|p| cents(metered, p[metric]) == 0) => {}
            (_, None) => self.count("reconcile/unbilled-usage"),
            (0, Some(1..)) => self.count("reconcile/billed-without-usage"),
            _ if delta.abs() * 20 > i128::from(metered) => self.count("reconcile/quantity-mismatch"),
            _ if delta != 0 => self.count("reconcile/quantity-drift"),
            _ => {}
        }
    }

    /// What a query that looks only for quantities beyond 5 % finds.
    fn flagged(&self) -> u64 {
        let codes =
            ["reconcile/unbilled-usage", "reconcile/billed-without-usage", "reconcile/quantity-mismatch"];
        codes.iter().filter_map(|c| self.by_code.get(c)).sum()
    }

    fn json(&self) -> Value {
        json!({ "by_code": self.by_code, "lines": self.lines, "flagged": self.flagged() })
    }
}

struct World<'s> {
    shape: &'s Shape,
    dice: Dice,
    /// The accounts from the largest on.
    order: Vec<u64>,
    /// The share of the events that the largest accounts have, up to and with each.
    shares: Vec<f64>,
    used: Sums,
    /// By the days of UTC.
    used_utc: Sums,
    recent: Vec<Event>,
    repeated: [u64; 3],
}

impl<'s> World<'s> {
    fn new(shape: &'s Shape) -> World<'s> {
        let mut dice = Dice::new(20_261_001);
        let mut order: Vec<u64> = (0..shape.accounts).collect();
        for i in (1..order.len()).rev() {
            order.swap(i, dice.below(i as u64 + 1) as usize);
        }
        let mut shares: Vec<f64> = Vec::with_capacity(order.len());
        for rank in 1..=order.len() {
            shares.push(shares.last().copied().unwrap_or(0.0) + 1.0 / rank as f64);
        }
        World {
            shape,
            dice,
            order,
            shares,
            used: Sums::new(shape.accounts, shape.daily),
            used_utc: Sums::new(shape.accounts, shape.daily),
            recent: Vec::new(),
            repeated: [0; 3],
        }
    }

    fn account(&mut self) -> u64 {
        let all = self.shares.last().copied().unwrap_or(1.0);
        let at = self.dice.below(1 << 53) as f64 / (1u64 << 53) as f64 * all;
        let rank = self.shares.partition_point(|s| *s <= at);
        self.order[rank.min(self.order.len() - 1)]
    }

    /// Few large quantities of calls, many small ones; hours and seconds with up to six places.
    fn quantity(&mut self, metric: usize) -> i64 {
        let chance = self.dice.below(1000) as i64;
        match metric {
            0 => (1 + chance * chance * chance / 1_000_000) * 1_000_000,
            1 => 1 + self.dice.below(50_000_000) as i64,
            _ if chance < 333 => 1 + self.dice.below(3_600_000_000) as i64,
            _ => (1 + self.dice.below(3_600_000) as i64) * 1000,
        }
    }

    fn event(&mut self, at: i64) -> Event {
        let metric = [0, 0, 0, 0, 0, 0, 1, 2, 2, 2][self.dice.below(10) as usize];
        Event {
            id: (self.dice.bits(), self.dice.bits()),
            at,
            account: self.account(),
            metric,
            quantity: self.quantity(metric),
            place: self.dice.below(20) as u8,
        }
    }

    /// The next row at about that moment: a new event, or one of the last again.
    fn next(&mut self, at: i64) -> Event {
        if !self.recent.is_empty() && self.dice.below(1000) < self.shape.repeated {
            let again = self.dice.below(self.recent.len() as u64) as usize;
            let event = self.recent[again].clone();
            self.repeated[event.metric] += 1;
            return event;
        }
        let late = self.dice.below(60_000) as i64;
        let event = self.event((at - late).max(0));
        let Event { at, account, metric, quantity, .. } = event;
        self.used.add(account, metric, at - OCTOBER, quantity);
        self.used_utc.add(account, metric, at - DAY, quantity);
        if self.recent.len() < RECENT {
            self.recent.push(event.clone());
        } else {
            let old = self.dice.below(RECENT as u64) as usize;
            self.recent[old] = event.clone();
        }
        event
    }

    fn write(mut self, folder: &Path) -> Result<Value> {
        let Shape { events, form, files, .. } = *self.shape;
        let header = if form == Form::Csv {
            "event_id,timestamp,account_id,metric,quantity,region,source"
        } else {
            ""
        };
        let mut rows = 0;
        for (n, name) in self.shape.names().iter().enumerate() {
            let n = n as u64;
            let mut table = Table::create(folder, name, header)?;
            for i in events * n / files..events * (n + 1) / files {
                let at = i128::from(i) * i128::from(SPAN) / i128::from(events);
                self.next(at as i64).write(&mut table, form)?;
            }
            if n + 1 == files {
                self.faulty_events(&mut table)?;
            }
            rows += table.finish()?;
        }
        let repeated = self.repeated;
        // The day after the last one: as many events as a day has, and some of the last days' again.
        let mut table = Table::create(folder, &self.later(), header)?;
        let count = events * 33 / 1000;
        for i in 0..count {
            let at = SPAN + (i128::from(i) * i128::from(DAY) / i128::from(count)) as i64;
            self.next(at).write(&mut table, form)?;
        }
        let later = table.finish()?;
        let mut month = self.bill(folder, "billed_month.csv", false)?;
        let mut day = if self.shape.daily { Some(self.bill(folder, "billed_day.csv", true)?) } else { None };
        for expected in [Some(&mut month), day.as_mut()].into_iter().flatten() {
            let metrics = repeated.iter().filter(|n| **n > 0).count() as u64;
            let found = [
                ("reconcile/conflicting-events", 3),
                ("reconcile/suspected-duplicates", 2),
                ("reconcile/duplicate-events", metrics),
            ];
            expected.by_code.extend(found.into_iter().filter(|(_, n)| *n > 0));
        }
        if self.shape.company {
            self.company(folder)?;
        }
        let named = |counts: [u64; 3]| METRICS.iter().zip(counts).collect::<BTreeMap<_, _>>();
        Ok(json!({
            "rows": rows,
            "repeated": named(repeated),
            "later": { "rows": later, "repeated": named(self.repeated) },
            "month": month.json(),
            "day": day.map(|d| d.json()),
        }))
    }

    /// The file of the day after.
    fn later(&self) -> String {
        self.shape.names()[0].replace("usage_events-00", "later_day")
    }

    /// One id with two contents, thrice, and two events under three ids each, on 1 November.
    fn faulty_events(&mut self, table: &mut Table) -> Result<()> {
        for n in 0..3 {
            let mut event = self.event(32 * DAY + 12 * HOUR + n);
            event.write(table, self.shape.form)?;
            event.quantity += 1_000_000;
            event.write(table, self.shape.form)?;
        }
        for n in 0..2 {
            let event = self.event(32 * DAY + 13 * HOUR + 1);
            for _ in 0..3 {
                let id = (self.dice.bits(), self.dice.bits());
                // Two accounts: what is alike in one account and metric is one finding.
                Event { id, account: n, ..event.clone() }.write(table, self.shape.form)?;
            }
        }
        Ok(())
    }

    /// Everybody on one plan, at the prices that are billed.
    fn company(&self, folder: &Path) -> Result<()> {
        let mut accounts = Table::create(folder, "accounts.csv", "account_id,name,status,plan,currency")?;
        let header =
            "subscription_id,account_id,plan,status,current_period_start,current_period_end,timezone";
        let mut subscriptions = Table::create(folder, "subscriptions.csv", header)?;
        for n in 0..self.shape.accounts {
            accounts.row(format_args!("acct_{n:07},Customer {n},active,usage,USD"))?;
            subscriptions
                .row(format_args!("sub_{n:07},acct_{n:07},usage,active,2026-10-01,2026-11-01,{ZONE}"))?;
        }
        accounts.finish()?;
        subscriptions.finish()?;
        let header = "price_id,plan,metric,model,currency,tier,unit_amount";
        let mut prices = Table::create(folder, "prices.csv", header)?;
        for (metric, price) in METRICS.iter().zip(PRICES) {
            prices.row(format_args!("price_{metric},usage,{metric},flat,USD,1,{}", Quantity(price)))?;
        }
        prices.finish()?;
        Ok(())
    }

    /// Writes what was billed, a row a month or a day.
    fn bill(&self, folder: &Path, name: &str, by_day: bool) -> Result<Expected> {
        const HEADER: &str = "account_id,metric,period_start,period_end,quantity,amount,currency,timezone";
        let mut table = Table::create(folder, name, HEADER)?;
        let prices = self.shape.company.then_some(PRICES);
        let mut expected = Expected { prices, ..Expected::default() };
        let date =
            |day: usize| if day < 31 { format!("2026-10-{:02}", day + 1) } else { "2026-11-01".to_owned() };
        for account in 0..self.shape.accounts {
            for (metric, called) in METRICS.iter().enumerate() {
                let (used, used_utc) = (self.used.of(account, metric), self.used_utc.of(account, metric));
                let mut last: Option<usize> = None;
                let periods = if by_day { 31 } else { 1 };
                for period in 0..periods {
                    let sum = |s: &[i64]| if by_day { s[period] } else { s.iter().sum() };
                    let metered = sum(used);
                    let right = |q: i64| (q > 0).then_some(q);
                    let billed = match billing(account) {
                        Billing::Right => right(metered),
                        Billing::Scaled(by) => right((i128::from(metered) * i128::from(by) / 1000) as i64),
                        Billing::UtcDays => right(sum(used_utc)),
                        Billing::Never => None,
                        Billing::Unused => Some(if metered == 0 { 7_000_000 } else { metered }),
                    };
                    expected.judge(metric, metered, billed);
                    let Some(billed) = billed else { continue };
                    if last.is_some_and(|l| l + 1 < period) {
                        expected.count("reconcile/period-gap");
                    }
                    last = Some(period);
                    let cents = cents(billed, PRICES[metric]);
                    let to = if by_day { date(period + 1) } else { date(31) };
                    table.row(format_args!(
                        "acct_{account:07},{called},{},{to},{},{}.{:02},USD,{ZONE}",
                        date(period),
                        Quantity(billed),
                        cents / 100,
                        cents % 100
                    ))?;
                }
            }
        }
        table.finish()?;
        Ok(expected)
    }
}

//! What accounts did day by day, held densely: 32 bytes an account and day.

use crate::{
    data::{At, records::Text},
    judge::pieces,
};
use chrono::{Datelike as _, NaiveDate};
use std::collections::{HashMap, VecDeque};

/// Days since the year 1: differences are days, and windows are half-open `[from, to)`.
pub(super) type Day = i32;

/// The number of a date.
pub(super) fn number(date: NaiveDate) -> Day {
    date.num_days_from_ce()
}

/// The date of a number.
pub(super) fn date(day: Day) -> NaiveDate {
    NaiveDate::from_num_days_from_ce_opt(day).unwrap_or(NaiveDate::MAX)
}

/// A feature's number in an [`Activity`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeatureId(pub(super) u32);

/// What an account did on one day. Empty cells are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Logins; more than 4,294,967,295 are taken for that many.
    pub logins: u64,
    /// Active users; likewise.
    pub active_users: u64,
    /// API calls.
    pub api_calls: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Use {
    api: u64,
    /// A bit for each of the account's first 64 features.
    features: u64,
    logins: u32,
    users: u32,
    /// Where its row stands; line 0 where there is none.
    line: u32,
    file: u32,
}

/// One account's days from its first to its last; days between without a row are zeros.
#[derive(Clone, Debug, Default)]
pub(super) struct Daily {
    first: Day,
    days: VecDeque<Use>,
    /// The features behind the bits.
    features: Vec<FeatureId>,
    /// Uses of features beyond the first 64, as indices into `features`.
    more: Vec<(Day, u32)>,
    /// The first day with an API call, kept days or not.
    first_call: Option<Day>,
}

impl Daily {
    fn slot(&mut self, day: Day) -> Option<&mut Use> {
        if self.days.is_empty() {
            self.first = day;
        }
        while day < self.first {
            self.days.push_front(Use::default());
            self.first -= 1;
        }
        let at = usize::try_from(day - self.first).ok()?;
        if at == self.days.len() {
            self.days.push_back(Use::default());
        } else if at > self.days.len() {
            self.days.resize(at + 1, Use::default());
        }
        self.days.get_mut(at)
    }

    fn local(&mut self, feature: FeatureId) -> usize {
        self.features.iter().position(|f| *f == feature).unwrap_or_else(|| {
            self.features.push(feature);
            self.features.len() - 1
        })
    }

    fn add(&mut self, day: Day, counts: Counts, features: &[FeatureId], at: At) {
        let mut bits = 0u64;
        for &f in features {
            match self.local(f) {
                at @ 0..64 => bits |= 1 << at,
                at => self.more.push((day, at as u32)),
            }
        }
        if let Some(slot) = self.slot(day) {
            *slot = Use {
                api: counts.api_calls,
                features: bits,
                logins: u32::try_from(counts.logins).unwrap_or(u32::MAX),
                users: u32::try_from(counts.active_users).unwrap_or(u32::MAX),
                line: u32::try_from(at.line).unwrap_or(0),
                file: at.file,
            };
        }
    }

    /// Takes over the days of the same account from another activity, whose features have the numbers `features` here.
    fn absorb(&mut self, other: Daily, features: &[FeatureId]) {
        let Daily { first, days, features: own, more, first_call } = other;
        self.first_call = self.first_call.into_iter().chain(first_call).min();
        let local: Vec<usize> = own.iter().map(|f| self.local(features[f.0 as usize])).collect();
        if days.is_empty() {
            return;
        }
        let last = first.saturating_add(i32::try_from(days.len()).unwrap_or(i32::MAX) - 1);
        if self.days.is_empty() {
            self.first = first;
        }
        if last >= self.first {
            let len = usize::try_from(last - self.first).unwrap_or(0) + 1;
            self.days.reserve_exact(len.saturating_sub(self.days.len()));
        }
        for (day, mut one) in (first..).zip(days) {
            if one.line == 0 {
                continue;
            }
            let (mut theirs, mut bits) = (std::mem::take(&mut one.features), 0u64);
            while theirs != 0 {
                match local[theirs.trailing_zeros() as usize] {
                    at @ 0..64 => bits |= 1 << at,
                    at => self.more.push((day, at as u32)),
                }
                theirs &= theirs - 1;
            }
            one.features = bits;
            if let Some(slot) = self.slot(day) {
                *slot = one;
            }
        }
        for (day, at) in more {
            match local[at as usize] {
                at @ 0..64 => {
                    if let Some(slot) = self.slot(day) {
                        slot.features |= 1 << at;
                    }
                }
                at => self.more.push((day, at as u32)),
            }
        }
    }

    fn window(&self, from: Day, to: Day) -> impl Iterator<Item = &Use> {
        let at = |day: Day| usize::try_from(day.saturating_sub(self.first)).unwrap_or(0).min(self.days.len());
        let (from, to) = (at(from), at(to));
        self.days.range(from..to.max(from))
    }

    /// Sums over `[from, to)`: logins, active users, API calls.
    pub(super) fn sums(&self, from: Day, to: Day) -> (u64, u64, u128) {
        self.window(from, to).fold((0, 0, 0), |(l, u, a), day| {
            (l + u64::from(day.logins), u + u64::from(day.users), a + u128::from(day.api))
        })
    }

    /// Each day's logins and API calls over `[from, to)`; zeros outside the account's days.
    pub(super) fn counts(&self, from: Day, to: Day) -> impl Iterator<Item = (u64, u64)> {
        (from..to).map(|day| {
            let at = usize::try_from(day - self.first).ok();
            let day = at.and_then(|at| self.days.get(at)).copied().unwrap_or_default();
            (u64::from(day.logins), day.api)
        })
    }

    /// Whether an API call was made before a day.
    pub(super) fn called_before(&self, day: Day) -> bool {
        self.first_call.is_some_and(|first| first < day)
    }

    /// The features used over `[from, to)`, a call each day and feature.
    pub(super) fn each_use(&self, from: Day, to: Day, mut f: impl FnMut(Day, FeatureId)) {
        let from = from.max(self.first);
        for (day, one) in (from..to).zip(self.window(from, to)) {
            let mut bits = one.features;
            while bits != 0 {
                f(day, self.features[bits.trailing_zeros() as usize]);
                bits &= bits - 1;
            }
        }
        for &(day, at) in self.more.iter().filter(|(day, _)| (from..to).contains(day)) {
            f(day, self.features[at as usize]);
        }
    }

    /// Where the rows of `[from, to)` stand.
    pub(super) fn rows(&self, from: Day, to: Day) -> impl Iterator<Item = At> {
        self.window(from, to).filter(|d| d.line > 0).map(|d| At { file: d.file, line: d.line.into() })
    }

    /// The features that are ever named, in no order.
    pub(super) fn features(&self) -> &[FeatureId] {
        &self.features
    }

    /// Whether anything was done over `[from, to)`: a login, a call, an active user or a feature.
    pub(super) fn used(&self, from: Day, to: Day) -> bool {
        let some = self.window(from, to).any(|d| d.logins > 0 || d.users > 0 || d.api > 0 || d.features != 0);
        some || self.more.iter().any(|(day, _)| (from..to).contains(day))
    }

    /// The last day before `to` on which anything was done.
    pub(super) fn last_use(&self, to: Day) -> Option<Day> {
        let end = self.first.saturating_add(i32::try_from(self.days.len()).ok()?).min(to);
        (self.first..end).rev().find(|&d| self.used(d, d + 1))
    }
}

/// The columns that an activity export has; what it lacks is unknown, not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// `logins`.
    pub logins: bool,
    /// `active_users`.
    pub active_users: bool,
    /// `api_calls`.
    pub api_calls: bool,
    /// `features_used`.
    pub features: bool,
}

impl Measured {
    /// All of them.
    pub const ALL: Measured = Measured { logins: true, active_users: true, api_calls: true, features: true };
}

/// The activity of all accounts, filled row by row from any source and in any order.
#[derive(Clone, Debug)]
pub struct Activity {
    /// What the export measures.
    pub measured: Measured,
    /// `[from, to)`
    keep: (Day, Day),
    span: Option<(Day, Day)>,
    accounts: HashMap<Text, usize, foldhash::fast::RandomState>,
    daily: Vec<Daily>,
    /// The accounts' ids by number, and the number of the account whose row followed that of each.
    ids: Vec<Text>,
    followers: Vec<u32>,
    features: HashMap<Text, FeatureId, foldhash::fast::RandomState>,
    names: Vec<Text>,
}

impl Activity {
    /// Empty. Of days outside `[from, to)` only the span and an account's first API call are kept; see
    /// [`super::Formula::reach`].
    pub fn new(measured: Measured, from: NaiveDate, to: NaiveDate) -> Activity {
        Activity {
            measured,
            keep: (number(from), number(to)),
            span: None,
            accounts: HashMap::default(),
            daily: Vec::new(),
            ids: Vec::new(),
            followers: Vec::new(),
            features: HashMap::default(),
            names: Vec::new(),
        }
    }

    /// The number of an account, for [`Activity::add`].
    pub fn account(&mut self, id: &Text) -> usize {
        if let Some(&at) = self.accounts.get(id) {
            return at;
        }
        self.daily.push(Daily::default());
        self.ids.push(*id);
        self.accounts.insert(*id, self.daily.len() - 1);
        self.daily.len() - 1
    }

    /// The number of the account whose row followed that of another before, where it is the one that is looked for.
    pub fn follower(&self, before: Option<usize>, is: impl Fn(&str) -> bool) -> Option<usize> {
        let guess = *self.followers.get(before?)? as usize;
        self.ids.get(guess).is_some_and(|known| is(known)).then_some(guess)
    }

    /// The number of the account whose row follows that of another; quick where it was so before.
    pub fn account_after(&mut self, before: Option<usize>, id: &str) -> usize {
        if let Some(known) = self.follower(before, |known| *known == *id) {
            return known;
        }
        let account = self.account(&id.into());
        if let Some(before) = before {
            self.followers.resize(self.daily.len(), 0);
            self.followers[before] = account as u32;
        }
        account
    }

    /// The number of a feature.
    pub fn feature(&mut self, name: &str) -> FeatureId {
        let name = Text::from(name);
        if let Some(&id) = self.features.get(&name) {
            return id;
        }
        let id = FeatureId(self.names.len() as u32);
        self.names.push(name);
        self.features.insert(name, id);
        id
    }

    /// Sets a day of an account, with where its row stands. A day is given once; the source has settled which of two
    /// rows counts.
    pub fn add(&mut self, account: usize, date: NaiveDate, counts: Counts, features: &[FeatureId], at: At) {
        let day = number(date);
        let (first, last) = self.span.unwrap_or((day, day));
        self.span = Some((first.min(day), last.max(day)));
        let Some(daily) = self.daily.get_mut(account) else { return };
        if counts.api_calls > 0 && daily.first_call.is_none_or(|first| day < first) {
            daily.first_call = Some(day);
        }
        if (self.keep.0..self.keep.1).contains(&day) {
            daily.add(day, counts, features, at);
        }
    }

    /// Takes over what another activity of the same export, with other rows of it, was filled with.
    pub fn absorb(&mut self, other: Activity) {
        let features: Vec<FeatureId> = other.names.iter().map(|name| self.feature(name)).collect();
        let mut theirs = other.daily;
        let mut given: Vec<(usize, Daily)> = other
            .accounts
            .into_iter()
            .map(|(id, at)| (self.account(&id), std::mem::take(&mut theirs[at])))
            .collect();
        given.sort_unstable_by_key(|(mine, _)| *mine);
        let mut given = given.into_iter().peekable();
        let mut pairs: Vec<(&mut Daily, Daily)> = self
            .daily
            .iter_mut()
            .enumerate()
            .filter_map(|(at, mine)| Some((mine, given.next_if(|(to, _)| *to == at)?.1)))
            .collect();
        pieces::change(&mut pairs, |(mine, theirs)| mine.absorb(std::mem::take(theirs), &features));
        if let Some((first, last)) = other.span {
            let (a, b) = self.span.unwrap_or((first, last));
            self.span = Some((a.min(first), b.max(last)));
        }
    }

    /// The first and the last date that any account has a row for: the days that the export covers.
    pub fn span(&self) -> Option<(NaiveDate, NaiveDate)> {
        self.span.map(|(a, b)| (date(a), date(b)))
    }

    pub(super) fn span_days(&self) -> Option<(Day, Day)> {
        self.span
    }

    /// The accounts that have a row, in no order.
    pub fn accounts(&self) -> impl Iterator<Item = &Text> {
        self.accounts.keys()
    }

    /// Whether an account has a row.
    pub fn knows(&self, account: &Text) -> bool {
        self.accounts.contains_key(account)
    }

    pub(super) fn of(&self, account: &Text) -> Option<&Daily> {
        self.accounts.get(account).map(|&at| &self.daily[at])
    }

    /// A feature's name.
    pub fn name(&self, feature: FeatureId) -> &Text {
        &self.names[feature.0 as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(logins: u64) -> Counts {
        Counts { logins, active_users: 1, api_calls: logins * 10 }
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn rows_may_come_in_any_order_and_days_without_one_are_zero() {
        let rows = [("2028-03-01", 3), ("2028-02-27", 1), ("2028-03-03", 5), ("2028-02-28", 2)];
        let mut orders = vec![rows.to_vec(), rows.iter().rev().copied().collect()];
        orders[1].swap(0, 2);
        for order in orders {
            let mut a = Activity::new(Measured::ALL, NaiveDate::MIN, NaiveDate::MAX);
            for (date, n) in order {
                let account = a.account(&"acct_1".into());
                a.add(account, day(date), counts(n), &[], At::default());
            }
            let first = number(day("2028-02-27"));
            let daily = a.of(&"acct_1".into()).unwrap();
            let logins: Vec<u64> = daily.counts(first - 1, first + 7).map(|(l, _)| l).collect();
            assert_eq!(logins, [0, 1, 2, 0, 3, 0, 5, 0], "29 February is a day like any other");
            assert_eq!(daily.sums(first + 1, first + 4), (5, 2, 50));
            assert_eq!(a.span(), Some((day("2028-02-27"), day("2028-03-03"))));
            assert_eq!(daily.last_use(first + 4), Some(first + 3));
            assert!(!daily.used(first + 2, first + 3) && daily.used(first + 2, first + 4));
        }
    }

    #[test]
    fn days_before_those_kept_still_count_for_the_span_and_the_first_call() {
        let mut a = Activity::new(Measured::ALL, day("2026-06-01"), day("2026-06-03"));
        let account = a.account(&"acct_1".into());
        a.add(account, day("2026-01-01"), counts(4), &[], At::default());
        a.add(account, day("2026-06-01"), counts(0), &[], At::default());
        a.add(account, day("2261-06-01"), counts(1), &[], At::default());
        assert_eq!(a.span(), Some((day("2026-01-01"), day("2261-06-01"))));
        let daily = a.of(&"acct_1".into()).unwrap();
        assert_eq!(daily.days.len(), 1);
        assert!(daily.called_before(number(day("2026-01-02"))));
        assert!(!daily.called_before(number(day("2026-01-01"))));
    }

    proptest::proptest! {
        #[test]
        fn activity_read_in_pieces_is_the_same_as_at_once(
            rows in proptest::collection::btree_map((0u8..3, 0u32..40), (0u64..3, proptest::collection::vec(0u8..80, 0..70)), 0..60),
            cut in 0usize..60,
        ) {
            type Key = (u8, u32);
            let fill = |a: &mut Activity, rows: &[(&Key, &(u64, Vec<u8>))]| {
                for (line, ((account, at), (n, features))) in (1..).zip(rows) {
                    let account = a.account(&format!("acct_{account}").into());
                    let features: Vec<FeatureId> = features.iter().map(|f| a.feature(&format!("f{f}"))).collect();
                    let date = day("2026-06-01") + chrono::TimeDelta::days((*at).into());
                    let place = At { file: 0, line: line + *n };
                    a.add(account, date, counts(*n), &features, place);
                }
            };
            let keep = || Activity::new(Measured::ALL, day("2026-06-05"), day("2026-07-05"));
            let rows: Vec<_> = rows.iter().collect();
            let (one, two) = rows.split_at(cut.min(rows.len()));
            let (mut whole, mut pieces, mut rest) = (keep(), keep(), keep());
            fill(&mut whole, one);
            fill(&mut whole, two);
            fill(&mut rest, two);
            fill(&mut pieces, one);
            pieces.absorb(rest);
            proptest::prop_assert_eq!(whole.span, pieces.span);
            let (from, to) = (number(day("2026-05-25")), number(day("2026-07-20")));
            for account in ["acct_0", "acct_1", "acct_2"].map(Text::from) {
                proptest::prop_assert_eq!(whole.knows(&account), pieces.knows(&account));
                let (Some(a), Some(b)) = (whole.of(&account), pieces.of(&account)) else { continue };
                let uses = |all: &Activity, daily: &Daily| {
                    let mut uses = std::collections::BTreeSet::new();
                    daily.each_use(from, to, |day, feature| {
                        uses.insert((day, *all.name(feature)));
                    });
                    uses
                };
                proptest::prop_assert_eq!(uses(&whole, a), uses(&pieces, b));
                proptest::prop_assert!(a.counts(from, to).eq(b.counts(from, to)));
                proptest::prop_assert!(a.rows(from, to).eq(b.rows(from, to)));
                proptest::prop_assert_eq!(a.first_call, b.first_call);
                proptest::prop_assert_eq!(a.last_use(to), b.last_use(to));
            }
        }
    }

    #[test]
    fn an_account_may_use_more_than_64_features() {
        let mut a = Activity::new(Measured::ALL, NaiveDate::MIN, NaiveDate::MAX);
        let account = a.account(&"acct_1".into());
        let all: Vec<FeatureId> = (0..100).map(|n| a.feature(&format!("f{n}"))).collect();
        a.add(account, day("2026-06-01"), counts(1), &all, At::default());
        a.add(account, day("2026-06-02"), counts(1), &all[70..], At::default());
        let at = number(day("2026-06-01"));
        let uses = |from, to| {
            let mut n = 0;
            a.of(&"acct_1".into()).unwrap().each_use(from, to, |_, _| n += 1);
            n
        };
        assert_eq!((uses(at, at + 1), uses(at + 1, at + 2), uses(at - 5, at + 9)), (100, 30, 130));
        assert_eq!(&**a.name(all[99]), "f99");
    }
}

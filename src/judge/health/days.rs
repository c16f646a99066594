//! Rows of activity made into an [`Activity`], on all cores.

use super::{Activity, Counts, FeatureId, Measured};
use crate::{
    cache::{Value, Word},
    data::{At, Cells, Data, Naming, Record as _, record, records::Text},
    model::time::Stamp,
    settings::Settings,
};
use anyhow::{Context as _, Result};
use chrono::NaiveDate;
use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
};

/// Fills the dense activity from the export's rows: days in `[from, to)`. The features of `listed` get the first numbers,
/// in their order; others as they are met, which depends on how the threads share the rows.
pub(super) fn load_activity(
    data: &Data<'_>,
    from: NaiveDate,
    to: NaiveDate,
    listed: &BTreeSet<&str>,
) -> Result<Activity> {
    let has = |column| data.has_column("activity", column);
    let measured = Measured {
        logins: has("logins"),
        active_users: has("active_users"),
        api_calls: has("api_calls"),
        features: has("features_used"),
    };
    let mut empty = Activity::new(measured, from, to);
    for name in listed {
        empty.feature(name);
    }
    let settings = data.settings;
    let start = || Reading {
        settings,
        activity: empty.clone(),
        negative: 0,
        lists: HashMap::default(),
        features: Vec::new(),
        words: Words::default(),
        last_account: None,
    };
    let mut pieces = data.fold(start, Reading::add, Reading::add_cells)?.into_iter();
    let Reading { mut activity, mut negative, .. } = pieces.next().unwrap_or_else(start);
    for piece in pieces {
        activity.absorb(piece.activity);
        negative += piece.negative;
    }
    if negative > 0 {
        data.note(format!("activity holds negative counts ({negative}); they were read as 0"));
    }
    Ok(activity)
}

record! {
    /// Of a day of activity what scores need.
    Day of "activity" {
        account_id: Text,
        date: NaiveDate,
        logins: Option<i64>,
        active_users: Option<i64>,
        api_calls: Option<i64>,
        /// The list as it is stored: millions of days share few of them.
        features_used: Option<Text>,
    }
}

/// Activity while it is read.
struct Reading<'d> {
    settings: &'d Settings,
    activity: Activity,
    /// Counts below 0.
    negative: u64,
    /// The number of each list that was met, and the features of each.
    lists: HashMap<Box<str>, usize, foldhash::fast::RandomState>,
    features: Vec<Vec<FeatureId>>,
    words: Words,
    /// The account of the last row: neighbours share it, or it is followed by the same other one day after day.
    last_account: Option<usize>,
}

/// The lists of features that one block names by their codes.
#[derive(Default)]
struct Words {
    block: (u32, u64),
    lists: Vec<Option<usize>>,
}

/// What a row of activity counts: logins, active users, API calls.
type Counted = [Option<i64>; 3];

impl Reading<'_> {
    fn add(&mut self, row: Day) -> Result<()> {
        let counted = [row.logins, row.active_users, row.api_calls];
        let list = row.features_used.as_deref().map(|list| self.list(list)).transpose()?;
        let account = self.activity.account_after(self.last_account, &row.account_id);
        self.put(account, row.date, counted, list, row.at);
        Ok(())
    }

    /// The same without a record where the cells say what they are and no name is changed.
    fn add_cells(&mut self, cells: &Cells<'_>) -> Result<()> {
        let plain = cells.naming.iter().all(|n| *n == Naming::Plain);
        let date = cells.value(1).time();
        let counts = [whole(cells.value(2)), whole(cells.value(3)), whole(cells.value(4))];
        let (true, Some(Stamp::Date(date)), [Some(logins), Some(users), Some(calls)]) = (plain, date, counts)
        else {
            return self.add(Day::read(cells)?);
        };
        let account = cells.value(0);
        let account = match self.activity.follower(self.last_account, |known| account.is(known)) {
            Some(known) => known,
            None => self.activity.account_after(self.last_account, &account.text().context("no account")?),
        };
        let list = match cells.value(5) {
            Value::Word(word) => Some(self.list_of_word(word, (cells.at.file, cells.block()))?),
            list => list.text().map(|list| self.list(&list)).transpose()?,
        };
        self.put(account, date, [logins, users, calls], list, cells.at);
        Ok(())
    }

    /// `list`: the number of its list of features.
    fn put(&mut self, account: usize, date: NaiveDate, counted: Counted, list: Option<usize>, at: At) {
        let [logins, active_users, api_calls] = counted.map(|n| {
            u64::try_from(n.unwrap_or(0)).unwrap_or_else(|_| {
                self.negative += 1;
                0
            })
        });
        let features = list.and_then(|list| self.features.get(list)).map_or(&[][..], Vec::as_slice);
        self.last_account = Some(account);
        self.activity.add(account, date, Counts { logins, active_users, api_calls }, features, at);
    }

    /// The number of the list that a word of a block is.
    fn list_of_word(&mut self, word: &Word<'_>, block: (u32, u64)) -> Result<usize> {
        if self.words.block != block {
            self.words.block = block;
            self.words.lists.clear();
        }
        let code = usize::from(word.code);
        if let Some(Some(known)) = self.words.lists.get(code) {
            return Ok(*known);
        }
        let list = self.list(word.text)?;
        if self.words.lists.len() <= code {
            self.words.lists.resize(code + 1, None);
        }
        self.words.lists[code] = Some(list);
        Ok(list)
    }

    /// The number of a list as it is stored.
    fn list(&mut self, list: &str) -> Result<usize> {
        if let Some(known) = self.lists.get(list) {
            return Ok(*known);
        }
        let names: Vec<Cow<'_, str>> = serde_json::from_str(list)?;
        let ids = names.iter().map(|name| self.activity.feature(shared_name(self.settings, name)));
        self.features.push(ids.collect());
        self.lists.insert(list.into(), self.features.len() - 1);
        Ok(self.features.len() - 1)
    }
}

/// A count; the outer `None` where the cell does not say that it is one.
fn whole(cell: Value<'_>) -> Option<Option<i64>> {
    match cell {
        Value::Empty => Some(None),
        cell => cell.number()?.whole().map(Some),
    }
}

/// A feature's name after `[map.feature]`.
pub(super) fn shared_name<'n>(settings: &'n Settings, name: &'n str) -> &'n str {
    settings.maps.feature.get(name).map_or(name, String::as_str)
}

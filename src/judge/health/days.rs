//! Rows of activity made into an [`Activity`], on all cores.

use super::{Activity, Counts, FeatureId, Measured};
use crate::{
    cache::Value,
    data::{At, Cells, Data, Naming, Record as _, record, records::Text},
    model::time::Stamp,
    settings::Settings,
};
use anyhow::Result;
use chrono::NaiveDate;
use std::{borrow::Cow, collections::HashMap, sync::Arc};

/// Fills the dense activity from the export's rows: days in `[from, to)`.
pub(super) fn load_activity(data: &Data<'_>, from: NaiveDate, to: NaiveDate) -> Result<Activity> {
    let has = |column| data.has_column("activity", column);
    let measured = Measured {
        logins: has("logins"),
        active_users: has("active_users"),
        api_calls: has("api_calls"),
        features: has("features_used"),
    };
    let start = || Reading {
        settings: data.settings,
        activity: Activity::new(measured, from, to),
        negative: 0,
        lists: HashMap::default(),
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
    /// The features of each list that was met.
    lists: HashMap<Box<str>, Arc<[FeatureId]>, foldhash::fast::RandomState>,
    words: Words,
    /// The account of the last row: neighbours share it, or it is followed by the same other one day after day.
    last_account: Option<usize>,
}

/// The lists of features that one block names by their codes.
#[derive(Default)]
struct Words {
    block: (u32, u64),
    lists: Vec<Option<Arc<[FeatureId]>>>,
}

/// What a row of activity counts: logins, active users, API calls.
type Counted = [Option<i64>; 3];

impl Reading<'_> {
    fn add(&mut self, row: Day) -> Result<()> {
        let counted = [row.logins, row.active_users, row.api_calls];
        let features = row.features_used.as_deref().map(|list| self.features(list)).transpose()?;
        self.put(&row.account_id, row.date, counted, features.as_deref().unwrap_or_default(), row.at);
        Ok(())
    }

    /// The same without a record where the cells say what they are and no name is changed.
    fn add_cells(&mut self, cells: &Cells<'_>) -> Result<()> {
        let plain = cells.naming.iter().all(|n| *n == Naming::Plain);
        let date = cells.value(1)?.time();
        let counts = [whole(cells.value(2)?), whole(cells.value(3)?), whole(cells.value(4)?)];
        let (true, Some(Stamp::Date(date)), [Some(logins), Some(users), Some(calls)]) = (plain, date, counts)
        else {
            return self.add(Day::read(cells)?);
        };
        let Some(account) = cells.value(0)?.text() else { return self.add(Day::read(cells)?) };
        let features = self.features_of(cells.value(5)?, (cells.at.file, cells.block()))?;
        self.put(&account, date, [logins, users, calls], features.as_deref().unwrap_or_default(), cells.at);
        Ok(())
    }

    fn put(&mut self, account: &str, date: NaiveDate, counted: Counted, features: &[FeatureId], at: At) {
        let [logins, active_users, api_calls] = counted.map(|n| {
            u64::try_from(n.unwrap_or(0)).unwrap_or_else(|_| {
                self.negative += 1;
                0
            })
        });
        let account = self.activity.account_after(self.last_account, account);
        self.last_account = Some(account);
        self.activity.add(account, date, Counts { logins, active_users, api_calls }, features, at);
    }

    /// The features that a cell of a block lists.
    fn features_of(&mut self, list: Value<'_>, block: (u32, u64)) -> Result<Option<Arc<[FeatureId]>>> {
        let Value::Word(word) = list else {
            return list.text().map(|list| self.features(&list)).transpose();
        };
        if self.words.block != block {
            self.words = Words { block, lists: Vec::new() };
        }
        let code = usize::from(word.code);
        if let Some(Some(known)) = self.words.lists.get(code) {
            return Ok(Some(known.clone()));
        }
        let features = self.features(word.text)?;
        if self.words.lists.len() <= code {
            self.words.lists.resize(code + 1, None);
        }
        self.words.lists[code] = Some(features.clone());
        Ok(Some(features))
    }

    /// The features of a list as it is stored.
    fn features(&mut self, list: &str) -> Result<Arc<[FeatureId]>> {
        if let Some(known) = self.lists.get(list) {
            return Ok(known.clone());
        }
        let names: Vec<Cow<'_, str>> = serde_json::from_str(list)?;
        let ids = names.iter().map(|name| self.activity.feature(shared_name(self.settings, name)));
        let ids: Arc<[FeatureId]> = ids.collect();
        self.lists.insert(list.into(), ids.clone());
        Ok(ids)
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

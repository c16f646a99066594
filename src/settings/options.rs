//! The options of a check, typed.

use super::resolved::{InForce, Settings};
use super::tables::Table;
use super::values::Value;
use crate::check::{CheckInfo, OptKind};
use crate::model::decimal::Decimal;
use chrono::TimeDelta;
use serde_json::{Map, Value as Json};
use std::path::PathBuf;
use thiserror::Error;

/// Why an option has no value of the kind that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OptionError {
    /// The check has no such option: a fault of the program.
    #[error("the check has no option '{0}'")]
    NoSuch(String),
    /// It takes something else: a fault of the program.
    #[error("option '{0}' is of another kind")]
    OtherKind(String),
    /// It has no default and was not given.
    #[error("option --{0} is needed")]
    Unset(String),
}

/// For options that need not be given.
pub trait OptionalValue<T> {
    /// `None` where the option has no default and was not given; other errors stay.
    fn optional(self) -> Result<Option<T>, OptionError>;
}

impl<T> OptionalValue<T> for Result<T, OptionError> {
    fn optional(self) -> Result<Option<T>, OptionError> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(OptionError::Unset(_)) => Ok(None),
            Err(e) => Err(e),
        }
    }
}

/// The getters read the options of the check at hand; the name is the flag's, and `_` is as good as `-`. A list
/// that was not given is empty; any other option without a value is [`OptionError::Unset`].
impl Settings {
    /// The same settings with another check at hand.
    pub fn for_check(&self, check: &str) -> Settings {
        Settings { check: Some(check.to_owned()), ..self.clone() }
    }

    /// The check at hand.
    pub fn check(&self) -> Option<&str> {
        self.check.as_deref()
    }

    /// A share in per cent, not negative.
    pub fn opt_percent(&self, name: &str) -> Result<Decimal, OptionError> {
        self.typed(name, |v| if let Value::Percent(p) = v { Some(*p) } else { None })
    }

    /// An exact decimal.
    pub fn opt_decimal(&self, name: &str) -> Result<Decimal, OptionError> {
        self.typed(name, |v| if let Value::Decimal(d) = v { Some(*d) } else { None })
    }

    /// A whole number that is not negative.
    pub fn opt_count(&self, name: &str) -> Result<u64, OptionError> {
        self.typed(name, |v| if let Value::Count(n) = v { Some(*n) } else { None })
    }

    /// A whole number.
    pub fn opt_int(&self, name: &str) -> Result<i64, OptionError> {
        self.typed(name, |v| if let Value::Int(i) = v { Some(*i) } else { None })
    }

    /// A duration in whole seconds, not negative; a day is 24 hours.
    pub fn opt_duration(&self, name: &str) -> Result<TimeDelta, OptionError> {
        self.typed(name, |v| if let Value::Duration(d) = v { Some(*d) } else { None })
    }

    /// One of the option's words.
    pub fn opt_choice(&self, name: &str) -> Result<&'static str, OptionError> {
        self.typed(name, |v| if let Value::Word(w) = v { Some(*w) } else { None })
    }

    /// A text.
    pub fn opt_text(&self, name: &str) -> Result<String, OptionError> {
        self.typed(name, |v| if let Value::Text(t) = v { Some(t.clone()) } else { None })
    }

    /// Several texts, in the order given; none where none were.
    pub fn opt_texts(&self, name: &str) -> Result<Vec<String>, OptionError> {
        self.typed(name, |v| match v {
            Value::Texts(list) => Some(list.clone()),
            Value::Zones(list) => Some(list.iter().map(|z| z.name().to_owned()).collect()),
            _ => None,
        })
    }

    /// Whether a switch is on; one that was not given is off.
    pub fn opt_switch(&self, name: &str) -> Result<bool, OptionError> {
        let on = self.typed(name, |v| if let Value::Switch(on) = v { Some(*on) } else { None });
        on.optional().map(|on| on.unwrap_or(false))
    }

    /// A file that is written. One of crosscheck.toml is seen from that file's folder, any other from the current.
    pub fn opt_path(&self, name: &str) -> Result<PathBuf, OptionError> {
        let origin = &self.option(name)?.origin;
        self.typed(name, |v| if let Value::Path(p) = v { Some(self.path_of(origin, p)) } else { None })
    }

    /// Files or folders that are read, in the order given; seen from where [`Settings::opt_path`] sees one.
    pub fn opt_paths(&self, name: &str) -> Result<Vec<PathBuf>, OptionError> {
        let origin = &self.option(name)?.origin;
        self.typed(name, |v| match v {
            Value::Texts(list) => Some(list.iter().map(|p| self.path_of(origin, p)).collect()),
            _ => None,
        })
    }

    /// A path that is a part of an option's text, seen as [`Settings::opt_path`] sees the whole of one.
    pub fn opt_seen_from(&self, name: &str, path: &str) -> Result<PathBuf, OptionError> {
        Ok(self.path_of(&self.option(name)?.origin, path))
    }

    /// A table, its keys laid over those of the default; an empty one where neither has any.
    pub fn opt_table(&self, name: &str) -> Result<Table, OptionError> {
        self.typed(name, |v| if let Value::Table(t) = v { Some(t.clone()) } else { None })
    }

    /// A list of tables in the order given, the default's where the file has none.
    pub fn opt_tables(&self, name: &str) -> Result<Vec<Table>, OptionError> {
        self.typed(name, |v| if let Value::Tables(list) = v { Some(list.clone()) } else { None })
    }

    fn option(&self, name: &str) -> Result<&InForce, OptionError> {
        let wanted = name.replace('_', "-");
        let mine = |v: &&InForce| {
            v.option.is_some_and(|(check, flag)| Some(check) == self.check() && flag == wanted)
        };
        self.values.iter().find(mine).ok_or(OptionError::NoSuch(wanted.clone()))
    }

    fn typed<T>(&self, name: &str, read: impl FnOnce(&Value) -> Option<T>) -> Result<T, OptionError> {
        match &self.option(name)?.value {
            Value::Unset => Err(OptionError::Unset(name.replace('_', "-"))),
            value => read(value).ok_or_else(|| OptionError::OtherKind(name.to_owned())),
        }
    }

    /// The thresholds in force of a check, for its report: its options by key, in their order, as texts, arrays of
    /// texts, objects for tables, or null; then `pricing_dialect` for a check that reads prices; then what every check honours.
    /// Files that are written are no thresholds.
    pub fn parameters(&self, check: &CheckInfo) -> Map<String, Json> {
        let mut map = Map::new();
        let is_file = |flag: &str| check.options.iter().any(|o| o.name == flag && o.kind == OptKind::OutFile);
        for v in &self.values {
            if v.option.is_some_and(|(of, flag)| of == check.name && !is_file(flag)) {
                let key = v.key.rsplit('.').next().unwrap_or(&v.key);
                map.insert(key.to_owned(), v.value.to_json());
            }
        }
        let mut global = |key: &str, name: &str| {
            if let Some(v) = self.values.iter().find(|v| v.key == key) {
                map.insert(name.to_owned(), v.value.to_json());
            }
        };
        if check.name == "reconcile" {
            global("reconcile.usual_zones", "usual_zones");
        }
        if check.reads.iter().any(|r| r.dataset.split('|').any(|d| d == "prices")) {
            global("pricing.dialect", "pricing_dialect");
        }
        for key in ["fail_on", "min_impact", "allow_rejects", "select", "ignore"] {
            global(key, key);
        }
        map
    }
}

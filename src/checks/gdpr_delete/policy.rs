//! What the settings ask for.

use crate::{
    judge::erasure::{Holidays, Regime},
    model::time::{Instant, local},
    settings::{OptionalValue as _, Settings, Value},
};
use anyhow::{Context as _, Result, bail};
use chrono::NaiveDate;
use chrono_tz::Tz;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

/// The key of `[gdpr.regime]` for everybody else.
const DEFAULT: &str = "DEFAULT";

/// A place that `--scan` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// The system whose data lies there.
    pub system: String,
    /// A file or a folder.
    pub path: PathBuf,
}

/// The settings of the check.
pub(super) struct Policy {
    pub as_of: Instant,
    /// Requests are received and due by the days of this zone.
    pub zone: Tz,
    /// The day of `as_of` there.
    pub today: NaiveDate,
    /// Days before the last one from which on a request is due soon.
    pub soon: i64,
    pub holidays: Holidays,
    /// By `COUNTRY` or `COUNTRY-STATE`, in capitals.
    regimes: BTreeMap<String, Regime>,
    /// Systems that may keep hashes of addresses, so that nobody writes to them again.
    pub suppression: BTreeSet<String>,
    pub scans: Vec<Named>,
    pub certificate: Option<PathBuf>,
    pub purge: bool,
    pub reveal: bool,
}

impl Policy {
    pub(super) fn of(settings: &Settings) -> Result<Policy> {
        let day = |text: &String| {
            text.parse()
                .with_context(|| format!("[gdpr] holidays holds '{text}', which is no date (YYYY-MM-DD)"))
        };
        let holidays = settings.opt_texts("holidays")?.iter().map(day).collect::<Result<_>>()?;
        let mut regimes = BTreeMap::new();
        for (place, value) in settings.opt_table("regime")?.entries() {
            let Value::Text(text) = value else { continue };
            let regime = Regime::parse(text).with_context(|| {
                format!(
                    "[gdpr.regime] {place} is '{text}'; write gdpr, uk-gdpr, ccpa, or a period such as \"30 days + 15 \
                     days\""
                )
            })?;
            regimes.insert(place.to_uppercase(), regime);
        }
        let mut scans = Vec::new();
        for text in settings.opt_texts("scan")? {
            let Some((system, path)) = text.split_once('=').filter(|(s, p)| !s.is_empty() && !p.is_empty())
            else {
                bail!("--scan takes SYSTEM=PATH, such as warehouse=dumps/warehouse");
            };
            let path = settings.opt_seen_from("scan", path)?;
            if let Err(error) = std::fs::metadata(&path) {
                bail!("--scan {system}: {} cannot be opened: {error}", path.display());
            }
            scans.push(Named { system: system.to_owned(), path });
        }
        scans.sort_by(|a, b| (&a.system, &a.path).cmp(&(&b.system, &b.path)));
        scans.dedup();
        Ok(Policy {
            as_of: settings.as_of,
            zone: settings.timezone,
            today: local(settings.as_of, settings.timezone).date(),
            soon: i64::try_from(settings.opt_count("soon")?).unwrap_or(i64::MAX),
            holidays: Holidays(holidays),
            regimes,
            suppression: settings.opt_texts("suppression")?.into_iter().collect(),
            scans,
            certificate: settings.opt_path("certificate").optional()?,
            purge: settings.opt_switch("purge-cache")?,
            reveal: settings.opt_switch("reveal")?,
        })
    }

    /// The law of a person's country and state: that of the state, else of the country, else the default.
    pub(super) fn regime(&self, country: Option<&str>, state: Option<&str>) -> Option<Regime> {
        let country = match country.unwrap_or_default().trim().to_uppercase().as_str() {
            "USA" => "US".to_owned(),
            "UK" => "GB".to_owned(),
            other => other.to_owned(),
        };
        let state = match state.unwrap_or_default().trim().to_uppercase().as_str() {
            "CALIFORNIA" => "CA".to_owned(),
            other => other.trim_start_matches(&format!("{country}-")).to_owned(),
        };
        let keys = [format!("{country}-{state}"), country, DEFAULT.to_owned()];
        keys.iter().find_map(|key| self.regimes.get(key)).copied()
    }

    /// The day on which a moment lies.
    pub(super) fn day(&self, at: Instant) -> NaiveDate {
        local(at, self.zone).date()
    }
}

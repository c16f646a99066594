//! The verbs of the command line: each a thin wrapper over what the other modules do.

mod answers;
pub mod check;
pub mod checks;
pub mod explain;
pub mod files;
pub mod generate;
pub mod history;
pub mod import;
pub mod init;
pub mod listing;
pub mod outputs;
mod past;
pub mod profile;
pub mod purge;
pub mod rejects;
pub mod run;
pub mod schema;
pub mod show;
pub mod status;

use crate::{
    cache::{Cache, Trouble},
    check::CheckInfo,
    engine, exit,
    import::{
        exports::{self, Export},
        ingest::{self, Ingested, Meter, Options},
        profile::{ProfileError, ProfileWords, Profiles},
        read::Source,
    },
    model::time::Instant,
    report::Problem,
    settings::{Color, Environment, FlagValues, Inputs, Node, NodeValue, RawProfile, Settings},
    ui::{ColorChoice, Level, Progress, Ui, UiOptions},
};
use anyhow::Result;
use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::BTreeSet,
    path::Path,
};

/// Why a command did not do its work, with the exit code.
#[derive(Debug)]
pub struct Failure {
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// 2 or 3.
    pub exit_code: u8,
    /// What befell the cache, where doing the work again helps.
    trouble: Option<Trouble>,
}

impl Failure {
    /// A fault of the call or the settings.
    pub fn usage(code: &str, message: impl Into<String>) -> Failure {
        Failure::of(vec![Problem::new(code, message)])
    }

    /// Faults of the call or the settings.
    pub fn of(problems: Vec<Problem>) -> Failure {
        Failure { problems, exit_code: exit::USAGE, trouble: None }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        Failure { trouble: Trouble::of(&error), ..Failure::usage("usage/failed", format!("{error:#}")) }
    }
}

impl From<crate::ui::WriteError> for Failure {
    fn from(error: crate::ui::WriteError) -> Failure {
        Failure::usage("usage/write", error.to_string())
    }
}

/// One call: its settings and its terminal.
pub struct Session {
    /// Settings in force.
    pub settings: Settings,
    /// The terminal.
    pub ui: Ui,
    /// Hash every file, whatever its stat says.
    pub verify: bool,
    /// When the call began, by the clock.
    pub started: Instant,
    /// Standard input once it was read.
    stdin: OnceCell<Source>,
    /// The warnings that were given.
    told: RefCell<BTreeSet<String>>,
}

/// How often work on the cache is tried before a cache is made for it alone.
const TRIES: usize = 3;

/// The records of all checks.
pub fn infos() -> Vec<&'static CheckInfo> {
    crate::checks::ALL.iter().map(|c| c.info).collect()
}

impl Session {
    /// Settings from flags, environment and files.
    pub fn open(
        flags: &FlagValues,
        environment: &Environment,
        cwd: &Path,
        check: Option<&str>,
        verify: bool,
    ) -> Result<Session, Failure> {
        let infos = infos();
        let inputs = Inputs { cwd, environment, flags, checks: &infos, check };
        let settings = crate::settings::load(&inputs).map_err(|e| Failure::of(e.problems()))?;
        let color = match settings.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        let level = match (settings.quiet, settings.verbose) {
            (true, _) => Level::Quiet,
            (_, true) => Level::Verbose,
            _ => Level::Normal,
        };
        let ui = Ui::new(UiOptions { color, level, no_progress: settings.no_progress });
        for w in &settings.warnings {
            ui.warning(w);
        }
        let started = crate::settings::now();
        Ok(Session { settings, ui, verify, started, stdin: OnceCell::new(), told: RefCell::default() })
    }

    /// The cache of these settings.
    fn cache(&self) -> Result<Cache, Failure> {
        let (cache, warnings) = Cache::open(self.settings.cache_dir())?;
        for w in &warnings {
            self.warn(w);
        }
        Ok(cache)
    }

    /// Does work on the cache; once more where the cache turns out damaged, which is then set aside, or another run
    /// replaced what this one was reading. At last the work is done on a cache of its own.
    pub fn with_cache<T>(&self, work: impl Fn(&mut Cache) -> Result<T, Failure>) -> Result<T, Failure> {
        let mut cache = self.cache()?;
        for _ in 0..TRIES {
            let failure = match work(&mut cache) {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            match failure.trouble {
                None => return Err(failure),
                Some(Trouble::Replaced) => {}
                Some(Trouble::Damaged) => {
                    if let Some(warning) = cache.set_aside()? {
                        self.warn(&warning);
                    }
                    cache = self.cache()?;
                }
            }
        }
        work(&mut Cache::temporary()?)
    }

    /// A warning, told once however often the work is done.
    fn warn(&self, message: &str) {
        if self.told.borrow_mut().insert(message.to_owned()) {
            self.ui.warning(message);
        }
    }

    /// All profiles, built in and the user's own.
    pub fn profiles(&self) -> Result<Profiles, Failure> {
        let mut own = std::collections::BTreeMap::new();
        for raw in &self.settings.profiles {
            let words = words_of(raw).map_err(|e| {
                Failure::of(vec![Problem::new("usage/profile", e.to_string()).at(&raw.file, Some(raw.line))])
            })?;
            own.insert(raw.name.clone(), words);
        }
        Profiles::with_user(own).map_err(|e| Failure::usage("usage/profile", e.to_string()))
    }

    /// The files that a call reads: its arguments, else the paths of crosscheck.toml, else what `import` has
    /// registered.
    pub fn exports(&self, given: &[String], cache: &Cache) -> Result<Vec<Export>, Failure> {
        let arguments = exports::arguments(given, &self.settings);
        if arguments.is_none() {
            let registered = cache.registered()?;
            if !registered.is_empty() {
                self.ui.note(&format!(
                    "no exports named: reading the {} that `crosscheck import` has registered",
                    crate::model::text::counted(registered.len() as u64, "file", "files")
                ));
            }
            let export = |k: crate::cache::KnownPath| Export {
                shown: k.path.clone(),
                path: Some(k.path.into()),
                dataset: None,
                named: false,
            };
            return Ok(registered.into_iter().map(export).collect());
        }
        let found = exports::expand(&arguments.unwrap_or_default());
        for w in &found.warnings {
            self.warn(w);
        }
        if found.errors.is_empty() { Ok(found.files) } else { Err(Failure::of(found.errors)) }
    }

    /// Reads files that nobody named, for a look at them: what is wrong with one is no fault of the call.
    pub fn ingest_quietly(&self, cache: &mut Cache, exports: &[Export]) -> Result<Ingested, Failure> {
        self.read(cache, exports, false, None)
    }

    /// Reads what has changed of the exports into the cache.
    pub fn ingest(&self, cache: &mut Cache, exports: &[Export], register: bool) -> Result<Ingested, Failure> {
        self.told(self.read(cache, exports, register, None)?)
    }

    /// The same of what these checks read.
    pub fn ingest_for(
        &self,
        cache: &mut Cache,
        exports: &[Export],
        checks: &[&CheckInfo],
    ) -> Result<Ingested, Failure> {
        let mut wanted = vec!["accounts", "identities"];
        wanted.extend(checks.iter().flat_map(|info| engine::datasets_of(info)));
        let wanted = checks.iter().all(|info| !info.searches).then_some(&*wanted);
        self.told(self.read(cache, exports, false, wanted)?)
    }

    /// Tells what a person should know of the exports.
    fn told(&self, ingested: Ingested) -> Result<Ingested, Failure> {
        for w in &ingested.warnings {
            self.warn(w);
        }
        if ingested.errors.is_empty() { Ok(ingested) } else { Err(Failure::of(ingested.errors)) }
    }

    fn read(
        &self,
        cache: &mut Cache,
        exports: &[Export],
        register: bool,
        wanted: Option<&[&'static str]>,
    ) -> Result<Ingested, Failure> {
        let profiles = self.profiles()?;
        for rule in &self.settings.sources {
            if let Some(name) = rule.profile.as_deref().filter(|n| profiles.get(n).is_none()) {
                let message = format!("there is no profile {name}{}", profiles.did_you_mean(name));
                let problem = Problem::new("usage/profile", message).at(&rule.file, Some(rule.line));
                return Err(Failure::of(vec![problem]));
            }
        }
        let progress = |what: &str, bytes: u64| -> Box<dyn Meter> {
            Box::new(Bar { progress: self.ui.progress(what, bytes), seen: Cell::new((0, 0)) })
        };
        let options = Options {
            profiles: &profiles,
            verify: self.verify,
            register,
            wanted,
            stdin: &self.stdin,
            progress: &progress,
        };
        Ok(ingest::ingest(cache, exports, &self.settings, &options)?)
    }
}

/// A progress bar told of totals.
struct Bar {
    progress: Progress,
    seen: Cell<(u64, u64)>,
}

impl Meter for Bar {
    fn at(&self, rows: u64, bytes: u64) {
        let (r, b) = self.seen.replace((rows, bytes));
        self.progress.advance(rows.saturating_sub(r), bytes.saturating_sub(b));
    }
}

/// A user's profile from the settings file.
fn words_of(raw: &RawProfile) -> Result<ProfileWords, ProfileError> {
    ProfileWords::from_value(&raw.name, toml_of(&raw.table))
}

fn toml_of(node: &Node) -> toml::Value {
    match &node.value {
        NodeValue::Text(t) | NodeValue::Date(t) => toml::Value::String(t.clone()),
        NodeValue::Number(n) => match n.parse() {
            Ok(int) => toml::Value::Integer(int),
            Err(_) => toml::Value::String(n.clone()),
        },
        NodeValue::Bool(b) => toml::Value::Boolean(*b),
        NodeValue::List(list) => toml::Value::Array(list.iter().map(toml_of).collect()),
        NodeValue::Table(entries) => {
            toml::Value::Table(entries.iter().map(|e| (e.key.clone(), toml_of(&e.node))).collect())
        }
    }
}

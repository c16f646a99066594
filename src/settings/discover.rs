//! Where crosscheck.toml, the cache and the history lie.

use super::fault::Fault;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The environment's variables by name.
pub type Environment = BTreeMap<String, OsString>;

/// The environment of this process. A name that is not Unicode cannot be one of ours and is left out.
pub fn process_environment() -> Environment {
    std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v))).collect()
}

/// The name of the settings file.
pub const FILE_NAME: &str = "crosscheck.toml";
/// The folder of cache and history beside it.
pub const FOLDER_NAME: &str = ".crosscheck";

/// How the settings file was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigOrigin {
    /// Named by `--config` or `CROSSCHECK_CONFIG`.
    Named,
    /// In the current folder or above it.
    Project,
    /// In the user's configuration folder.
    User,
}

/// A settings file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// As it is opened.
    pub path: PathBuf,
    /// As messages show it.
    pub shown: String,
    /// The folder that relative paths in it start from, seen from the current folder; empty for that itself.
    pub base: PathBuf,
    /// How it was found.
    pub origin: ConfigOrigin,
}

/// The places of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The settings file, if there is one.
    pub config: Option<Config>,
    /// The folder of the cache.
    pub cache_dir: PathBuf,
    /// The folder of the history.
    pub state_dir: PathBuf,
}

/// Finds the places.
///
/// The settings file: `config`, else [`FILE_NAME`] in `cwd` and upward, else in `$XDG_CONFIG_HOME/crosscheck`
/// (`~/.config/crosscheck`). Cache and history: both in `cache`, else in [`FOLDER_NAME`] beside the file that
/// was named or found in the project, else in the user's cache and state folders, else in [`FOLDER_NAME`] under
/// `cwd`. Whether a named file exists shows when it is opened.
pub fn locate(cwd: &Path, environment: &Environment, config: Option<&str>, cache: Option<&str>) -> Places {
    let user_file = user_folder(environment, "XDG_CONFIG_HOME", ".config").map(|d| d.join(FILE_NAME));
    let config = match config {
        Some(named) => Some(Config {
            path: cwd.join(named),
            shown: named.to_owned(),
            base: Path::new(named).parent().map(Path::to_path_buf).unwrap_or_default(),
            origin: ConfigOrigin::Named,
        }),
        None => upward(cwd, user_file.as_deref()).or_else(|| user(user_file.as_deref())),
    };
    let beside = config
        .as_ref()
        .filter(|c| c.origin != ConfigOrigin::User && Some(&c.path) != user_file.as_ref())
        .and_then(|c| c.path.parent())
        .map(|folder| folder.join(FOLDER_NAME));
    let (cache_dir, state_dir) = match (cache, beside) {
        (Some(dir), _) => (cwd.join(dir), cwd.join(dir)),
        (None, Some(dir)) => (dir.clone(), dir),
        (None, None) => {
            let or_here = |found: Option<PathBuf>| found.unwrap_or_else(|| cwd.join(FOLDER_NAME));
            (
                or_here(user_folder(environment, "XDG_CACHE_HOME", ".cache")),
                or_here(user_folder(environment, "XDG_STATE_HOME", ".local/state")),
            )
        }
    };
    Places { config, cache_dir, state_dir }
}

/// The settings file in `cwd` or the nearest folder above it; the user's own is not a project's.
fn upward(cwd: &Path, user_file: Option<&Path>) -> Option<Config> {
    let mut base = PathBuf::new();
    for folder in cwd.ancestors() {
        let path = folder.join(FILE_NAME);
        if is_there(&path) && Some(path.as_path()) != user_file {
            let shown = base.join(FILE_NAME).display().to_string();
            return Some(Config { path, shown, base, origin: ConfigOrigin::Project });
        }
        base.push("..");
    }
    None
}

fn user(file: Option<&Path>) -> Option<Config> {
    let path = file.filter(|f| is_there(f))?.to_path_buf();
    let base = path.parent().map(Path::to_path_buf).unwrap_or_default();
    Some(Config { shown: path.display().to_string(), path, base, origin: ConfigOrigin::User })
}

/// A dangling link counts, so that it is an error and not silently no settings at all.
fn is_there(path: &Path) -> bool {
    match path.metadata() {
        Ok(m) => !m.is_dir(),
        Err(_) => path.symlink_metadata().is_ok(),
    }
}

/// `$VARIABLE/crosscheck`, else `$HOME/<under_home>/crosscheck`. The XDG specification ignores relative paths.
fn user_folder(environment: &Environment, variable: &str, under_home: &str) -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(environment.get(name).map(OsString::as_os_str).unwrap_or(OsStr::new("")));
        path.is_absolute().then_some(path)
    };
    let base = absolute(variable).or_else(|| Some(absolute("HOME")?.join(under_home)))?;
    Some(base.join("crosscheck"))
}

/// The most that a settings file may hold, in bytes.
const MOST: u64 = 8 << 20;

/// Reads a settings file whole.
pub(crate) fn read(config: &Config) -> Result<String, Fault> {
    use std::io::Read;
    let whole = |message: String| Fault { file: Some(config.shown.clone()), ..Fault::new(message) };
    let mut bytes = Vec::new();
    std::fs::File::open(&config.path)
        .and_then(|f| f.take(MOST + 1).read_to_end(&mut bytes))
        .map_err(|e| whole(format!("cannot be opened: {e}")))?;
    if bytes.len() as u64 > MOST {
        return Err(whole("is larger than 8 MiB: no settings file".to_owned()));
    }
    String::from_utf8(bytes).map_err(|e| {
        let good = &e.as_bytes()[..e.utf8_error().valid_up_to()];
        let line = 1 + memchr::memchr_iter(b'\n', good).count() as u64;
        Fault::at(&config.shown, line, "is not UTF-8; save it as UTF-8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &Path)]) -> Environment {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), v.as_os_str().to_owned())).collect()
    }

    #[test]
    fn the_nearest_file_above_wins_over_the_users_and_holds_the_cache() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home");
        let deep = dir.path().join("project/a/b");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::create_dir_all(home.join(".config/crosscheck")).unwrap();
        std::fs::write(home.join(".config/crosscheck/crosscheck.toml"), "").unwrap();
        let env = environment(&[("HOME", &home)]);

        let user = locate(&deep, &env, None, None);
        assert_eq!(user.config.as_ref().unwrap().origin, ConfigOrigin::User);
        assert_eq!(user.cache_dir, home.join(".cache/crosscheck"));
        assert_eq!(user.state_dir, home.join(".local/state/crosscheck"));

        // A folder of that name is no settings file.
        std::fs::create_dir(deep.join("crosscheck.toml")).unwrap();
        std::fs::write(dir.path().join("project/crosscheck.toml"), "").unwrap();
        let found = locate(&deep, &env, None, None);
        let config = found.config.unwrap();
        assert_eq!((config.origin, config.shown.as_str()), (ConfigOrigin::Project, "../../crosscheck.toml"));
        assert_eq!(config.base, Path::new("../.."));
        assert_eq!(found.cache_dir, dir.path().join("project/.crosscheck"));
        assert_eq!(found.state_dir, found.cache_dir);

        let own = locate(&home.join(".config/crosscheck"), &env, None, None);
        assert_eq!(own.config.unwrap().origin, ConfigOrigin::User);
        assert_eq!(own.cache_dir, home.join(".cache/crosscheck"));
    }

    #[test]
    fn a_named_file_and_a_named_cache_win() {
        let cwd = Path::new("/nowhere/here");
        let p = locate(cwd, &Environment::new(), Some("conf/x.toml"), None);
        let config = p.config.unwrap();
        assert_eq!(config.path, Path::new("/nowhere/here/conf/x.toml"));
        assert_eq!((config.shown.as_str(), config.base.as_path()), ("conf/x.toml", Path::new("conf")));
        assert_eq!(p.cache_dir, Path::new("/nowhere/here/conf/.crosscheck"));
        let p = locate(cwd, &Environment::new(), Some("x.toml"), Some("c"));
        assert_eq!((p.cache_dir, p.state_dir), ("/nowhere/here/c".into(), "/nowhere/here/c".into()));
    }

    #[test]
    fn xdg_folders_are_used_and_relative_ones_ignored() {
        let cwd = Path::new("/nowhere/here");
        let env = environment(&[
            ("HOME", Path::new("/home/u")),
            ("XDG_CACHE_HOME", Path::new("/var/c")),
            ("XDG_STATE_HOME", Path::new("relative")),
        ]);
        let p = locate(cwd, &env, None, None);
        assert_eq!((p.config, p.cache_dir), (None, "/var/c/crosscheck".into()));
        assert_eq!(p.state_dir, Path::new("/home/u/.local/state/crosscheck"));
        let bare = locate(cwd, &Environment::new(), None, None);
        assert_eq!((bare.cache_dir, bare.state_dir), (cwd.join(".crosscheck"), cwd.join(".crosscheck")));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| locate(dir.path(), &Environment::new(), Some(name), None).config.unwrap();
        let missing = read(&at("no.toml")).unwrap_err().to_string();
        assert!(missing.starts_with("no.toml: cannot be opened: "), "{missing}");
        std::fs::write(dir.path().join("latin.toml"), b"a = 1\nb = '\xe9'\n").unwrap();
        assert_eq!(
            read(&at("latin.toml")).unwrap_err().to_string(),
            "latin.toml:2: is not UTF-8; save it as UTF-8"
        );
        assert!(read(&at(".")).is_err());
    }
}

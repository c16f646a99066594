//! Source trees, read on all cores.

use super::keys::{Hit, Keys};
use ignore::{DirEntry, WalkBuilder, WalkState};
use memchr::memchr;
use std::{
    collections::{BTreeSet, HashSet},
    ffi::OsString,
    fmt,
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Bytes of the largest file that is read; no source file is larger.
pub const LARGEST: u64 = 64 << 20;

/// Bytes that are looked at for a NUL, which text does not have.
const HEAD: usize = 64 << 10;

/// A line that names a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The folder as it was given, and the way from it.
    pub path: String,
    /// From 1.
    pub line: u64,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path, self.line)
    }
}

/// Where one key stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// By path and line.
    pub certain: Vec<Reference>,
    /// Lines with an everyday word that may be the key or not.
    pub uncertain: u64,
}

/// What was not searched, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trouble {
    /// As in [`Reference`].
    pub path: String,
    /// `is a FIFO, no file`, …
    pub what: String,
}

/// What a search came to; the same whatever the number of cores.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Searched {
    /// By key.
    pub keys: Vec<References>,
    /// Files searched.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Binary files, which were passed over.
    pub binary: u64,
    /// By path.
    pub troubles: Vec<Trouble>,
}

/// Searches files and folders for keys. `leave_out`: files that are not searched, such as the export that lists the
/// keys. A folder within another one is searched once. The error is a path that cannot be opened.
pub fn search(keys: &Keys, roots: &[PathBuf], leave_out: &[PathBuf]) -> anyhow::Result<Searched> {
    let roots = outermost(roots)?;
    let Some((first, others)) = roots.split_first() else {
        return Ok(Searched { keys: vec![References::default(); keys.len()], ..Searched::default() });
    };
    let mut builder = WalkBuilder::new(&first.given);
    for root in others {
        builder.add(&root.given);
    }
    // What a tree's own files say counts, whether it is a git repository or an unpacked archive; the user's own
    // settings do not, so that a tree gives the same everywhere.
    builder.require_git(false).git_global(false).git_exclude(false).follow_links(false);
    builder.threads(std::thread::available_parallelism().map_or(1, usize::from));
    let searcher = Searcher { keys, roots: &roots, leave_out: LeftOut::new(leave_out) };
    let all = Mutex::new(Vec::new());
    builder.build_parallel().run(|| {
        let mut part = Part { all: &all, searcher: &searcher, buffer: Vec::new(), own: Gathered::default() };
        Box::new(move |entry| {
            part.entry(entry);
            WalkState::Continue
        })
    });
    let parts = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(united(keys.len(), parts))
}

/// A file or folder that was given.
struct Root {
    given: PathBuf,
    real: PathBuf,
}

fn outermost(given: &[PathBuf]) -> anyhow::Result<Vec<Root>> {
    use anyhow::Context as _;
    let real = |path: &PathBuf| {
        let real = path.canonicalize().with_context(|| format!("{} cannot be searched", path.display()))?;
        let kind = fs::metadata(&real)?.file_type();
        anyhow::ensure!(
            kind.is_dir() || kind.is_file(),
            "{} cannot be searched: it {}",
            path.display(),
            no_file(kind)
        );
        Ok(Root { given: path.clone(), real })
    };
    let mut all = given.iter().map(real).collect::<anyhow::Result<Vec<_>>>()?;
    all.sort_by(|a, b| (&a.real, &a.given).cmp(&(&b.real, &b.given)));
    let mut kept: Vec<Root> = Vec::new();
    for root in all {
        if !kept.iter().any(|k| root.real.starts_with(&k.real)) {
            kept.push(root);
        }
    }
    Ok(kept)
}

/// Files that are passed over; few, so their names are looked at first.
struct LeftOut {
    names: HashSet<OsString>,
    real: HashSet<PathBuf>,
}

impl LeftOut {
    fn new(paths: &[PathBuf]) -> LeftOut {
        let real: HashSet<PathBuf> = paths.iter().filter_map(|p| p.canonicalize().ok()).collect();
        LeftOut { names: real.iter().filter_map(|p| p.file_name()).map(OsString::from).collect(), real }
    }

    fn has(&self, path: &Path) -> bool {
        path.file_name().is_some_and(|n| self.names.contains(n))
            && path.canonicalize().is_ok_and(|real| self.real.contains(&real))
    }
}

struct Searcher<'s> {
    keys: &'s Keys,
    roots: &'s [Root],
    leave_out: LeftOut,
}

/// What one thread has gathered.
#[derive(Default)]
struct Gathered {
    hits: Vec<(String, Vec<Hit>)>,
    files: u64,
    bytes: u64,
    binary: u64,
    troubles: Vec<Trouble>,
}

/// One thread's work; what it gathered joins the rest when it ends.
struct Part<'s> {
    all: &'s Mutex<Vec<Gathered>>,
    searcher: &'s Searcher<'s>,
    buffer: Vec<u8>,
    own: Gathered,
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        let own = std::mem::take(&mut self.own);
        self.all.lock().unwrap_or_else(PoisonError::into_inner).push(own);
    }
}

impl Part<'_> {
    fn entry(&mut self, entry: Result<DirEntry, ignore::Error>) {
        match entry {
            Ok(entry) => {
                if let Some(error) = entry.error() {
                    self.failed(error, entry.path());
                }
                if let Err(what) = self.look_at(&entry) {
                    self.trouble(entry.path(), what);
                }
            }
            Err(error) => self.failed(&error, Path::new("")),
        }
    }

    fn trouble(&mut self, path: &Path, what: String) {
        self.own.troubles.push(Trouble { path: path.to_string_lossy().into_owned(), what });
    }

    /// A folder that cannot be listed, or an ignore file that cannot be understood.
    fn failed(&mut self, error: &ignore::Error, near: &Path) {
        match error {
            ignore::Error::Partial(all) => all.iter().for_each(|e| self.failed(e, near)),
            ignore::Error::WithLineNumber { err, .. } | ignore::Error::WithDepth { err, .. } => {
                self.failed(err, near);
            }
            ignore::Error::WithPath { path, err } => self.failed(err, path),
            ignore::Error::Io(error) => self.trouble(near, unreadable(error)),
            other => self.trouble(near, other.to_string()),
        }
    }

    fn look_at(&mut self, entry: &DirEntry) -> Result<(), String> {
        let path = entry.path();
        let kind = match entry.file_type() {
            // A root that is a link was asked for.
            Some(kind) if kind.is_symlink() && entry.depth() == 0 => {
                fs::metadata(path).map_err(|e| unreadable(&e))?.file_type()
            }
            Some(kind) => kind,
            None => return Ok(()),
        };
        if kind.is_dir() || (kind.is_file() && self.searcher.leave_out.has(path)) {
            return Ok(());
        }
        if kind.is_symlink() {
            return link(path, self.searcher.roots);
        }
        if !kind.is_file() {
            return Err(no_file(kind));
        }
        match read(path, &mut self.buffer).map_err(|e| unreadable(&e))? {
            Content::Text(text) => {
                self.own.files += 1;
                self.own.bytes += text.len() as u64;
                let hits = self.searcher.keys.find(text);
                if !hits.is_empty() {
                    self.own.hits.push((path.to_string_lossy().into_owned(), hits));
                }
            }
            Content::Utf16(text) => {
                self.own.files += 1;
                self.own.bytes += text.len() as u64;
                let hits = self.searcher.keys.find(text.as_bytes());
                self.own.hits.push((path.to_string_lossy().into_owned(), hits));
            }
            Content::Binary => self.own.binary += 1,
            Content::Large(bytes) => {
                return Err(format!(
                    "has {} MiB, more than the {} that are read",
                    bytes >> 20,
                    LARGEST >> 20
                ));
            }
        }
        Ok(())
    }
}

fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "cannot be read: permission denied".to_owned(),
        io::ErrorKind::NotFound => "was removed meanwhile".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}

/// What a path that is neither file nor folder is.
fn no_file(kind: fs::FileType) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if kind.is_fifo() {
            return "is a FIFO, no file".to_owned();
        }
        if kind.is_socket() {
            return "is a socket, no file".to_owned();
        }
    }
    let _ = kind;
    "is a device, no file".to_owned()
}

/// A link is not followed: what it leads to is searched where it lies. Told is one that leads nowhere, back to a folder
/// that it lies in, or out of what is searched.
fn link(path: &Path, roots: &[Root]) -> Result<(), String> {
    let target = match path.canonicalize() {
        Ok(target) => target,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Err("is a broken link".to_owned()),
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => return Err(unreadable(&e)),
        Err(_) => return Err("is a link in a circle of links".to_owned()),
    };
    let folder = path.parent().and_then(|p| p.canonicalize().ok()).unwrap_or_default();
    if folder.starts_with(&target) {
        Err("is a link back to a folder that it lies in".to_owned())
    } else if roots.iter().any(|r| target.starts_with(&r.real)) {
        Ok(())
    } else {
        Err("is a link out of the folders that are searched, and not followed".to_owned())
    }
}

/// A file's content.
enum Content<'b> {
    Text(&'b [u8]),
    /// Decoded.
    Utf16(String),
    Binary,
    /// Not read; its bytes.
    Large(u64),
}

fn read<'b>(path: &Path, buffer: &'b mut Vec<u8>) -> io::Result<Content<'b>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    if length > LARGEST {
        return Ok(Content::Large(length));
    }
    buffer.clear();
    let head = file.by_ref().take(HEAD as u64).read_to_end(buffer)?;
    let wide = match buffer.get(..2) {
        Some([0xff, 0xfe]) => Some(encoding_rs::UTF_16LE),
        Some([0xfe, 0xff]) => Some(encoding_rs::UTF_16BE),
        _ => None,
    };
    if wide.is_none() && memchr(0, buffer).is_some() {
        return Ok(Content::Binary);
    }
    if head == HEAD {
        file.take(LARGEST - HEAD as u64).read_to_end(buffer)?;
    }
    Ok(match wide {
        Some(encoding) => Content::Utf16(encoding.decode(buffer).0.into_owned()),
        None => Content::Text(buffer),
    })
}

fn united(keys: usize, parts: Vec<Gathered>) -> Searched {
    let mut all = Searched { keys: vec![References::default(); keys], ..Searched::default() };
    let mut troubles = BTreeSet::new();
    for part in parts {
        all.files += part.files;
        all.bytes += part.bytes;
        all.binary += part.binary;
        troubles.extend(part.troubles);
        for (path, hits) in part.hits {
            for hit in hits {
                let of = &mut all.keys[hit.key];
                if hit.certain {
                    of.certain.push(Reference { path: path.clone(), line: hit.line });
                } else {
                    of.uncertain += 1;
                }
            }
        }
    }
    all.keys.iter_mut().for_each(|k| k.certain.sort());
    all.troubles = troubles.into_iter().collect();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        folder
    }

    fn searched(
        folder: &tempfile::TempDir,
        roots: &[&str],
        leave_out: &[PathBuf],
    ) -> (Searched, Vec<String>) {
        let keys = Keys::new(&["new-ui"]).unwrap();
        let roots: Vec<PathBuf> = roots.iter().map(|r| folder.path().join(r)).collect();
        let searched = search(&keys, &roots, leave_out).unwrap();
        let front = format!("{}/", folder.path().display());
        let places = searched.keys[0].certain.iter().map(|r| r.to_string().replace(&front, "")).collect();
        (searched, places)
    }

    #[test]
    fn text_is_searched_and_what_is_ignored_hidden_or_binary_is_not() {
        let wide: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("x\n'new-ui'".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let folder = tree(&[
            ("src/a.ts", b"x\nflag('new-ui')\n"),
            ("src/deep/b.rs", b"NEW_UI"),
            ("src/wide.strings", &wide),
            ("src/logo.png", b"\x89PNG\0new-ui"),
            (".hidden/c.ts", b"new-ui"),
            (".gitignore", b"dist/\n"),
            ("dist/d.js", b"new-ui"),
            ("flags.csv", b"flag\nnew-ui\n"),
        ]);
        let (searched, places) = searched(&folder, &["."], &[folder.path().join("flags.csv")]);
        assert_eq!(places, ["./src/a.ts:2", "./src/deep/b.rs:1", "./src/wide.strings:2"]);
        assert_eq!((searched.files, searched.binary, searched.troubles), (3, 1, vec![]));
    }

    #[test]
    fn a_folder_within_another_is_searched_once_and_a_file_may_be_given() {
        let folder = tree(&[("src/a.ts", b"newUi"), ("src/b.ts", b"newUi")]);
        assert_eq!(searched(&folder, &["src", "", "src/a.ts"], &[]).1, ["src/a.ts:1", "src/b.ts:1"]);
        assert_eq!(searched(&folder, &["src/b.ts"], &[]).1, ["src/b.ts:1"]);
        let keys = Keys::new(&["new-ui"]).unwrap();
        assert!(search(&keys, &[folder.path().join("nowhere")], &[]).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_cannot_be_searched_is_named_and_the_rest_is() {
        use std::os::unix::fs::symlink;
        let folder = tree(&[("src/a.ts", b"newUi"), ("other/b.ts", b"newUi")]);
        let at = |name: &str| folder.path().join(name);
        assert!(std::process::Command::new("mkfifo").arg(at("src/pipe")).status().unwrap().success());
        symlink("nowhere", at("src/broken")).unwrap();
        symlink("..", at("src/up")).unwrap();
        symlink("self", at("src/self")).unwrap();
        symlink("a.ts", at("src/within.ts")).unwrap();
        symlink("../other", at("src/out")).unwrap();
        // A hole of 4 GiB takes no room.
        File::create(at("src/sparse.log")).unwrap().set_len(4 << 30).unwrap();
        let (searched, places) = searched(&folder, &["src"], &[]);
        assert_eq!(places, ["src/a.ts:1"]);
        let front = format!("{}/src/", folder.path().display());
        let troubles: Vec<String> =
            searched.troubles.iter().map(|t| format!("{} {}", t.path.replace(&front, ""), t.what)).collect();
        assert_eq!(
            troubles,
            [
                "broken is a broken link",
                "out is a link out of the folders that are searched, and not followed",
                "pipe is a FIFO, no file",
                "self is a link in a circle of links",
                "sparse.log has 4096 MiB, more than the 64 that are read",
                "up is a link back to a folder that it lies in",
            ]
        );
        let keys = Keys::new(&["new-ui"]).unwrap();
        assert!(search(&keys, &[at("src/pipe")], &[]).is_err(), "a FIFO that is given is not waited for");
        symlink("src", at("current")).unwrap();
        let linked = search(&keys, &[at("current")], &[]).unwrap();
        assert_eq!(linked.keys[0].certain.len(), 1, "a root that is a link is searched");
    }
}

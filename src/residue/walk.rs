//! The files of a place.

use super::{Place, Trouble};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, FileType},
    io,
    path::{Path, PathBuf},
};

/// A file to search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) place: usize,
    pub(super) path: PathBuf,
    /// Below the place.
    pub(super) name: String,
    pub(super) bytes: u64,
}

/// Links that are followed in search of circles, at most.
const LINKS: usize = 5_000;

/// All regular files of a place, each once, by name. Links are followed after everything that lies in the folder
/// itself, to what is not in it already.
pub(super) fn files(number: usize, place: &Place, files: &mut Vec<File>, troubles: &mut Vec<Trouble>) {
    let mut walk =
        Walk { place: number, files, troubles, links: Vec::new(), roots: Vec::new(), seen: BTreeSet::new() };
    let root = &place.path;
    let name = root.file_name().unwrap_or(root.as_os_str()).to_string_lossy().into_owned();
    match fs::metadata(root) {
        Err(error) => walk.trouble(&name, opening(&error)),
        Ok(there) if there.is_dir() => {
            walk.roots.extend(root.canonicalize());
            walk.folder(root, "");
            walk.follow();
        }
        Ok(there) => {
            walk.entry(root, name.clone(), there.file_type());
            // What a database has not yet taken over from its log.
            let mut log = root.as_os_str().to_owned();
            log.push("-wal");
            if let Ok(there) = fs::metadata(&log) {
                walk.entry(Path::new(&log), format!("{name}-wal"), there.file_type());
            }
        }
    }
}

/// Why something cannot be opened, as the rest of a sentence.
pub(super) fn opening(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "cannot be opened: permission denied".to_owned(),
        kind => format!("cannot be opened: {kind}"),
    }
}

struct Walk<'a> {
    place: usize,
    files: &'a mut Vec<File>,
    troubles: &'a mut Vec<Trouble>,
    /// Links that were met: path and name.
    links: Vec<(PathBuf, String)>,
    /// Folders that are walked, canonical.
    roots: Vec<PathBuf>,
    /// Files behind links, canonical.
    seen: BTreeSet<PathBuf>,
}

impl Walk<'_> {
    fn trouble(&mut self, name: &str, what: impl Into<String>) {
        self.troubles.push(Trouble { place: self.place, file: name.to_owned(), what: what.into() });
    }

    /// Everything below a folder that is no link.
    fn folder(&mut self, folder: &Path, prefix: &str) {
        let mut folders = vec![(folder.to_owned(), prefix.to_owned())];
        while let Some((folder, prefix)) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    let name = if prefix.is_empty() { "." } else { prefix.trim_end_matches('/') };
                    self.trouble(name, opening(&error));
                    continue;
                }
            };
            for entry in entries {
                let known = entry.and_then(|e| Ok((e.path(), e.file_name(), e.file_type()?)));
                let (path, name, kind) = match known {
                    Ok(known) => known,
                    Err(error) => {
                        self.trouble(&format!("{prefix}?"), opening(&error));
                        continue;
                    }
                };
                let name = format!("{prefix}{}", name.to_string_lossy());
                if kind.is_dir() {
                    folders.push((path, format!("{name}/")));
                } else if kind.is_symlink() {
                    self.links.push((path, name));
                } else {
                    self.entry(&path, name, kind);
                }
            }
        }
    }

    /// What is neither folder nor link. Only regular files are ever opened: others may block, or never end.
    fn entry(&mut self, path: &Path, name: String, kind: FileType) {
        if !kind.is_file() {
            return self.trouble(&name, format!("is {} and was not opened", special(kind)));
        }
        match fs::metadata(path) {
            Ok(there) => {
                self.files.push(File { place: self.place, path: path.to_owned(), name, bytes: there.len() });
            }
            Err(error) => self.trouble(&name, opening(&error)),
        }
    }

    /// Follows the links that were met, and those met on the way.
    fn follow(&mut self) {
        let mut circling = BTreeMap::new();
        while !self.links.is_empty() {
            let mut links = std::mem::take(&mut self.links);
            links.sort();
            for (path, name) in links {
                let (target, there) = match path.canonicalize().and_then(|t| Ok((fs::metadata(&t)?, t))) {
                    Ok((there, target)) => (target, there),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        self.trouble(&name, "links to nothing");
                        continue;
                    }
                    Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                        self.trouble(&name, opening(&error));
                        continue;
                    }
                    // Too many levels of links: it links to itself by and by.
                    Err(_) => {
                        self.trouble(&name, "links to itself and was passed over");
                        continue;
                    }
                };
                let known = self.roots.iter().any(|root| target.starts_with(root));
                if there.is_dir() {
                    let place = path.parent().and_then(|p| p.canonicalize().ok()).unwrap_or_default();
                    circling.insert(name.clone(), (place, target.clone()));
                    if !known {
                        self.roots.push(target.clone());
                        self.folder(&target, &format!("{name}/"));
                    }
                } else if !known && self.seen.insert(target.clone()) {
                    self.entry(&target, name, there.file_type());
                }
            }
        }
        for name in circles(&circling) {
            self.trouble(&name, "links in a circle and was passed over");
        }
    }
}

fn special(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if kind.is_fifo() {
            return "a FIFO";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_block_device() || kind.is_char_device() {
            return "a device";
        }
    }
    let _ = kind;
    "no regular file"
}

/// The first link of each circle: following it leads to folders that hold it. For each link the folder in which it
/// lies, and its target.
fn circles(links: &BTreeMap<String, (PathBuf, PathBuf)>) -> Vec<String> {
    let links: Vec<_> = links.iter().take(LINKS).collect();
    let mut told = Vec::new();
    let mut in_circle = BTreeSet::new();
    for first in 0..links.len() {
        if in_circle.contains(&first) {
            continue;
        }
        // From which link each other one was reached.
        let mut from = BTreeMap::new();
        let mut open = vec![first];
        while let Some(at) = open.pop() {
            let target = &links[at].1.1;
            for (next, (_, (place, _))) in links.iter().enumerate() {
                if place.starts_with(target) && !from.contains_key(&next) {
                    from.insert(next, at);
                    open.push(next);
                }
            }
        }
        let mut back = from.get(&first).copied();
        if back.is_none() {
            continue;
        }
        told.push(links[first].0.clone());
        in_circle.insert(first);
        while let Some(at) = back.filter(|at| *at != first) {
            in_circle.insert(at);
            back = from.get(&at).copied();
        }
    }
    told
}

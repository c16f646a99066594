//! Files and their blocks, shared among threads.

use super::{
    Options, Scanned, Trouble,
    cut::{Block, Sizes},
    digests,
    gather::{Gathered, search},
    index::Index,
    open::Opened,
    walk::{self, File},
};
use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use std::{
    cell::Cell,
    collections::VecDeque,
    fs,
    io::{self, Read},
    rc::Rc,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// What all threads gave.
#[derive(Default)]
pub(super) struct Results {
    pub(super) gathered: Gathered,
    pub(super) inputs: Vec<Scanned>,
    pub(super) troubles: Vec<Trouble>,
}

/// Blocks that wait for a thread that has no file of its own any more.
struct Queue {
    blocks: VecDeque<Block>,
    /// Threads that still read files.
    reading: usize,
    /// Threads that wait for blocks or search them.
    helping: usize,
}

struct Pool<'a> {
    index: &'a Index,
    files: &'a [File],
    options: &'a Options<'a>,
    sizes: Sizes,
    next: AtomicUsize,
    queue: Mutex<Queue>,
    wake: Condvar,
    results: Mutex<Results>,
}

/// Searches all files. Each thread reads files of its own; when none is left it searches blocks of the others'.
pub(super) fn run(index: &Index, files: &[File], sizes: Sizes, options: &Options<'_>) -> Results {
    let cores = || thread::available_parallelism().map_or(1, usize::from);
    let threads = if options.threads == 0 { cores() } else { options.threads };
    let pool = Pool {
        index,
        files,
        options,
        sizes,
        next: AtomicUsize::new(0),
        queue: Mutex::new(Queue { blocks: VecDeque::new(), reading: threads, helping: 0 }),
        wake: Condvar::new(),
        results: Mutex::default(),
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| pool.work());
        }
        pool.work();
    });
    pool.results.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// What a lock guards is whole after every step, so that a thread that failed leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool<'_> {
    fn work(&self) {
        while let Some(file) = self.files.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            self.file(file);
        }
        let mut queue = lock(&self.queue);
        queue.reading -= 1;
        queue.helping += 1;
        self.wake.notify_all();
        loop {
            if let Some(block) = queue.blocks.pop_front() {
                drop(queue);
                self.search(&block);
                queue = lock(&self.queue);
            } else if queue.reading == 0 {
                return;
            } else {
                queue = self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Leaves a block to a thread without a file where there is one that is not busy, else searches it.
    fn emit(&self, block: Block) {
        let mut queue = lock(&self.queue);
        if queue.blocks.len() < 2 * queue.helping {
            queue.blocks.push_back(block);
            drop(queue);
            self.wake.notify_one();
        } else {
            drop(queue);
            self.search(&block);
        }
    }

    fn search(&self, block: &Block) {
        let lines = search(self.index, block);
        if !lines.is_empty() {
            lock(&self.results).gathered.add(block, lines);
        }
    }

    fn file(&self, file: &File) {
        let File { place, path, name, .. } = file;
        let trouble = |what: String| Trouble { place: *place, file: name.clone(), what };
        let opened = fs::File::open(path).and_then(|f| Ok((f.metadata()?, f)));
        let (before, reader) = match opened {
            Ok(opened) => opened,
            Err(error) => return lock(&self.results).troubles.push(trouble(walk::opening(&error))),
        };
        let mut reader = Hashed { reader, sum: Sha256::new(), bytes: 0, told: self.options.progress };
        let bound = self.options.unpacked;
        let most = bound.least.max(before.len().saturating_mul(bound.ratio));
        let mut emit = |block| self.emit(block);
        let left = Rc::new(Cell::new(most));
        let mut opened =
            Opened { place: *place, sizes: self.sizes, left, most, troubles: Vec::new(), emit: &mut emit };
        opened.content(&mut reader, name, 0, Some(path));
        let mut troubles = opened.troubles;
        // An archive is read by its directory, and after damage nothing further: the digest is of the whole file.
        let drained = io::copy(&mut reader, &mut io::sink());
        if let (Err(error), true) = (drained, troubles.is_empty()) {
            troubles.push(trouble(format!(
                "cannot be read further ({}); the rest was not searched",
                error.kind()
            )));
        }
        let modified = before.modified().ok();
        let after = reader.reader.metadata().ok().map(|m| (m.len(), m.modified().ok()));
        if after.is_some_and(|a| a != (before.len(), modified)) || reader.bytes != before.len() {
            troubles.push(trouble("changed while it was read".to_owned()));
        }
        let scanned = Scanned {
            place: *place,
            file: name.clone(),
            bytes: reader.bytes,
            sha256: digests::hex(&reader.sum.finalize()),
            modified: modified.map(DateTime::<Utc>::from),
        };
        let mut results = lock(&self.results);
        results.inputs.push(scanned);
        results.troubles.append(&mut troubles);
    }
}

/// A file whose digest is made while it is read.
struct Hashed<'a> {
    reader: fs::File,
    sum: Sha256,
    bytes: u64,
    told: Option<&'a (dyn Fn(u64) + Sync)>,
}

/// The most that is read at once: it is hashed while it is still in the core's own cache.
const STRETCH: usize = 256 << 10;

impl Read for Hashed<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let most = to.len().min(STRETCH);
        let read = self.reader.read(&mut to[..most])?;
        self.sum.update(&to[..read]);
        self.bytes += read as u64;
        if let Some(told) = self.told {
            told(read as u64);
        }
        Ok(read)
    }
}

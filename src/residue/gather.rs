//! What all blocks gave, made the same whatever their order and wherever they were cut.

use super::{
    Beyond, Hit, HitKind, KEPT, chars,
    cut::{Block, Lines},
    escapes::find_all,
    find::Found,
    index::Index,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A line of a block that holds something.
pub(super) struct Line {
    subject: u32,
    kind: HitKind,
    line: u64,
    /// Where in the stream.
    offset: u64,
    matched: String,
    /// It may go on in the block before or after.
    shared: bool,
}

/// The lines of a block that hold something, each once for a subject and kind.
pub(super) fn search(index: &Index, block: &Block) -> Vec<Line> {
    let Block { text, body, .. } = block;
    // Holes of sparse files.
    if text.iter().all(|b| *b == 0) {
        return Vec::new();
    }
    let mut found = Vec::new();
    find_all(index, text, &mut found);
    found.retain(|f| body.contains(&f.start));
    found.sort_unstable();
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    let (mut at, mut breaks) = (body.start, 0);
    let begins = body.start == 0 || text[body.start - 1] == b'\n';
    // Nothing after the body: the stream ends with it.
    let ends = body.end == text.len() || text[body.end - 1] == b'\n';
    for Found { start, end, subject, kind } in found {
        let (line, shared) = match &block.lines {
            Lines::From(first) => {
                breaks += memchr::memchr_iter(b'\n', &text[at..start]).count() as u64;
                at = start;
                let opens = breaks == 0 && !begins;
                let closes = !ends && memchr::memchr(b'\n', &text[start..body.end]).is_none();
                (first + breaks, opens || closes)
            }
            Lines::Rows(rows) => {
                let row = rows.partition_point(|(from, _)| *from <= start).saturating_sub(1);
                (rows.get(row).map_or(0, |(_, number)| *number), false)
            }
        };
        if seen.insert((line, subject, kind)) {
            let offset = block.offset + (start - body.start) as u64;
            let matched = shown(&text[start..end]);
            lines.push(Line { subject, kind, line, offset, matched, shared });
        }
    }
    lines
}

/// Text of any encoding.
fn shown(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some((c, long)) = chars::char_at(text, at) {
        out.push(c);
        at += long;
    }
    out
}

/// The lines of one subject and kind in one file.
#[derive(Default)]
struct Kept {
    /// The first ones, by where they begin.
    first: BTreeMap<u64, (u64, String)>,
    /// All.
    many: u64,
    /// Those of them that may come again from another block.
    shared: BTreeSet<u64>,
}

/// All that was found so far.
#[derive(Default)]
pub(super) struct Gathered {
    kept: BTreeMap<(usize, Arc<str>, u32, HitKind), Kept>,
}

impl Gathered {
    /// Adds the lines of a block.
    pub(super) fn add(&mut self, block: &Block, lines: Vec<Line>) {
        for Line { subject, kind, line, offset, matched, shared } in lines {
            let kept = self.kept.entry((block.place, Arc::clone(&block.name), subject, kind)).or_default();
            if !shared || kept.shared.insert(line) {
                kept.many += 1;
            }
            let there = kept.first.entry(line).or_insert_with(|| (u64::MAX, String::new()));
            if offset < there.0 {
                *there = (offset, matched);
            }
            if kept.first.len() > KEPT {
                kept.first.pop_last();
            }
        }
    }

    /// In the order of the report.
    pub(super) fn finish(self) -> (Vec<Hit>, Vec<Beyond>) {
        let (mut hits, mut beyond) = (Vec::new(), Vec::new());
        for ((place, name, subject, kind), kept) in self.kept {
            let subject = subject as usize;
            let more = kept.many - kept.first.len() as u64;
            if more > 0 {
                beyond.push(Beyond { place, file: name.to_string(), subject, kind, lines: more });
            }
            hits.extend(kept.first.into_iter().map(|(line, (_, matched))| Hit {
                place,
                file: name.to_string(),
                line,
                subject,
                kind,
                matched,
            }));
        }
        hits.sort();
        (hits, beyond)
    }
}

//! A stream of bytes in blocks that overlap, so that nothing is lost where it is cut.

use std::{
    io::{self, Read},
    ops::Range,
    sync::Arc,
};

/// How a stream is cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Bytes of a block that are its own.
    pub(super) body: usize,
    /// Bytes of its neighbours that it shows on either side.
    pub(super) around: usize,
}

/// Part of a file, or some rows of a table.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) place: usize,
    /// The file, member or table.
    pub(super) name: Arc<str>,
    pub(super) text: Vec<u8>,
    /// What begins here is this block's to tell.
    pub(super) body: Range<usize>,
    /// Where the body begins in the stream.
    pub(super) offset: u64,
    pub(super) lines: Lines,
}

/// How a place in a block is called.
#[derive(Debug)]
pub(super) enum Lines {
    /// The line in which the body begins.
    From(u64),
    /// Where each row begins, and its number.
    Rows(Vec<(usize, u64)>),
}

/// Cuts all that a reader gives. An error comes after what was read before it.
pub(super) fn cut(
    reader: &mut dyn Read,
    (place, name): (usize, &Arc<str>),
    sizes: Sizes,
    emit: &mut dyn FnMut(Block),
) -> io::Result<()> {
    let full = sizes.body + 2 * sizes.around;
    let mut text = Vec::with_capacity(full);
    let (mut from, mut offset, mut line) = (0, 0, 1);
    loop {
        let read = fill(reader, &mut text, full);
        let last = !matches!(read, Ok(true));
        let to = if last { text.len() } else { text.len() - sizes.around };
        if to > from {
            let mut next = Vec::with_capacity(if last { 0 } else { full });
            let keep = to.saturating_sub(sizes.around);
            if !last {
                next.extend_from_slice(&text[keep..]);
            }
            let breaks = memchr::memchr_iter(b'\n', &text[from..to]).count();
            let name = Arc::clone(name);
            emit(Block { place, name, text, body: from..to, offset, lines: Lines::From(line) });
            text = next;
            line += breaks as u64;
            offset += (to - from) as u64;
            from = to - keep;
        }
        if last {
            return read.map(drop);
        }
    }
}

/// Reads until there are so many bytes; says whether they are.
fn fill(reader: &mut dyn Read, text: &mut Vec<u8>, full: usize) -> io::Result<bool> {
    let mut end = text.len();
    text.resize(full, 0);
    let mut ended = Ok(true);
    while end < full {
        match reader.read(&mut text[end..]) {
            Ok(0) => {
                ended = Ok(false);
                break;
            }
            Ok(n) => end += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                ended = Err(error);
                break;
            }
        }
    }
    text.truncate(end);
    ended
}

//! One pass over a text for all values of all subjects.

use super::{
    HitKind,
    chars::{self, char_at, char_before, hash, hash_ascii},
    digests, escapes,
    index::{Address, Id, Index, Single, Words, address_key, name_key},
    phone::{self, Candidate},
};
use memchr::memchr_iter;

/// Something found, by its place in the text that was searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) subject: u32,
    pub(super) kind: HitKind,
}

/// Finds everything in the text as it stands.
pub(super) fn find(index: &Index, text: &[u8], found: &mut Vec<Found>) {
    addresses(index, text, found);
    Pass { index, text, found, last: Word::default(), groups: [Group::default(); phone::GROUPS], many: 0 }
        .run();
}

/// How a character stands before an `@`.
#[derive(PartialEq)]
enum Local {
    /// It is part of the address.
    Part,
    /// Addresses may hold it, and it stands before addresses: `email=ann@example.com`.
    Either,
    /// It is no part of an address.
    No,
}

fn local(c: char) -> Local {
    match c {
        '.' | '_' | '-' | '+' | '%' => Local::Part,
        '!' | '#' | '$' | '&' | '\'' | '*' | '/' | '=' | '?' | '^' | '`' | '{' | '|' | '}' | '~' => {
            Local::Either
        }
        _ if chars::joins(c) => Local::Part,
        _ => Local::No,
    }
}

fn addresses(index: &Index, text: &[u8], found: &mut Vec<Found>) {
    for at in memchr_iter(b'@', text) {
        let end = domain_end(index, text, at + 1);
        let domain = &text[at + 1..end];
        let domain_hash = hash(domain);
        if domain.is_empty() || index.domains.get(domain_hash).is_empty() {
            continue;
        }
        let mut start = at;
        loop {
            let before = char_before(text, start).filter(|_| at - start < index.local());
            match before.map(|(c, _)| local(c)) {
                Some(Local::Part) => {}
                Some(Local::Either) => {
                    // o'neil@example.com is not neil@example.com; 'neil@example.com' is.
                    let (c, long) = before.unwrap_or_default();
                    let within =
                        c == '\'' && char_before(text, start - long).is_some_and(|(c, _)| chars::joins(c));
                    if !within {
                        address(index, text, [start, at, end], domain_hash, found);
                    }
                }
                _ => {
                    // jo&#46;ann@example.com is not ann@example.com.
                    let entity = before.and_then(|_| escapes::entity_before(text, start));
                    if !entity.is_some_and(|c| local(c) == Local::Part) {
                        address(index, text, [start, at, end], domain_hash, found);
                    }
                    break;
                }
            }
            start -= before.map_or(0, |(_, long)| long);
        }
    }
}

/// Where the domain that begins at a place ends. Dots and hyphens at its end are the sentence's.
fn domain_end(index: &Index, text: &[u8], from: usize) -> usize {
    let mut end = from;
    while let Some((c, long)) = char_at(text, end)
        && (c == '.' || c == '-' || chars::joins(c) && c != '_')
        && end - from <= index.reach()
    {
        end += long;
    }
    while end > from && matches!(text[end - 1], b'.' | b'-') {
        end -= 1;
    }
    end
}

/// Looks up what stands from `start` to the `@` and from there to `end`: whole, without punctuation before it, and
/// without its tag.
fn address(
    index: &Index,
    text: &[u8],
    [start, at, end]: [usize; 3],
    domain_hash: u64,
    found: &mut Vec<Found>,
) {
    let plain = text[start..at].iter().position(|b| !b".-+".contains(b)).map_or(at, |skip| start + skip);
    let mut starts = [Some(start), (plain != start).then_some(plain)];
    for start in starts.iter_mut().filter_map(Option::take).filter(|s| *s < at) {
        let look = |upto: usize, kind: HitKind, found: &mut Vec<Found>| {
            let key = address_key(hash(&text[start..upto]), domain_hash);
            let same = |a: &&Address| {
                chars::same(&text[start..upto], &a.local) && chars::same(&text[at + 1..end], &a.domain)
            };
            let before = found.len();
            let those = index.addresses.get(key).iter().filter(same);
            found.extend(those.map(|a| Found { start, end, subject: a.subject, kind }));
            found.len() > before
        };
        let whole = look(at, HitKind::Email, found);
        // A tagged address that is asked for itself is no tag of another one's; the untagged one's owner has both.
        if let Some(tag) = memchr::memchr(b'+', &text[start..at]).filter(|t| *t > 0) {
            look(start + tag, HitKind::EmailPlusTag, found);
        } else if whole {
            return;
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Word {
    start: usize,
    end: usize,
    hash: u64,
}

#[derive(Clone, Copy, Default)]
struct Group {
    start: usize,
    end: usize,
}

/// The words of a text, one after another.
struct Pass<'a> {
    index: &'a Index,
    text: &'a [u8],
    found: &'a mut Vec<Found>,
    last: Word,
    /// The groups of digits that may be one number with what comes.
    groups: [Group; phone::GROUPS],
    many: usize,
}

/// Bytes between two words of a name, at most.
const APART: usize = 24;

/// Characters between two words of a name, at most.
const APART_CHARS: usize = 8;

impl Pass<'_> {
    /// Words are runs of ASCII letters, digits, underscores and all that is not ASCII. 64 bytes are looked at together.
    fn run(&mut self) {
        let text = self.text;
        let mut open = None;
        let mut high = false;
        let mut carry = 0;
        for (n, block) in text.chunks(64).enumerate() {
            let (mask, any_high) = marks(block);
            high |= any_high;
            let mut turns = mask ^ (mask << 1 | carry);
            carry = mask >> 63;
            while turns != 0 {
                let at = n * 64 + turns.trailing_zeros() as usize;
                turns &= turns - 1;
                match open.take() {
                    None => open = Some(at),
                    Some(start) => {
                        self.stretch(start, at, high);
                        // What was high may lie behind; asking again costs little.
                        high = any_high;
                    }
                }
            }
            if open.is_none() {
                high = false;
            }
        }
        if let Some(start) = open {
            self.stretch(start, text.len(), high);
        }
    }

    #[inline]
    fn stretch(&mut self, start: usize, end: usize, high: bool) {
        if high && !self.text[start..end].is_ascii() {
            self.mixed(start, end);
        } else {
            self.word(Word { start, end, hash: hash_ascii(self.text, start, end) });
        }
    }

    /// A run that is not all ASCII: quotes and wide spaces part it, and some characters are words by themselves.
    fn mixed(&mut self, start: usize, end: usize) {
        let mut open = None;
        let mut at = start;
        while at < end
            && let Some((c, long)) = char_at(self.text, at)
        {
            if !chars::joins(c) {
                if let Some(from) = open.take() {
                    self.word(Word { start: from, end: at, hash: hash(&self.text[from..at]) });
                }
                if chars::alone(c) && chars::in_word(c) {
                    self.word(Word { start: at, end: at + long, hash: hash(&self.text[at..at + long]) });
                }
            } else if open.is_none() {
                open = Some(at);
            }
            at += long;
        }
        if let Some(from) = open {
            self.word(Word { start: from, end: at, hash: hash(&self.text[from..at]) });
        }
    }

    #[inline]
    fn word(&mut self, word: Word) {
        let Word { start, end, hash } = word;
        if self.text[start].is_ascii_digit() {
            self.digits(start, end);
        }
        if end - start >= 32 {
            self.hexadecimal(start, end);
        }
        for single in self.index.singles.get(hash) {
            self.single(single, word);
        }
        if start - self.last.end <= APART {
            for name in self.index.names.get(name_key(self.last.hash, hash)) {
                self.name(name, self.last.start);
            }
        }
        self.last = word;
    }

    #[cold]
    fn single(&mut self, single: &Single, word: Word) {
        match single {
            Single::Name(name) => self.name(name, word.start),
            Single::Id(id) => {
                if let Some(start) = word.start.checked_sub(id.before)
                    && let Some(there) = self.text.get(start..start + id.text.len())
                    && (there == id.text.as_bytes()
                        || id.any_case && there.eq_ignore_ascii_case(id.text.as_bytes()))
                {
                    self.id(id, start);
                }
            }
        }
    }

    fn id(&mut self, id: &Id, start: usize) {
        let end = start + id.text.len();
        if stands_alone(self.text, start, end) {
            self.found.push(Found { start, end, subject: id.subject, kind: HitKind::Id });
        }
    }

    /// Follows the words of a name from the first one.
    #[cold]
    fn name(&mut self, name: &Words, start: usize) {
        let text = self.text;
        let mut end = start;
        for (n, wanted) in name.words.iter().enumerate() {
            let from = if n == 0 { start } else { next_word(text, end) };
            let Some(to) = word_end(text, from) else { return };
            if n > 0 && !joined(text, end, from) || !chars::same(&text[from..to], wanted) {
                return;
            }
            end = to;
        }
        if !in_longer_name(text, start, end) {
            self.found.push(Found { start, end, subject: name.subject, kind: HitKind::Name });
        }
    }

    /// Runs of hexadecimal digits as long as a digest.
    #[cold]
    fn hexadecimal(&mut self, start: usize, end: usize) {
        for run in self.text[start..end].split(|b| !b.is_ascii_hexdigit()) {
            if run.len() % 2 != 0 || !digests::is_length(run.len() / 2) {
                continue;
            }
            let Some(bytes) = digests::unhex(run) else { continue };
            let from = run.as_ptr().addr() - self.text.as_ptr().addr();
            let those = self.index.digests.get(digests::key(&bytes)).iter().filter(|d| d.bytes == bytes);
            let hits =
                those.map(|d| Found { start: from, end: from + run.len(), subject: d.subject, kind: d.kind });
            self.found.extend(hits);
        }
    }

    /// A word that begins with a digit may be a group of a phone number; `x12` after it is an extension.
    #[inline]
    fn digits(&mut self, start: usize, end: usize) {
        let text = self.text;
        let long = text[start..end].iter().take_while(|b| b.is_ascii_digit()).count();
        let extension = long < end - start;
        if extension && !is_extension(&text[start + long..end]) || long > phone::MOST {
            self.many = 0;
            return;
        }
        let end = start + long;
        if self.many > 0 {
            let before = self.groups[self.many - 1].end;
            if start - before > 12 || !phone::between(&text[before..start]) {
                self.many = 0;
            } else if self.many == phone::GROUPS {
                self.groups.rotate_left(1);
                self.many -= 1;
            }
        }
        self.groups[self.many] = Group { start, end };
        self.many += 1;
        let digits: usize = self.groups[..self.many].iter().map(|g| g.end - g.start).sum();
        if digits >= phone::LEAST {
            self.number();
        }
        if extension {
            self.many = 0;
        }
    }

    /// Looks up the number that ends with the last group.
    fn number(&mut self) {
        let text = self.text;
        let mut digits = [b'0'; phone::MOST];
        let mut from = phone::MOST;
        let mut first = self.many;
        // As many groups as fit, from the last.
        while first > 0 {
            let group = self.groups[first - 1];
            let long = group.end - group.start;
            if long > from {
                break;
            }
            digits[from - long..from].copy_from_slice(&text[group.start..group.end]);
            from -= long;
            first -= 1;
        }
        if phone::MOST - from < phone::LEAST {
            return;
        }
        let candidates = self.index.numbers.get(phone::tail(&digits));
        if candidates.is_empty() {
            return;
        }
        let end = self.groups[self.many - 1].end;
        for number in candidates {
            let mut from = from;
            for n in first..self.many {
                let group = self.groups[n];
                let plus = group.start > 0 && text[group.start - 1] == b'+';
                let Ok(digits) = std::str::from_utf8(&digits[from..]) else { break };
                let found = Candidate { digits, plus, groups: self.many - n };
                let start = group.start - usize::from(plus);
                let spaced = self.groups[n..self.many].windows(2).any(|pair| {
                    std::str::from_utf8(&text[pair[0].end..pair[1].start])
                        .is_ok_and(|t| t.contains(phone::is_space))
                });
                let international = plus || digits.starts_with("00");
                if number.is(&found)
                    && phone::begins(text, start, international, spaced)
                    && phone::ends(text, end, spaced)
                {
                    self.found.push(Found { start, end, subject: number.subject, kind: HitKind::Phone });
                    break;
                }
                from += group.end - group.start;
            }
        }
    }
}

fn is_extension(rest: &[u8]) -> bool {
    let digits =
        rest.strip_prefix(b"x").or_else(|| rest.strip_prefix(b"X")).or_else(|| rest.strip_prefix(b"ext"));
    digits.is_some_and(|d| !d.is_empty() && d.iter().all(u8::is_ascii_digit))
}

/// Which of up to 64 bytes stand in words, a bit each; and whether one is not ASCII.
fn marks(block: &[u8]) -> (u64, bool) {
    let mut full = [0; 64];
    let block = if let Ok(whole) = <&[u8; 64]>::try_from(block) {
        whole
    } else {
        full[..block.len()].copy_from_slice(block);
        &full
    };
    let mut high = 0;
    let mut flags = [0_u8; 64];
    for (flag, b) in flags.iter_mut().zip(block) {
        let letter = (b | 0x20).wrapping_sub(b'a') < 26;
        let digit = b.wrapping_sub(b'0') < 10;
        *flag = u8::from(letter | digit | (*b == b'_') | (*b >= 0x80));
        high |= *b;
    }
    let mut mask = 0;
    for (n, eight) in flags.as_chunks::<8>().0.iter().enumerate() {
        // Gathers the lowest bits of eight bytes.
        let bits = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        mask |= bits << (8 * n);
    }
    (mask, high >= 0x80)
}

/// Whether an id at a place is not part of a longer one.
fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    let is_word = |c: Option<(char, usize)>| c.is_some_and(|(c, _)| chars::joins(c));
    let digit = |at: Option<usize>| at.and_then(|i| text.get(i)).is_some_and(u8::is_ascii_digit);
    let before = char_before(text, start);
    let left = is_word(char_at(text, start))
        && match before {
            Some(('-', _)) => is_word(char_before(text, start - 1)),
            // 12345 within 0.12345
            Some(('.', _)) => digit(Some(start)) && digit(start.checked_sub(2)),
            c => is_word(c),
        };
    let right = is_word(char_before(text, end))
        && match char_at(text, end) {
            Some(('-', _)) => is_word(char_at(text, end + 1)),
            // A spreadsheet's 12345.0 is 12345.
            Some(('.', _)) => {
                let zero = text.get(end + 1) == Some(&b'0') && !digit(Some(end + 2));
                digit(end.checked_sub(1)) && digit(Some(end + 1)) && !zero
            }
            c => is_word(c),
        };
    !left && !right
}

/// The next character that stands in a word.
fn next_word(text: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some((c, long)) = char_at(text, at)
        && !chars::in_word(c)
        && at - from <= APART
    {
        at += long;
    }
    at
}

/// Where the word that begins at a place ends; none begins at the end.
fn word_end(text: &[u8], start: usize) -> Option<usize> {
    let (c, long) = char_at(text, start)?;
    let mut end = start + long;
    if chars::alone(c) {
        return Some(end);
    }
    while let Some((c, long)) = char_at(text, end)
        && chars::joins(c)
    {
        end += long;
    }
    Some(end)
}

/// Whether what stands between two words lets them be parts of one name: white space, a comma, the border of two
/// columns (`"Ann","Smith"`), a hyphen, an apostrophe, the dot of an abbreviation; nothing where words are not parted.
/// `ann.smith` is no name: it is half of somebody's address.
fn joined(text: &[u8], end: usize, start: usize) -> bool {
    if end == start {
        return true;
    }
    let (mut at, mut many, mut lists, mut quotes, mut lines, mut dots) = (end, 0, 0, 0, 0, 0);
    while at < start
        && let Some((c, long)) = char_at(text, at)
    {
        many += 1;
        match c {
            ',' | ';' | '|' | '\t' => lists += 1,
            '"' => quotes += 1,
            '\n' | '\r' => lines += 1,
            '.' => dots += 1,
            '\'' | '’' | '-' | '‐' | '‑' | '+' => {}
            c if c.is_whitespace() => {}
            _ => return false,
        }
        at += long;
    }
    // J.R. Smith
    let initial = || {
        let before = char_before(text, end).and_then(|(_, long)| char_before(text, end - long));
        !before.is_some_and(|(c, _)| chars::joins(c))
    };
    many <= APART_CHARS
        && lists <= 1
        && (quotes == 0 || lists == 1)
        && (lines == 0 || lists == 0)
        && (dots < many || many == 1 && initial())
}

/// Mary-Ann Smith and Ann Smith-Jones are not Ann Smith; nor is D'Ann Smith. `Ann Smith's` is.
fn in_longer_name(text: &[u8], start: usize, end: usize) -> bool {
    let is_word = |c: Option<(char, usize)>| c.is_some_and(|(c, _)| chars::joins(c));
    let ties =
        |c: Option<(char, usize)>, more: &str| c.filter(|(c, _)| "-‐‑".contains(*c) || more.contains(*c));
    let left = ties(char_before(text, start), "'’");
    let right = ties(char_at(text, end), "");
    left.is_some_and(|(_, long)| is_word(char_before(text, start - long)))
        || right.is_some_and(|(_, long)| is_word(char_at(text, end + long)))
}

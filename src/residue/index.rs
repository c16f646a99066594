//! All values of all subjects, ready to be looked up.

use super::{
    Field, HitKind, Subject, Unsearched,
    chars::{self, hash, mix},
    digests,
    phone::{self, Number},
};
use hashbrown::HashMap;

/// A number that is looked up by itself needs no other hash.
#[derive(Clone, Copy, Default)]
pub(super) struct AsIs(u64);

impl std::hash::Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.write_u64(u64::from(*b));
        }
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = mix(self.0, n);
    }
}

/// Values by the hash of the part by which they are found, behind a filter that answers most questions from the core's
/// own cache.
pub(super) struct Lookup<T> {
    filter: Vec<u64>,
    places: HashMap<u64, (u32, u32), std::hash::BuildHasherDefault<AsIs>>,
    values: Vec<T>,
}

impl<T> Lookup<T> {
    fn new(mut pairs: Vec<(u64, T)>) -> Lookup<T> {
        pairs.sort_by_key(|(key, _)| *key);
        // 16 bits a value, two of which are set: about one wrong yes in a hundred.
        let words = (pairs.len() / 4).next_power_of_two().max(64);
        let mut made = Lookup {
            filter: vec![0; words],
            places: HashMap::default(),
            values: Vec::with_capacity(pairs.len()),
        };
        for (key, value) in pairs {
            let (word, bits) = made.spot(key);
            made.filter[word] |= bits;
            let at = made.values.len() as u32;
            made.places.entry(key).or_insert((at, at)).1 = at + 1;
            made.values.push(value);
        }
        made
    }

    fn spot(&self, key: u64) -> (usize, u64) {
        let even = mix(key, 0x2545_f491_4f6c_dd1d);
        let word = (even >> 32) as usize & (self.filter.len() - 1);
        (word, 1 << (even & 63) | 1 << (even >> 6 & 63))
    }

    /// The values under a key; other values may be among them.
    #[inline]
    pub(super) fn get(&self, key: u64) -> &[T] {
        let (word, bits) = self.spot(key);
        if self.filter[word] & bits != bits { &[] } else { self.found(key) }
    }

    #[cold]
    fn found(&self, key: u64) -> &[T] {
        self.places.get(&key).map_or(&[], |(from, to)| &self.values[*from as usize..*to as usize])
    }
}

/// An address, both parts in lower case.
pub(super) struct Address {
    pub(super) subject: u32,
    pub(super) local: String,
    pub(super) domain: String,
}

/// A digest of an address.
pub(super) struct Digest {
    pub(super) subject: u32,
    pub(super) kind: HitKind,
    pub(super) bytes: Vec<u8>,
}

/// The words of a name in one order, in lower case.
pub(super) struct Words {
    pub(super) subject: u32,
    pub(super) words: Vec<String>,
}

/// What a single word may be: a name, or the longest word of an id.
pub(super) enum Single {
    Name(Words),
    Id(Id),
}

/// An id.
pub(super) struct Id {
    pub(super) subject: u32,
    /// In lower case where `any_case`.
    pub(super) text: String,
    /// Bytes before the word by which it is found.
    pub(super) before: usize,
    /// Letters of one case only: it is then found in any case. In an id of mixed case the case matters.
    pub(super) any_case: bool,
}

/// All values of all subjects.
pub(super) struct Index {
    /// By local part and domain.
    pub(super) addresses: Lookup<Address>,
    /// By domain.
    pub(super) domains: Lookup<()>,
    /// By the first eight bytes.
    pub(super) digests: Lookup<Digest>,
    /// By the first two words.
    pub(super) names: Lookup<Words>,
    /// By the word.
    pub(super) singles: Lookup<Single>,
    /// By the last seven digits.
    pub(super) numbers: Lookup<Number>,
    /// Bytes of the longest value.
    longest: usize,
}

/// The rotations of a name of more parts than this are only the last part first and the first part last.
const PARTS: usize = 6;

#[derive(Default)]
struct Draft {
    addresses: Vec<(u64, Address)>,
    digests: Vec<(u64, Digest)>,
    names: Vec<(u64, Words)>,
    singles: Vec<(u64, Single)>,
    numbers: Vec<(u64, Number)>,
    unsearched: Vec<Unsearched>,
    longest: usize,
}

impl Index {
    /// Of the subjects, with the values that cannot be searched for.
    pub(super) fn new(subjects: &[Subject]) -> (Index, Vec<Unsearched>) {
        let mut draft = Draft::default();
        for (subject, s) in subjects.iter().enumerate() {
            let fields = [
                (Field::Email, s.emails.len()),
                (Field::Phone, s.phones.len()),
                (Field::Name, s.names.len()),
                (Field::Id, s.ids.len()),
            ];
            for (field, values) in fields {
                for value in 0..values {
                    let added = match field {
                        Field::Email => draft.email(subject, &s.emails[value]),
                        Field::Phone => {
                            draft.phone(subject, &s.phones[value].written, s.phones[value].country.as_deref())
                        }
                        Field::Name => draft.name(subject, &s.names[value]),
                        Field::Id => draft.id(subject, &s.ids[value]),
                    };
                    if let Err(why) = added {
                        draft.unsearched.push(Unsearched { subject, field, value, why });
                    }
                }
            }
        }
        let mut domains: Vec<u64> = draft.addresses.iter().map(|(_, a)| hash(a.domain.as_bytes())).collect();
        domains.sort_unstable();
        domains.dedup();
        let index = Index {
            domains: Lookup::new(domains.into_iter().map(|d| (d, ())).collect()),
            addresses: Lookup::new(draft.addresses),
            digests: Lookup::new(draft.digests),
            names: Lookup::new(draft.names),
            singles: Lookup::new(draft.singles),
            numbers: Lookup::new(draft.numbers),
            longest: draft.longest,
        };
        (index, draft.unsearched)
    }

    /// Bytes on either side of the beginning of something found that can decide whether it is found: once what is
    /// escaped in the text is taken as what it stands for.
    pub(super) fn reach(&self) -> usize {
        2 * self.longest + 512
    }

    /// Bytes of an address before its `@`; a longer run of characters is not followed further.
    pub(super) fn local(&self) -> usize {
        self.longest + 256
    }
}

/// The key of an address by its parts.
pub(super) fn address_key(local: u64, domain: u64) -> u64 {
    mix(local, domain)
}

/// The key of a name by its first two words.
pub(super) fn name_key(first: u64, second: u64) -> u64 {
    mix(first.rotate_left(17), second)
}

/// The words of a text: runs of characters that join, and characters that stand alone.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for c in text.chars() {
        if chars::joins(c) && open {
            if let Some(last) = found.last_mut() {
                last.push(c);
            }
        } else if chars::in_word(c) {
            found.push(c.into());
        }
        open = chars::joins(c);
    }
    found
}

type Added = Result<(), &'static str>;

impl Draft {
    fn email(&mut self, subject: usize, written: &str) -> Added {
        let whole = chars::lower(written.trim().as_bytes());
        let (local, domain) = whole.rsplit_once('@').ok_or("is no e-mail address")?;
        if local.is_empty() || domain.is_empty() || whole.contains(char::is_whitespace) {
            return Err("is no e-mail address");
        }
        self.longest = self.longest.max(whole.len());
        for (kind, bytes) in digests::of(&whole) {
            let digest = Digest { subject: subject as u32, kind, bytes };
            self.digests.push((digests::key(&digest.bytes), digest));
        }
        let key = address_key(hash(local.as_bytes()), hash(domain.as_bytes()));
        let (local, domain) = (local.to_owned(), domain.to_owned());
        self.addresses.push((key, Address { subject: subject as u32, local, domain }));
        Ok(())
    }

    fn phone(&mut self, subject: usize, written: &str, country: Option<&str>) -> Added {
        let number = Number::new(subject as u32, written, country)?;
        self.longest = self.longest.max(64);
        for tail in number.tails() {
            self.numbers.push((tail, number.clone()));
        }
        Ok(())
    }

    fn name(&mut self, subject: usize, written: &str) -> Added {
        let parts: Vec<Vec<String>> = chars::lower(written.as_bytes())
            .split(|c: char| c.is_whitespace() || c == ',')
            .map(words)
            .filter(|p| !p.is_empty())
            .collect();
        let all: Vec<String> = parts.concat();
        if all.iter().map(|w| w.chars().count()).sum::<usize>() < if all.len() == 1 { 3 } else { 2 } {
            return Err("is too short to be told from other words");
        }
        self.longest = self.longest.max(written.len() + 32 * all.len());
        if all.len() == 1 {
            let key = hash(all[0].as_bytes());
            self.singles.push((key, Single::Name(Words { subject: subject as u32, words: all })));
            return Ok(());
        }
        let turns = parts.len();
        let mut orders: Vec<Vec<String>> = (0..turns)
            .filter(|by| turns <= PARTS || [0, 1, turns - 1].contains(by))
            .map(|by| [&parts[by..], &parts[..by]].concat().concat())
            .collect();
        orders.sort();
        orders.dedup();
        for words in orders {
            let key = name_key(hash(words[0].as_bytes()), hash(words[1].as_bytes()));
            self.names.push((key, Words { subject: subject as u32, words }));
        }
        Ok(())
    }

    /// Other identifiers may hold a further address or number; they are searched as what they are.
    fn id(&mut self, subject: usize, written: &str) -> Added {
        let text = written.trim();
        if looks_like_address(text) && self.email(subject, text).is_ok() {
            return Ok(());
        }
        if text.starts_with('+') && phone::is_written(text) && self.phone(subject, text, None).is_ok() {
            return Ok(());
        }
        let few = text.chars().count();
        if few < 3 || (few < 5 && text.chars().all(|c| c.is_ascii_digit())) {
            return Err("is too short to be told from other text");
        }
        let mut longest: Option<(usize, usize)> = None;
        for (start, c) in text.char_indices().filter(|(_, c)| chars::in_word(*c)) {
            let before = text[..start].chars().next_back();
            let opens = chars::alone(c) || !before.is_some_and(chars::joins);
            let long = if chars::alone(c) {
                c.len_utf8()
            } else {
                text[start..].find(|c| !chars::joins(c)).unwrap_or(text.len() - start)
            };
            if opens && longest.is_none_or(|(_, most)| long > most) {
                longest = Some((start, long));
            }
        }
        let Some((before, long)) = longest else { return Err("holds no letter and no digit") };
        self.longest = self.longest.max(text.len());
        let key = hash(&text.as_bytes()[before..before + long]);
        let any_case = !(text.contains(char::is_lowercase) && text.contains(char::is_uppercase));
        let any_case = any_case && text.is_ascii();
        let text = if any_case { text.to_ascii_lowercase() } else { text.to_owned() };
        self.singles.push((key, Single::Id(Id { subject: subject as u32, text, before, any_case })));
        Ok(())
    }
}

/// `a@b.c`, and nothing that an address cannot hold.
fn looks_like_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && domain.contains('.')
            && !text.contains(|c: char| c.is_whitespace() || ":/|,;".contains(c))
            && !domain.contains('@')
    })
}

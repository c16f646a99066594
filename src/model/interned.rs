//! Texts that many rows share.

use hashbrown::HashTable;
use serde::{Serialize, Serializer};
use std::{
    cmp::Ordering,
    fmt,
    hash::{BuildHasher as _, Hash, Hasher},
    ops::Deref,
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
};

/// A text of which the process holds one copy, until it ends: an id, a name, a word such as a status.
///
/// It takes eight bytes. Copies and comparisons for equality cost nothing; the order is that of the texts' bytes. A map keyed by texts is asked
/// with a text.
#[derive(Clone, Copy)]
pub struct Text(&'static &'static str);

/// All texts of the process. A text belongs to the shard that its hash names, so that two threads seldom wait for one
/// another.
struct Shared {
    hasher: foldhash::fast::RandomState,
    shards: [Mutex<Shard>; 64],
}

/// Bytes that are taken from the system at a time.
const CHUNK: usize = 1 << 15;

/// Places of texts that are taken at a time.
const PLACES: usize = 1 << 8;

#[derive(Default)]
struct Shard {
    texts: HashTable<(u64, Text)>,
    /// What is left of the newest chunk of bytes, and of places.
    bytes: &'static mut [u8],
    places: &'static mut [&'static str],
}

static SHARED: LazyLock<Shared> = LazyLock::new(|| Shared {
    hasher: foldhash::fast::RandomState::default(),
    shards: std::array::from_fn(|_| Mutex::default()),
});

impl Shared {
    fn shard(&self, text: &str) -> (u64, MutexGuard<'_, Shard>) {
        let hash = self.hasher.hash_one(text);
        // The table itself goes by the first and the last bits.
        let shard = &self.shards[(hash >> 32) as usize % self.shards.len()];
        // A shard is whole whatever a thread died of.
        (hash, shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shard {
    fn find(&self, hash: u64, text: &str) -> Option<Text> {
        self.texts.find(hash, |known| known.0 == hash && *known.1 == *text).map(|known| known.1)
    }

    /// A copy of a text that is never freed.
    fn keep(&mut self, text: &str) -> &'static str {
        if text.len() > CHUNK / 16 {
            return Box::leak(text.into());
        }
        if self.bytes.len() < text.len() {
            self.bytes = vec![0; CHUNK].leak();
        }
        let (copy, rest) = std::mem::take(&mut self.bytes).split_at_mut(text.len());
        self.bytes = rest;
        copy.copy_from_slice(text.as_bytes());
        std::str::from_utf8(copy).unwrap_or_default()
    }

    /// The one place of a new text.
    fn place(&mut self, text: &str) -> Text {
        let kept = self.keep(text);
        loop {
            if let Some((place, rest)) = std::mem::take(&mut self.places).split_first_mut() {
                self.places = rest;
                *place = kept;
                return Text(place);
            }
            self.places = vec![""; PLACES].leak();
        }
    }
}

impl Text {
    /// The text.
    #[inline]
    pub fn as_str(&self) -> &'static str {
        self.0
    }

    /// A number that tells it from every other text.
    #[inline]
    pub fn address(&self) -> usize {
        std::ptr::from_ref(self.0).addr()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        let (hash, mut shard) = SHARED.shard(text);
        if let Some(known) = shard.find(hash, text) {
            return known;
        }
        let new = shard.place(text);
        shard.texts.insert_unique(hash, (hash, new), |known| known.0);
        new
    }
}

impl From<String> for Text {
    fn from(text: String) -> Text {
        Text::from(&*text)
    }
}

impl PartialEq for Text {
    /// There is one copy of each text: two that lie elsewhere differ.
    #[inline]
    fn eq(&self, other: &Text) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Text {}

impl Hash for Text {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.address());
    }
}

impl Ord for Text {
    #[inline]
    fn cmp(&self, other: &Text) -> Ordering {
        if self == other { Ordering::Equal } else { self.0.cmp(other.0) }
    }
}

impl PartialOrd for Text {
    #[inline]
    fn partial_cmp(&self, other: &Text) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Deref for Text {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.0
    }
}

impl AsRef<str> for Text {
    #[inline]
    fn as_ref(&self) -> &str {
        self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equal_texts_are_one_and_their_order_is_that_of_their_bytes(a in ".{0,20}", b in ".{0,20}") {
            let (first, second) = (Text::from(&*a), Text::from(&*b));
            prop_assert_eq!(&*first, &*a);
            prop_assert_eq!(first == second, a == b);
            prop_assert_eq!(first.cmp(&second), a.cmp(&b));
            prop_assert_eq!(Text::from(a.clone()), first);
        }
    }

    #[test]
    fn the_empty_text_and_a_text_longer_than_a_chunk_are_kept_like_others() {
        let long = "é".repeat(CHUNK);
        for text in ["", &*long] {
            assert_eq!(Text::from(text), Text::from(text));
            assert_eq!(&*Text::from(text), text);
        }
        assert_ne!(Text::from(""), Text::from(&*long));
    }

    #[test]
    fn threads_share_their_texts() {
        let of_thread = || (0..5000).map(|n| Text::from(format!("shared {n}"))).collect::<Vec<_>>();
        let there = std::thread::spawn(of_thread);
        assert_eq!(of_thread(), there.join().unwrap());
    }
}

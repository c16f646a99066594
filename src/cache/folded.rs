//! What stands behind the counts of folded rows, so that a row that two files give shares of can be united.
//!
//! A daily export of events holds some of the day before: both files give a row of the same account and day. Its counts
//! cannot be added (a user may be in both, an event too), but the hashes of what was counted can be united. A hash has
//! 64 bits: with a million values behind one count the odds that any two fall together are below 10^-7.

use anyhow::{Context as _, Result};

/// The hashes behind each distinct count of a part's rows, in the order of the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// Positions of the counts in the catalogue.
    pub counts: Vec<usize>,
    /// Positions of the lists, which need no hashes.
    pub lists: Vec<usize>,
    /// By row and count: sorted, each once.
    pub rows: Vec<Vec<Vec<u64>>>,
}

impl Folded {
    /// As bytes: numbers of 8 bytes, little-endian; the numbers of counts and lists, these, then for each row and count the
    /// number of hashes and the hashes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut put = |n: u64| out.extend_from_slice(&n.to_le_bytes());
        put(self.counts.len() as u64);
        put(self.lists.len() as u64);
        self.counts.iter().chain(&self.lists).for_each(|at| put(*at as u64));
        for hashes in self.rows.iter().flatten() {
            put(hashes.len() as u64);
            hashes.iter().for_each(|h| put(*h));
        }
        out
    }

    /// From bytes; `None` where a part has none.
    pub fn decode(bytes: &[u8]) -> Result<Option<Folded>> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let (chunks, rest) = bytes.as_chunks::<8>();
        anyhow::ensure!(rest.is_empty(), "the cache holds unreadable counts");
        let mut numbers = chunks.iter().map(|c| u64::from_le_bytes(*c));
        let mut next = || numbers.next().context("the cache holds cut counts");
        let (counts, lists) = (next()?, next()?);
        let mut places = |n: u64| (0..n).map(|_| Ok(usize::try_from(next()?)?)).collect::<Result<Vec<_>>>();
        let (counts, lists) = (places(counts)?, places(lists)?);
        let mut rows = Vec::new();
        let mut left = numbers.peekable();
        while !counts.is_empty() && left.peek().is_some() {
            let mut row = Vec::with_capacity(counts.len());
            for _ in &counts {
                let n = usize::try_from(left.next().context("the cache holds cut counts")?)?;
                let hashes: Vec<u64> = left.by_ref().take(n).collect();
                anyhow::ensure!(hashes.len() == n, "the cache holds cut counts");
                row.push(hashes);
            }
            rows.push(row);
        }
        Ok(Some(Folded { counts, lists, rows }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let folded = Folded {
            counts: vec![2, 3],
            lists: vec![5],
            rows: vec![vec![vec![1, u64::MAX], vec![]], vec![vec![], vec![7]]],
        };
        let bytes = folded.encode();
        assert_eq!(Folded::decode(&bytes).unwrap(), Some(folded));
        assert_eq!(Folded::decode(&[]).unwrap(), None);
        assert!(Folded::decode(&bytes[..bytes.len() - 8]).is_err());
        assert!(Folded::decode(&bytes[..bytes.len() - 1]).is_err());
        let lists = Folded { lists: vec![5], ..Folded::default() };
        assert_eq!(Folded::decode(&lists.encode()).unwrap(), Some(lists));
    }
}

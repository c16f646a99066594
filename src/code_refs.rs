//! Source trees searched for keys, such as those of feature flags: every key in all its spellings in one pass.
//!
//! What a key's spellings are and what is a whole key is pure ([`Keys`]); [`search()`] reads files, on all cores, as
//! ripgrep does: ignore files are honoured, hidden and binary files passed over, links not followed.

mod keys;
mod search;
mod spelling;

pub use keys::{Hit, Keys};
pub use search::{LARGEST, Reference, References, Searched, Trouble, search};
pub use spelling::{is_everyday_word, spellings, words};

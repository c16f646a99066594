//! Removes people from what this program itself keeps.

use super::{Failure, Session};
use crate::{
    engine::Purge,
    history::History,
    model::{
        mask::{Private, Veil},
        text::counted,
    },
};

/// Removes people from every store of this program, and says on standard error what went.
///
/// A store that comes to hold personal data is emptied here as well, by the same [`Veil`].
pub fn run(session: &Session, purge: &Purge) -> Result<(), Failure> {
    let people = Veil::of(purge.values.iter().map(Private::reveal));
    cache(session, &people)?;
    history(session, &people)
}

/// The history, whether this run looks at it or not; where there is none, none is made.
fn history(session: &Session, people: &Veil) -> Result<(), Failure> {
    let dir = session.settings.state_dir();
    if !History::path(dir).exists() {
        return Ok(());
    }
    let purged = History::open(dir).and_then(|mut history| history.purge(&|text| people.holds(text)));
    let purged = purged.map_err(|error| {
        let path = History::path(dir);
        Failure::usage("usage/history", format!("{} could not be purged: {error}", path.display()))
    })?;
    session.ui.note(&format!(
        "removed from the history: {} in which they stood",
        counted(purged.findings, "finding", "findings")
    ));
    Ok(())
}

fn cache(session: &Session, people: &Veil) -> Result<(), Failure> {
    let purged = session.with_cache(|cache| Ok(cache.purge(&|text| people.holds(text))?))?;
    let mut told = format!(
        "removed from the cache: {} in which they stood",
        counted(purged.holding.len() as u64, "file", "files")
    );
    if purged.events > 0 {
        let files = counted(purged.events, "file", "files");
        told.push_str(&format!(", and {files} of usage events, which are not looked into"));
    }
    session.ui.note(&told);
    for path in &purged.holding {
        session.ui.detail(&format!("removed from the cache: {}", people.hide(path)));
    }
    Ok(())
}

//! Databases of other programs, read and never written: a scan for personal data looks into them.

use anyhow::{Result, anyhow};
use rusqlite::{Connection, OpenFlags, limits::Limit, types::ValueRef};
use std::{fmt::Write as _, path::Path};

/// Bytes of the longest cell (and row) that is read.
const LONGEST: i32 = 64 << 20;

/// A database of another program. Its errors repeat nothing of what it holds.
pub struct Foreign {
    conn: Connection,
}

/// A cell that is not NULL; numbers are text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'c> {
    /// UTF-8 as a rule.
    Text(&'c [u8]),
    /// Bytes.
    Blob(&'c [u8]),
}

impl Foreign {
    /// Opens it as a file that nobody changes: no lock, no journal, nothing written beside it. What a write-ahead log
    /// beside it holds is not seen.
    pub fn open(path: &Path) -> Result<Foreign> {
        let mut uri = "file:".to_owned();
        for byte in path.as_os_str().as_encoded_bytes() {
            if byte.is_ascii_alphanumeric() || b"/._-".contains(byte) {
                uri.push(char::from(*byte));
            } else {
                write!(uri, "%{byte:02x}")?;
            }
        }
        uri.push_str("?immutable=1");
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || {
            let conn = Connection::open_with_flags(&uri, flags)?;
            conn.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST)?;
            // What a stranger's schema defines is not run.
            conn.execute_batch(
                "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA query_only = ON",
            )?;
            Ok(Foreign { conn })
        };
        open().map_err(told)
    }

    /// Its tables by name, but for those that a module makes up (their contents lie in tables of their own).
    pub fn tables(&self) -> Result<Vec<String>> {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name";
        let read = || {
            let mut statement = self.conn.prepare(sql)?;
            let names = statement.query_map([], |row| row.get(0))?;
            names.collect::<rusqlite::Result<Vec<String>>>()
        };
        read().map_err(told)
    }

    /// Gives each row of a table that can be read: its rowid where it has a positive one, else its number from 1, and
    /// its cells in order.
    pub fn rows(
        &self,
        table: &str,
        mut each: impl FnMut(u64, Cell<'_>),
        mut end: impl FnMut(),
    ) -> Result<()> {
        let name = table.replace('"', "\"\"");
        let with = format!("SELECT rowid, * FROM \"{name}\"");
        let without = format!("SELECT NULL, * FROM \"{name}\"");
        let mut read = || {
            let mut statement = self.conn.prepare(&with).or_else(|_| self.conn.prepare(&without))?;
            let columns = statement.column_count();
            let mut rows = statement.query([])?;
            let mut number = 0;
            while let Some(row) = rows.next()? {
                number += 1;
                let id = match row.get_ref(0)? {
                    ValueRef::Integer(id) => u64::try_from(id).ok().filter(|id| *id > 0),
                    _ => None,
                };
                let id = id.unwrap_or(number);
                for column in 1..columns {
                    match row.get_ref(column)? {
                        ValueRef::Null => {}
                        ValueRef::Integer(n) => each(id, Cell::Text(n.to_string().as_bytes())),
                        ValueRef::Real(n) => each(id, Cell::Text(n.to_string().as_bytes())),
                        ValueRef::Text(text) => each(id, Cell::Text(text)),
                        ValueRef::Blob(bytes) => each(id, Cell::Blob(bytes)),
                    }
                }
                end();
            }
            Ok(())
        };
        read().map_err(told)
    }
}

/// What is the matter, without the statement and without values.
fn told(error: rusqlite::Error) -> anyhow::Error {
    match error.sqlite_error_code() {
        Some(code) => anyhow!("{}", rusqlite::ffi::Error { code, extended_code: extended(&error) }),
        None => anyhow!("it cannot be read as SQLite"),
    }
}

fn extended(error: &rusqlite::Error) -> i32 {
    error.sqlite_error().map_or(1, |e| e.extended_code)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Makes a database.
    pub(crate) fn make(path: &Path, sql: &str) {
        Connection::open(path).unwrap().execute_batch(sql).unwrap();
    }

    #[test]
    fn every_table_and_kind_of_cell_is_read_and_nothing_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a %25 b?.db");
        make(
            &path,
            "CREATE TABLE \"odd \"\" name\" (a, b, c);
             INSERT INTO \"odd \"\" name\" (rowid, a, b, c) VALUES (7, 'x', NULL, 49301234567), (9, x'00ff', 1.5, '');
             CREATE TABLE keyed (k TEXT PRIMARY KEY) WITHOUT ROWID;
             INSERT INTO keyed VALUES ('b'), ('a');
             CREATE VIEW shown AS SELECT * FROM keyed;",
        );
        let before = std::fs::read(&path).unwrap();
        let db = Foreign::open(&path).unwrap();
        let mut seen = Vec::new();
        for table in db.tables().unwrap() {
            let each = |row: u64, cell: Cell<'_>| seen.push(format!("{table}/{row} {cell:?}"));
            db.rows(&table, each, || {}).unwrap();
        }
        let text = |t: &str| format!("{:?}", Cell::Text(t.as_bytes()));
        let expected = [
            format!("keyed/1 {}", text("a")),
            format!("keyed/2 {}", text("b")),
            format!("odd \" name/7 {}", text("x")),
            format!("odd \" name/7 {}", text("49301234567")),
            format!("odd \" name/9 {:?}", Cell::Blob(&[0, 255])),
            format!("odd \" name/9 {}", text("1.5")),
            format!("odd \" name/9 {}", text("")),
        ];
        assert_eq!(seen, expected);
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_database_is_said_without_its_contents() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        std::fs::write(&path, [b"SQLite format 3\0".as_slice(), &[b'z'; 4000]].concat()).unwrap();
        let error = Foreign::open(&path).and_then(|db| db.tables()).unwrap_err();
        assert_eq!(error.to_string(), "Error code 26: file is not a database");
    }
}

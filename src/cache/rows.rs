//! Ordinary rows: one SQLite row a record, every cell in its canonical text.

use super::{Cache, schema};
use crate::model::datasets::{Dataset, Store};
use anyhow::Result;
use rusqlite::types::ValueRef;
use std::borrow::Cow;

/// Rows of one dataset on their way into the cache.
pub struct RowBatch<'a> {
    /// The part they belong to.
    pub part: i64,
    /// Its dataset.
    pub dataset: &'static Dataset,
    /// The number of the first of them within the part.
    pub first: u64,
    /// Line and cells in catalogue order.
    pub rows: &'a [(u64, Vec<Option<Cow<'a, str>>>)],
}

impl Cache {
    /// Adds rows.
    pub fn insert_rows(&self, batch: &RowBatch<'_>) -> Result<()> {
        let width = batch.dataset.columns.len();
        let marks = ", ?".repeat(width);
        let sql = format!("INSERT INTO {} VALUES (?, ?, ?{marks})", schema::table(batch.dataset.name));
        let mut statement = self.conn.prepare_cached(&sql)?;
        for (n, (line, cells)) in (batch.first..).zip(batch.rows) {
            statement.raw_bind_parameter(1, batch.part)?;
            statement.raw_bind_parameter(2, i64::try_from(n)?)?;
            statement.raw_bind_parameter(3, i64::try_from(*line)?)?;
            for (at, cell) in cells.iter().enumerate() {
                statement.raw_bind_parameter(at + 4, cell.as_deref())?;
            }
            statement.raw_execute()?;
        }
        Ok(())
    }

    /// Calls `f` with the number, the line and the wanted columns' cells of each row of a part, in the file's order.
    pub fn read_rows(
        &self,
        part: i64,
        dataset: &Dataset,
        columns: &[usize],
        mut f: impl FnMut(u64, u64, &[Option<&str>]) -> Result<()>,
    ) -> Result<()> {
        let names: String = columns.iter().map(|&c| format!(", \"{}\"", dataset.columns[c].name)).collect();
        let sql =
            format!("SELECT n, line{names} FROM {} WHERE part = ?1 ORDER BY n", schema::table(dataset.name));
        let mut statement = self.conn.prepare_cached(&sql)?;
        let mut rows = statement.query([part])?;
        while let Some(row) = rows.next()? {
            let n = u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0);
            let line = u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
            let mut cells: [Option<&str>; 40] = [None; 40];
            for (at, cell) in cells.iter_mut().enumerate().take(columns.len()) {
                *cell = match row.get_ref(at + 2)? {
                    ValueRef::Text(text) => Some(std::str::from_utf8(text)?),
                    _ => None,
                };
            }
            f(n, line, &cells[..columns.len()])?;
        }
        Ok(())
    }

    /// All cells of one row, by its number within the part.
    pub fn read_row(&self, part: i64, dataset: &Dataset, n: u64) -> Result<Vec<Option<String>>> {
        let sql = format!("SELECT * FROM {} WHERE part = ?1 AND n = ?2", schema::table(dataset.name));
        let mut statement = self.conn.prepare_cached(&sql)?;
        let cells = statement.query_row([part, i64::try_from(n)?], |r| {
            (0..dataset.columns.len()).map(|c| r.get(c + 3)).collect::<Result<_, _>>()
        })?;
        Ok(cells)
    }

    pub(super) fn delete_rows(&self, part: i64, dataset: &str) -> Result<()> {
        let rows = crate::model::datasets::find(dataset).is_some_and(|d| d.store == Store::Rows);
        if rows {
            let sql = format!("DELETE FROM {} WHERE part = ?1", schema::table(dataset));
            self.conn.prepare_cached(&sql)?.execute([part])?;
        }
        Ok(())
    }
}

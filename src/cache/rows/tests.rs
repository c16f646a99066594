//! Whatever is packed comes back; whatever is no block is an error.

use super::{Block, RowPacker, block::BLOCK, value::Number};
use crate::model::{decimal, time::Stamp};
use proptest::{prelude::*, sample::select};
use std::borrow::Cow;

type Row = (u64, Vec<Option<String>>);

fn packed(rows: &[Row]) -> Vec<super::PackedRows> {
    let mut packer = RowPacker::default();
    for (line, cells) in rows {
        packer.push(*line, &cells.iter().map(|c| c.as_deref().map(Cow::Borrowed)).collect::<Vec<_>>());
    }
    packer.take()
}

fn texts(first: u64, data: &[u8], width: usize, wanted: &[usize]) -> anyhow::Result<Vec<(u64, Row)>> {
    let mut found = Vec::new();
    Block::open(first, data, width, wanted)?.each_text(&mut |n, line, cells| {
        found.push((n, (line, cells.iter().map(|c| c.map(str::to_owned)).collect())));
        Ok(())
    })?;
    Ok(found)
}

/// Texts of one kind, as columns have them; and those that look like it and are not.
fn cell(kind: usize) -> BoxedStrategy<String> {
    match kind {
        0 => ".{0,40}".boxed(),
        1 => any::<i64>().prop_map(|n| n.to_string()).boxed(),
        2 => (0u32..70_000).prop_map(|n| n.to_string()).boxed(),
        3 => (-99_999i64..99_999, 0u32..4)
            .prop_map(|(n, places)| decimal::shortest(decimal::Decimal::new(n, places)))
            .boxed(),
        4 => "-?[0-9]{1,20}(\\.[0-9]{0,20})?".boxed(),
        5 => (1678i32..2262, 1u32..13, 1u32..29).prop_map(|(y, m, d)| format!("{y}-{m:02}-{d:02}")).boxed(),
        6 => "20[0-9]{2}-0[1-9]-[0-2][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](Z|\\.5Z)?".boxed(),
        7 => "acct_[0-9]{1,6}".boxed(),
        8 => "acct_0[0-9]{5}".boxed(),
        9 => "(é|x{26,29}|a-2026-01-0)?[0-9]{0,19}".boxed(),
        10 => "[a-f0-9]{8}-[a-f0-9]{4}".boxed(),
        11 => select(vec!["", "true", "false", "0", "-0", "0.0", "1e3", "007", "2026-02-30", "0000-01-01"])
            .prop_map(str::to_owned)
            .boxed(),
        _ => select(vec![
            "1678-01-01T00:00:00Z",
            "2261-12-31T23:59:59Z",
            "9223372036854775807",
            "-9223372036854775808",
        ])
        .prop_map(str::to_owned)
        .boxed(),
    }
}

const KINDS: usize = 13;

/// A column of one kind: filled, with gaps, or with few different texts.
fn column(rows: usize) -> impl Strategy<Value = Vec<Option<String>>> {
    (0..KINDS, 0usize..4).prop_flat_map(move |(kind, form)| match form {
        0 => prop::collection::vec(cell(kind).prop_map(Some), rows).boxed(),
        1 => prop::collection::vec(prop::option::of(cell(kind)), rows).boxed(),
        2 => prop::collection::vec(cell(kind), 1..4)
            .prop_flat_map(move |few| prop::collection::vec(prop::option::of(select(few)), rows))
            .boxed(),
        _ => prop::collection::vec(prop_oneof![99 => cell(kind), 1 => cell(0)].prop_map(Some), rows).boxed(),
    })
}

fn table() -> impl Strategy<Value = Vec<Row>> {
    (0usize..60).prop_flat_map(|rows| {
        let lines = prop_oneof![
            (1u64..1000).prop_map(move |first| (first..first + rows as u64).collect::<Vec<u64>>()),
            prop::collection::vec(0u64..1 << 40, rows),
        ];
        (lines, column(rows), column(rows), column(rows)).prop_map(|(lines, a, b, c)| {
            let cells = a.into_iter().zip(b).zip(c).map(|((a, b), c)| vec![a, b, c]);
            lines.into_iter().zip(cells).collect()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]
    #[test]
    fn rows_of_any_kind_come_back_as_they_were_written(rows in table()) {
        let found: Vec<_> =
            packed(&rows).iter().flat_map(|block| texts(7, &block.data, 3, &[2, 0, 1]).unwrap()).collect();
        prop_assert_eq!(found.len(), rows.len());
        for (at, ((n, (line, cells)), row)) in found.iter().zip(&rows).enumerate() {
            prop_assert_eq!((*n, *line), (7 + at as u64, row.0));
            prop_assert_eq!(&[&cells[1], &cells[2], &cells[0]], &[&row.1[0], &row.1[1], &row.1[2]]);
        }
    }

    #[test]
    fn what_a_cell_says_is_what_its_text_says(rows in table()) {
        for block in packed(&rows) {
            let block = Block::open(0, &block.data, 3, &[0, 1, 2]).unwrap();
            for (at, (_, cells)) in rows.iter().enumerate() {
                for (column, cell) in cells.iter().enumerate() {
                    let value = block.value(at, column);
                    prop_assert_eq!(value.is_empty(), cell.is_none());
                    let text = cell.as_deref().unwrap_or_default();
                    prop_assert_eq!(value.is(text), cell.is_some());
                    for other in cells.iter().flatten().filter(|other| *other != text) {
                        let filled = format!("0{text}");
                        prop_assert!(!value.is(other) && !value.is(&filled));
                    }
                    if let Some(number) = value.number() {
                        let parsed = decimal::parse(text).unwrap();
                        prop_assert_eq!(number.decimal().serialize(), parsed.serialize(), "of the same scale");
                        prop_assert_eq!(number.whole(), text.parse::<i64>().ok());
                    }
                    if let Some(stamp) = value.time() {
                        prop_assert_eq!(stamp, Stamp::parse(text).unwrap());
                    }
                }
            }
        }
    }

    #[test]
    fn bytes_that_are_no_block_are_an_error_and_no_panic(data in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = texts(0, &data, 3, &[0, 1, 2]);
    }

    #[test]
    fn a_damaged_block_is_an_error_or_other_rows_and_no_panic(
        rows in table(),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        for mut block in packed(&rows) {
            for (at, byte) in &hits {
                let at = at.index(block.data.len());
                block.data[at] = *byte;
            }
            let _ = texts(0, &block.data, 3, &[0, 1, 2]);
        }
    }
}

#[test]
fn many_rows_make_several_blocks_of_few_bytes() {
    let rows: Vec<Row> = (0..BLOCK as u64 * 2 + 5)
        .map(|n| {
            let cells = [format!("acct_{:06}", n % 1000), "2026-01-01".to_owned(), format!("{}.5", n % 100)];
            (n + 2, cells.into_iter().map(Some).collect())
        })
        .collect();
    let blocks = packed(&rows);
    assert_eq!(blocks.iter().map(|b| b.count).collect::<Vec<_>>(), [BLOCK as u64, BLOCK as u64, 5]);
    assert!(
        blocks[0].data.len() < BLOCK * 5,
        "two bytes an account, two a number, none a day: {}",
        blocks[0].data.len()
    );
    let mut first = 0;
    for block in &blocks {
        for (n, row) in texts(first, &block.data, 3, &[0, 1, 2]).unwrap() {
            assert_eq!(row, rows[n as usize]);
        }
        first += block.count;
    }
}

#[test]
fn days_that_follow_one_another_take_no_bytes() {
    let first = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let rows: Vec<Row> =
        (0..400).map(|n| (n + 2, vec![Some((first + chrono::Days::new(n)).to_string())])).collect();
    let [block] = packed(&rows).try_into().ok().unwrap();
    assert!(block.data.len() < 20, "{}", block.data.len());
    let found: Vec<Row> = texts(0, &block.data, 1, &[0]).unwrap().into_iter().map(|(_, row)| row).collect();
    assert_eq!(found, rows);
}

#[test]
fn an_empty_text_is_not_an_empty_cell() {
    let rows =
        [(2, vec![Some(String::new()), None]), (2, vec![None, None]), (9, vec![Some("x".to_owned()), None])];
    let [block] = packed(&rows).try_into().ok().unwrap();
    let found: Vec<Row> =
        texts(0, &block.data, 2, &[0, 1]).unwrap().into_iter().map(|(_, row)| row).collect();
    assert_eq!(found, rows);
}

#[test]
fn a_number_is_one_only_in_its_shortest_text() {
    for text in ["0", "7", "-7", "0.5", "-0.5", "10", "999999999999999999", "0.00000000000000001"] {
        assert!(Number::of(text).is_some(), "{text}");
    }
    for text in
        ["", "-", "-0", "00", "01", "+1", ".5", "5.", "0.50", "-0.0", "1e3", "1.2.3", "1000000000000000000"]
    {
        assert_eq!(Number::of(text), None, "{text}");
    }
}

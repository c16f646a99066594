//! For a person at a terminal: the verdict, the money, the causes, the worst rows, what to do, what was not judged,
//! and why the exit code is what it is.

use super::text::{
    Paint, cut, grouped, is_date, is_plain_number, is_timestamp, minutes, moneys, plain, plural, safe,
    verdict, width, wrap,
};
use super::words::{Group, at_stake, groups, message, not_judged, pick_rows, problem, result, waived};
use super::{RenderOptions, filtered_rows};
use crate::report::{Report, Row, Severity, Show, Verdict};
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, TableStyle};
use serde_json::Value;

/// Findings of one severity that are shown, unless all are asked for.
const MOST_FINDINGS: usize = 10;
/// Findings of one kind that are shown, unless all are asked for: beyond them the next kind says more.
const MOST_OF_A_KIND: usize = 3;
/// The least of a sparkline that says anything: a week.
const SHORTEST_TREND: usize = 7;
/// Fewer columns than this are not laid out for.
const NARROWEST: usize = 40;

/// The whole text, ending in a line break.
pub(super) fn table(report: &Report, options: &RenderOptions) -> String {
    let mut page = Page::new(options);
    page.headline(report);
    // Data that cannot be trusted is what to know before any figure.
    let grave = report.exit_code >= 2;
    if grave {
        page.problems(report);
    }
    page.causes(report);
    page.rows(report, options);
    for severity in [Severity::Error, Severity::Warning, Severity::Info] {
        page.findings(report, severity);
    }
    page.waived(report);
    page.passages(report);
    page.more(report);
    page.not_judged(report);
    if !grave {
        page.problems(report);
    }
    page.result(report);
    page.out
}

/// A text for a terminal that is being written.
pub(super) struct Page {
    pub(super) out: String,
    width: usize,
    pub(super) paint: Paint,
    all: bool,
}

impl Page {
    /// An empty one.
    pub(super) fn new(options: &RenderOptions) -> Page {
        Page {
            out: String::new(),
            width: options.width.max(NARROWEST),
            paint: Paint(options.color),
            all: options.all_rows || options.verbose,
        }
    }

    pub(super) fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    /// A text broken into lines, the ones after the first moved in.
    pub(super) fn text(&mut self, text: &str, first: &str, rest: &str) {
        for line in wrap(text, self.width, first, rest) {
            self.line(&line);
        }
    }

    /// The same, with the beginning of the first line painted; `label` is a part of `text`'s beginning.
    pub(super) fn labelled(&mut self, label: &str, painted: &str, text: &str, rest: &str) {
        let lines = wrap(&format!("{label}{text}"), self.width, "", rest);
        for (i, line) in lines.iter().enumerate() {
            match line.strip_prefix(label.trim_end()) {
                Some(end) if i == 0 => self.line(&format!("{painted}{end}")),
                _ => self.line(line),
            }
        }
    }

    pub(super) fn section(&mut self, title: &str) {
        self.out.push('\n');
        let painted = self.paint.bold(title);
        self.line(&painted);
    }

    fn headline(&mut self, report: &Report) {
        let word = verdict(report);
        let painted = match report.verdict {
            Verdict::Pass => self.paint.green(word),
            Verdict::Findings => self.paint.red(word),
            Verdict::PartlyJudged | Verdict::NotJudged => self.paint.yellow(word),
        };
        let label = format!("{} {word}  ", report.check);
        let painted = format!("{} {painted}", self.paint.bold(report.check));
        self.labelled(&label, &painted, &safe(&report.headline), "  ");
        if let Some(money) = at_stake(report) {
            let painted = self.paint.bold("At stake:");
            self.labelled("At stake: ", &painted, &money, "  ");
        }
    }

    fn problems(&mut self, report: &Report) {
        if report.problems.is_empty() {
            return;
        }
        self.section("Problems with the data");
        for p in &report.problems {
            self.text(&format!("{} ({})", problem(p), safe(&p.code)), "  ! ", "    ");
        }
    }

    fn rows(&mut self, report: &Report, options: &RenderOptions) {
        let (rows, more) = pick_rows(report, filtered_rows(report, options), options);
        if rows.is_empty() || report.columns.is_empty() {
            return;
        }
        let columns = columns(report, &rows, options.all_rows);
        let fitted = fit(columns, self.width);
        self.out.push('\n');
        self.grid(&fitted.columns);
        if let Some(more) = more {
            self.text(&format!("{more} (--all-rows)"), " … ", "   ");
        }
        if !fitted.constant.is_empty() {
            self.text(&format!("Same in all of these: {}", fitted.constant.join(", ")), " ", "   ");
        }
        if !fitted.dropped.is_empty() {
            let dropped = fitted.dropped.join(", ");
            self.text(&format!("Too narrow for: {dropped} (--format rows-csv has them)"), " ", "   ");
        }
    }

    fn causes(&mut self, report: &Report) {
        let causes = &report.summary.causes;
        if causes.is_empty() {
            return;
        }
        let column = |title: &str, show, cells: Vec<String>| Column::new(title.to_owned(), show, cells);
        let mut columns = vec![
            column("CAUSE", Show::Text, causes.iter().map(|c| safe(&c.id).into_owned()).collect()),
            column(
                "WHAT WAS FOUND",
                Show::Text,
                causes.iter().map(|c| safe(&c.detail).into_owned()).collect(),
            ),
            column(
                "FINDINGS",
                Show::Number,
                causes.iter().map(|c| grouped(&c.findings.to_string())).collect(),
            ),
            column("AT STAKE", Show::Number, causes.iter().map(|c| moneys(&c.impact)).collect()),
        ];
        columns.retain(|c| c.cells.iter().any(|t| !t.is_empty()));
        let over = needed(columns.iter().map(|c| c.natural)).saturating_sub(self.width);
        // What was found is told whole: on more lines rather than cut.
        if let Some(found) = columns.get_mut(1).filter(|c| over > 0 && c.natural >= over + 16) {
            let room = found.natural - over;
            let cells = found.cells.iter().map(|c| wrap(c, room, "", "").join("\n")).collect();
            *found = column("WHAT WAS FOUND", Show::Text, cells);
        }
        let fitted = fit(columns, self.width);
        self.out.push('\n');
        self.grid(&fitted.columns);
    }

    /// Columns side by side under their titles.
    pub(super) fn grid(&mut self, columns: &[Column]) {
        let mut table = Table::new();
        table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Disabled);
        let lines = columns.iter().map(|c| c.title.lines().count()).max().unwrap_or(1);
        let lowered = |t: &str| format!("{}{t}", "\n".repeat(lines - t.lines().count().max(1)));
        table.set_header(columns.iter().map(|c| lowered(&c.title)).collect::<Vec<_>>());
        let height = columns.first().map_or(0, |c| c.cells.len());
        for i in 0..height {
            table.add_row(columns.iter().map(|c| c.cells[i].as_str()).collect::<Vec<_>>());
        }
        for (i, (column, laid)) in columns.iter().zip(table.column_iter_mut()).enumerate() {
            laid.set_padding((if i == 0 { 1 } else { 2 }, 0));
            laid.set_constraint(ColumnConstraint::ContentWidth);
            if column.show != Show::Text {
                laid.set_cell_alignment(CellAlignment::Right);
            }
        }
        for (i, line) in table.lines().enumerate() {
            let line = line.trim_end();
            let line = if i < lines { self.paint.dim(line) } else { line.to_owned() };
            self.line(&line);
        }
    }

    fn findings(&mut self, report: &Report, severity: Severity) {
        let groups = groups(&report.findings, severity);
        if groups.is_empty() {
            return;
        }
        let total: usize = groups.iter().map(|g| g.findings.len()).sum();
        let title = plural(total as u64, severity.name());
        let painted = match severity {
            Severity::Error => self.paint.red(&title),
            Severity::Warning => self.paint.yellow(&title),
            Severity::Info => self.paint.cyan(&title),
        };
        self.out.push('\n');
        self.line(&painted);
        let mut left = if self.all { usize::MAX } else { MOST_FINDINGS };
        for (i, group) in groups.iter().enumerate() {
            if left == 0 {
                let rest: usize = groups[i..].iter().map(|g| g.findings.len()).sum();
                self.text(
                    &format!("{} more of other kinds (--verbose)", grouped(&rest.to_string())),
                    "  … ",
                    "    ",
                );
                break;
            }
            left -= self.group(group, left);
        }
    }

    /// One kind of finding; says how many of it were shown.
    fn group(&mut self, group: &Group<'_>, left: usize) -> usize {
        let (code, size, money) = (group.first().code, group.findings.len(), group.money());
        let mut about = if size > 1 { format!(" × {}", grouped(&size.to_string())) } else { String::new() };
        if !money.is_empty() {
            about.push_str(&format!("  {money}"));
        }
        let painted = format!("  {}", self.paint.bold(code));
        self.labelled(&format!("  {code}"), &painted, &about, "    ");
        let most = if self.all { size } else { MOST_OF_A_KIND.min(left).min(size) };
        let same_cause = group.findings.iter().all(|f| f.cause == group.first().cause);
        for f in &group.findings[..most] {
            let id = safe(f.fingerprint.get(..8).unwrap_or(&f.fingerprint));
            let mut lines =
                wrap(&message(f), self.width, &format!("    {id}  "), "              ").into_iter();
            if let Some(first) = lines.next() {
                let end = first.strip_prefix(&format!("    {id}")).unwrap_or(&first).to_owned();
                let painted = format!("    {}{end}", self.paint.dim(&id));
                self.line(&painted);
            }
            lines.for_each(|l| self.line(&l));
            if let Some(cause) = f.cause.as_ref().filter(|_| !same_cause) {
                self.text(&format!("({})", safe(&cause.detail)), "              ", "              ");
            }
        }
        if size > most {
            let rest = grouped(&(size - most).to_string());
            self.text(&format!("{rest} more of this kind (--verbose)"), "    … ", "      ");
        }
        if let Some(cause) = group.cause() {
            self.text(&cause, "    cause: ", "           ");
        }
        if let Some(next) = group.next() {
            self.text(&next, "    next:  ", "           ");
        }
        most
    }

    fn waived(&mut self, report: &Report) {
        let waived = waived(&report.findings);
        if waived.is_empty() {
            return;
        }
        self.section(&format!("{} waived", plural(waived.len() as u64, "finding")));
        let most = if self.all { waived.len() } else { MOST_OF_A_KIND.min(waived.len()) };
        for f in &waived[..most] {
            self.text(&format!("{}  {}", f.code, safe(&f.message)), "  ", "    ");
        }
        if waived.len() > most {
            self.line(&format!("  … {} more (--verbose)", grouped(&(waived.len() - most).to_string())));
        }
    }

    /// Longer texts that were asked for.
    fn passages(&mut self, report: &Report) {
        for passage in &report.passages {
            self.out.push('\n');
            for line in wrap(&safe(&passage.title), self.width, "", "  ") {
                let painted = self.paint.bold(&line);
                self.line(&painted);
            }
            for line in &passage.lines {
                self.text(&safe(line), "  ", "    ");
            }
        }
    }

    /// Where to go from here, for who has not been here before.
    fn more(&mut self, report: &Report) {
        let Some(first) = report.findings.first() else { return };
        let id = safe(first.fingerprint.get(..8).unwrap_or(&first.fingerprint)).into_owned();
        let hint = format!(
            "One finding whole: crosscheck show {id}; its meaning: crosscheck explain {}",
            first.code
        );
        self.out.push('\n');
        self.text(&hint, "", "  ");
    }

    fn not_judged(&mut self, report: &Report) {
        let lines = not_judged(report);
        if !lines.is_empty() {
            let title = match report.summary.not_judged {
                0 => "Not judged".to_owned(),
                n => format!("Not judged: {}", grouped(&n.to_string())),
            };
            self.section(&title);
            for line in &lines {
                self.text(line, "  - ", "    ");
            }
        }
        if !report.notes.is_empty() {
            self.section("Notes");
            for note in &report.notes {
                self.text(&safe(note), "  - ", "    ");
            }
        }
    }

    fn result(&mut self, report: &Report) {
        self.out.push('\n');
        let painted = self.paint.bold("Result:");
        self.labelled("Result: ", &painted, &result(report), "  ");
    }
}

/// A column that is ready to be shown.
#[derive(Clone, Debug)]
pub(super) struct Column {
    title: String,
    show: Show,
    /// Marked so by its check: the first to give way, without a word.
    hidden: bool,
    cells: Vec<String>,
    /// The width that it would like.
    pub(super) natural: usize,
    /// The least width to which it may be cut.
    floor: usize,
}

impl Column {
    pub(super) fn new(title: String, show: Show, cells: Vec<String>) -> Column {
        let natural = cells.iter().map(|c| block_width(c)).chain([block_width(&title)]).max().unwrap_or(0);
        // Half a date or half a number misleads, half a name does not.
        let whole = |t: &String| {
            t.is_empty() || is_date(t) || is_timestamp(t) || is_plain_number(t) || t.ends_with("Z")
        };
        let floor = match show {
            Show::Text if !cells.iter().all(whole) => natural.min(block_width(&title).max(10)),
            Show::Trend => natural.min(SHORTEST_TREND),
            _ => natural,
        };
        Column { title, show, hidden: false, cells, natural, floor }
    }

    /// The same with its title on two lines where that makes it narrower.
    fn with_high_title(self) -> Column {
        let widest = self.cells.iter().map(|c| width(c)).max().unwrap_or(0);
        let breaks = self.title.match_indices(' ').map(|(at, _)| {
            let (first, second) = self.title.split_at(at);
            format!("{first}\n{}", second.trim_start())
        });
        match breaks.min_by_key(|t| block_width(t)) {
            Some(title) if width(&self.title) > widest => {
                Column { hidden: self.hidden, ..Column::new(title, self.show, self.cells) }
            }
            _ => self,
        }
    }

    /// As a sentence names it.
    fn spoken(&self) -> String {
        self.title.replace('\n', " ").to_lowercase()
    }
}

/// The width of a text of several lines.
fn block_width(text: &str) -> usize {
    text.lines().map(width).max().unwrap_or(0)
}

/// The columns that have anything to show, their cells in the form for people.
fn columns(report: &Report, rows: &[&Row], hidden_too: bool) -> Vec<Column> {
    let mut columns = Vec::new();
    for (i, c) in report.columns.iter().enumerate() {
        let values = || rows.iter().map(|r| r.values.get(i).unwrap_or(&Value::Null));
        let hidden = c.show == Show::Hidden;
        if (hidden && !hidden_too) || values().all(|v| matches!(v, Value::Null) || v.as_str() == Some("")) {
            continue;
        }
        let numeric =
            values().all(|v| v.is_null() || v.is_number() || v.as_str().is_some_and(is_plain_number));
        let show = if hidden && numeric {
            Show::Number
        } else if hidden {
            Show::Text
        } else {
            c.show
        };
        let signed = is_signed(c.name);
        // Whole days of UTC need no clock.
        let day = |v: &Value| {
            v.is_null() || v.as_str().is_some_and(|t| is_timestamp(t) && t.ends_with("T00:00:00Z"))
        };
        let days = report.timezone == "UTC" && values().all(day);
        let cells = values().map(|v| cell(v, show, signed, days)).collect();
        let column = Column::new(title(c.name), show, cells);
        columns.push(Column { hidden, ..column });
    }
    columns
}

/// `period_start` → `PERIOD START`, `delta_percent` → `DELTA %`.
pub(super) fn title(name: &str) -> String {
    match name.strip_suffix("_percent") {
        Some(start) => format!("{} %", start.replace('_', " ").to_uppercase()),
        None if name == "percent" => "%".to_owned(),
        None => name.replace('_', " ").to_uppercase(),
    }
}

/// Whether a column tells a difference, so that a plus matters.
pub(super) fn is_signed(name: &str) -> bool {
    name == "delta" || name.ends_with("_delta") || name.starts_with("change_")
}

/// A value for a person: `days` leaves the clock off timestamps.
pub(super) fn cell(value: &Value, show: Show, signed: bool, days: bool) -> String {
    if let (Show::Trend, Value::Array(list)) = (show, value) {
        return sparkline(list);
    }
    let text = match value {
        Value::Bool(true) => return "yes".to_owned(),
        Value::Bool(false) => return "no".to_owned(),
        Value::Null => return if show == Show::Text { String::new() } else { "-".to_owned() },
        other => plain(other),
    };
    match show {
        Show::Text | Show::Hidden if days => text.get(..10).unwrap_or(&text).to_owned(),
        Show::Text | Show::Hidden => minutes(&safe(&text)),
        _ if text.is_empty() => "-".to_owned(),
        Show::Number if signed => with_sign(&text),
        Show::Number => grouped(&safe(&text)),
        Show::Percent => format!("{} %", with_sign(&text)),
        Show::Trend => safe(&text).into_owned(),
    }
}

/// A block a value, in eighths of 100; a point where there is none.
fn sparkline(values: &[Value]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let block = |v: &Value| {
        let whole = plain(v).split('.').next().and_then(|t| t.parse::<usize>().ok());
        whole.map_or('·', |n| BLOCKS[(n * 8 / 100).min(7)])
    };
    values.iter().map(block).collect()
}

fn with_sign(text: &str) -> String {
    let zero = text.bytes().all(|b| matches!(b, b'0' | b'.'));
    let plus = if is_plain_number(text) && !zero && !text.starts_with(['-', '+']) { "+" } else { "" };
    format!("{plus}{}", grouped(&safe(text)))
}

/// What fits, and what was taken out for it.
#[derive(Debug, Default)]
struct Fitted {
    columns: Vec<Column>,
    /// `currency USD`: columns with one value in every row, told once.
    constant: Vec<String>,
    /// Titles of columns that found no room.
    dropped: Vec<String>,
}

/// Makes columns fit: first those that say the same in every row are told once, then titles are broken, then texts
/// are cut, then columns are left out: numbers beyond the fourth, then texts from the right, then the other numbers. The first column,
/// which says what the row is about, stays.
fn fit(columns: Vec<Column>, max: usize) -> Fitted {
    let mut f = Fitted { columns, ..Fitted::default() };
    let natural = |columns: &[Column]| needed(columns.iter().map(|c| c.natural));
    if natural(&f.columns) > max {
        f.columns.retain(|c| !c.hidden);
    }
    if natural(&f.columns) > max {
        let is_constant = |c: &Column| c.cells.len() > 1 && c.cells.iter().all(|t| *t == c.cells[0]);
        let (constant, others): (Vec<_>, Vec<_>) = f
            .columns
            .into_iter()
            .enumerate()
            .partition(|(i, c)| *i > 0 && c.show == Show::Text && is_constant(c));
        f.columns = others.into_iter().map(|(_, c)| c).collect();
        f.constant = constant.into_iter().map(|(_, c)| format!("{} {}", c.spoken(), c.cells[0])).collect();
    }
    if natural(&f.columns) > max {
        f.columns = f.columns.into_iter().map(Column::with_high_title).collect();
    }
    let mut dropped = Vec::new();
    while needed(f.columns.iter().map(|c| c.floor)) > max && f.columns.len() > 1 {
        let last = |wanted: &dyn Fn(&Column) -> bool| f.columns.iter().rposition(wanted).filter(|i| *i > 0);
        let number = |c: &Column| !matches!(c.show, Show::Text | Show::Trend);
        let numbers = f.columns.iter().filter(|c| number(c)).count();
        let at = if numbers > 4 { last(&number) } else { None };
        let at = at.or_else(|| last(&|c| c.show == Show::Text)).or_else(|| last(&number)).unwrap_or(1);
        dropped.push(f.columns.remove(at).spoken());
    }
    dropped.reverse();
    f.dropped = dropped;
    shrink(&mut f.columns, max);
    f
}

/// Columns between the edges: one before the first, two before each other.
pub(super) fn needed(widths: impl Iterator<Item = usize>) -> usize {
    let (count, sum) = widths.fold((0usize, 0usize), |(n, s), w| (n + 1, s + w));
    sum + (2 * count).saturating_sub(1)
}

/// Cuts the widest texts until all fits.
fn shrink(columns: &mut [Column], max: usize) {
    let mut widths: Vec<usize> = columns.iter().map(|c| c.natural).collect();
    while needed(widths.iter().copied()) > max {
        let can = |i: &usize| widths[*i] > columns[*i].floor;
        match (0..columns.len()).filter(can).max_by_key(|i| (widths[*i], std::cmp::Reverse(*i))) {
            Some(i) => widths[i] -= 1,
            None => break,
        }
    }
    // One column alone may still be wider than the screen.
    if let [only] = widths.as_mut_slice() {
        *only = (*only).min(max.saturating_sub(1));
    }
    for (column, width) in columns.iter_mut().zip(widths) {
        if column.show == Show::Trend {
            for text in &mut column.cells {
                let skipped = text.chars().count().saturating_sub(width);
                *text = text.chars().skip(skipped).collect();
            }
        }
        for text in column.cells.iter_mut().chain([&mut column.title]) {
            *text = text.lines().map(|l| cut(l, width)).collect::<Vec<_>>().join("\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;
    use proptest::prelude::*;

    fn options(width: usize) -> RenderOptions {
        RenderOptions { width, ..RenderOptions::default() }
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for report in
            [sample::report(), sample::naughty(), sample::pass(), sample::untrusted(), sample::empty()]
        {
            for w in [40, 60, 80, 81, 100, 140, 300] {
                for all_rows in [false, true] {
                    let options = RenderOptions { all_rows, ..options(w) };
                    for line in table(&report, &options).lines() {
                        assert!(width(line) <= w, "{w}: {} {line}", width(line));
                    }
                }
            }
        }
    }

    #[test]
    fn a_trend_is_a_sparkline_and_a_narrow_one_shows_its_end() {
        let list = serde_json::json!(["0.0", "12.9", "13.0", "50.0", null, "99.9", "100.0"]);
        let line = cell(&list, Show::Trend, false, false);
        assert_eq!(line, "▁▁▂▅·██");
        let trend = |n: usize| Column::new("TREND".into(), Show::Trend, vec![line.repeat(n)]);
        let fitted = fit(vec![trend(3), Column::new("NAME".into(), Show::Text, vec!["abc".into()])], 21);
        assert_eq!(fitted.columns[0].cells[0], line.repeat(2));
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        for report in [sample::report(), sample::naughty(), sample::pass(), sample::untrusted()] {
            let plain = table(&report, &options(80));
            let coloured = table(&report, &RenderOptions { color: true, ..options(80) });
            assert_ne!(plain, coloured);
            let mut stripped = String::new();
            for (i, part) in coloured.split("\x1b[").enumerate() {
                stripped.push_str(if i == 0 { part } else { part.split_once('m').unwrap().1 });
            }
            assert_eq!(stripped, plain);
        }
    }

    #[test]
    fn the_first_line_is_the_verdict_and_the_last_the_reason_of_the_exit_code() {
        let text = table(&sample::report(), &options(100));
        assert!(text.starts_with("reconcile FAIL  41 of 1,601 judged lines differ"), "{text}");
        assert!(text.trim_end().lines().next_back().unwrap().ends_with("exit 1"), "{text}");
    }

    #[test]
    fn a_pass_is_short() {
        let text = table(&sample::pass(), &options(100));
        assert!(text.lines().count() <= 16, "{text}");
    }

    #[test]
    fn all_rows_are_shown_when_asked_for() {
        let all = RenderOptions { all_rows: true, ..options(140) };
        let text = table(&sample::report(), &all);
        assert!(text.lines().count() > 1624);
        assert!(!text.contains("--all-rows") && !text.contains("--verbose"), "{text}");
    }

    #[test]
    fn figures_are_told_apart_by_sign_and_separator() {
        let shown = |v: serde_json::Value, show, signed| cell(&v, show, signed, false);
        assert_eq!(shown("1400000".into(), Show::Number, false), "1,400,000");
        assert_eq!(shown("200000".into(), Show::Number, true), "+200,000");
        assert_eq!(shown("0".into(), Show::Number, true), "0");
        assert_eq!(shown("16.67".into(), Show::Percent, false), "+16.67 %");
        assert_eq!(shown("-10.00".into(), Show::Percent, false), "-10.00 %");
        assert_eq!(shown("0.00".into(), Show::Percent, false), "0.00 %");
        assert_eq!(shown(Value::Null, Show::Percent, false), "-");
        assert_eq!(shown(Value::Null, Show::Text, false), "");
        assert_eq!(shown(true.into(), Show::Text, false), "yes");
        assert_eq!(title("delta_percent"), "DELTA %");
    }

    #[test]
    fn what_is_the_same_everywhere_is_told_once_before_anything_is_cut() {
        let column = |title: &str, cells: [&str; 2]| {
            Column::new(title.to_owned(), Show::Text, cells.map(str::to_owned).to_vec())
        };
        let columns = vec![
            column("ACCOUNT", ["acct_42 Globex Corporation", "acct_17"]),
            column("CURRENCY", ["USD", "USD"]),
        ];
        let fitted = fit(columns.clone(), 36);
        assert_eq!(fitted.constant, ["currency USD"]);
        assert_eq!(fitted.columns[0].cells[0], "acct_42 Globex Corporation");
        assert!(fit(columns, 60).constant.is_empty());
    }

    proptest! {
        #[test]
        fn columns_always_fit(
            cells in prop::collection::vec(("[a-z]{1,12}", "[a-z日 ]{0,40}|[0-9]{1,15}", any::<bool>()), 1..14),
            max in 40usize..160,
        ) {
            let columns = cells.iter().map(|(title, cell, text)| {
                let show = if *text { Show::Text } else { Show::Number };
                Column::new(title.clone(), show, vec![cell.clone(), "other".to_owned()])
            }).collect::<Vec<_>>();
            let fitted = fit(columns, max);
            prop_assert_eq!(fitted.columns.len() + fitted.dropped.len() + fitted.constant.len(), cells.len());
            let mut page = Page { out: String::new(), width: max, paint: Paint(false), all: false };
            page.grid(&fitted.columns);
            prop_assert!(page.out.lines().all(|l| width(l) <= max), "{}", page.out);
        }
    }
}

//! The only place that touches the terminal: whether there are colours, how wide it is, messages, progress, and
//! the results on standard output.

use crate::render::{Paint, safe};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, WeakProgressBar};
use std::env;
use std::fmt;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use thiserror::Error;

/// Columns where there is no terminal to ask.
pub const DEFAULT_WIDTH: usize = 100;

/// Work that is done sooner shows no progress.
const PATIENCE: Duration = Duration::from_secs(1);

/// When colours are used (`--color`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// On a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    /// Even into a file.
    Always,
    /// Never.
    Never,
}

impl ColorChoice {
    /// From `auto`, `always`, `never`.
    pub fn parse(text: &str) -> Option<ColorChoice> {
        Some(match text {
            "auto" => ColorChoice::Auto,
            "always" => ColorChoice::Always,
            "never" => ColorChoice::Never,
            _ => return None,
        })
    }

    /// What holds for one stream: the option, then `NO_COLOR`, `CLICOLOR_FORCE`, `TERM=dumb`, and at last whether
    /// the stream is a terminal. A variable that is set to nothing is not set (no-color.org).
    fn decide(self, surroundings: &Surroundings, terminal: bool) -> bool {
        match self {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if surroundings.no_color => false,
            ColorChoice::Auto if surroundings.force_color => true,
            ColorChoice::Auto => terminal && !surroundings.dumb,
        }
    }
}

/// How much is said on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Only errors.
    Quiet,
    /// Errors, warnings and notes.
    #[default]
    Normal,
    /// Details as well.
    Verbose,
}

/// What the user chose.
#[derive(Clone, Copy, Debug, Default)]
pub struct UiOptions {
    /// `--color`.
    pub color: ColorChoice,
    /// `--quiet`, `--verbose`.
    pub level: Level,
    /// `--no-progress`.
    pub no_progress: bool,
}

/// What the process finds itself in.
#[derive(Clone, Copy, Debug, Default)]
struct Surroundings {
    no_color: bool,
    force_color: bool,
    dumb: bool,
    columns: Option<usize>,
    stdout_is_terminal: bool,
    stderr_is_terminal: bool,
}

impl Surroundings {
    fn of_this_process() -> Surroundings {
        let set = |name: &str| env::var_os(name).filter(|v| !v.is_empty());
        let stdout_is_terminal = io::stdout().is_terminal();
        let asked = || terminal_size::terminal_size_of(io::stdout()).map(|(w, _)| usize::from(w.0));
        Surroundings {
            no_color: set("NO_COLOR").is_some(),
            force_color: set("CLICOLOR_FORCE").is_some_and(|v| v != "0"),
            dumb: set("TERM").is_some_and(|v| v == "dumb"),
            columns: set("COLUMNS")
                .and_then(|v| v.to_str()?.parse().ok())
                .or_else(|| if stdout_is_terminal { asked() } else { None })
                .filter(|n| *n > 0),
            stdout_is_terminal,
            stderr_is_terminal: io::stderr().is_terminal(),
        }
    }
}

/// Results could not be written: exit code 2. A pipe that the reader closed is no such error.
#[derive(Debug, Error)]
#[error("cannot write to {to}: {source}")]
pub struct WriteError {
    /// `standard output`, or a file as it was named.
    pub to: String,
    /// What the system said.
    pub source: io::Error,
}

/// The terminal, or what stands in for it.
pub struct Ui {
    options: UiOptions,
    surroundings: Surroundings,
    /// What is drawn on standard error, so that messages do not run into it.
    bar: Mutex<Option<WeakProgressBar>>,
}

impl Ui {
    /// Looks around once.
    pub fn new(options: UiOptions) -> Ui {
        Ui { options, surroundings: Surroundings::of_this_process(), bar: Mutex::new(None) }
    }

    /// Whether standard output gets colours.
    pub fn color(&self) -> bool {
        self.options.color.decide(&self.surroundings, self.surroundings.stdout_is_terminal)
    }

    /// Columns of standard output: `COLUMNS`, else the terminal's, else 100.
    pub fn width(&self) -> usize {
        self.surroundings.columns.unwrap_or(DEFAULT_WIDTH)
    }

    /// Something failed; said even when quiet.
    pub fn error(&self, message: &str) {
        self.say(Level::Quiet, "error", Paint::red, message);
    }

    /// Something is not as it should be.
    pub fn warning(&self, message: &str) {
        self.say(Level::Normal, "warning", Paint::yellow, message);
    }

    /// Something to know.
    pub fn note(&self, message: &str) {
        self.say(Level::Normal, "note", Paint::cyan, message);
    }

    /// Something to know for who wants to know all.
    pub fn detail(&self, message: &str) {
        self.say(Level::Verbose, "note", Paint::cyan, message);
    }

    fn say(&self, level: Level, label: &str, style: fn(Paint, &str) -> String, message: &str) {
        if self.options.level < level {
            return;
        }
        let color = self.options.color.decide(&self.surroundings, self.surroundings.stderr_is_terminal);
        let text = said(label, style(Paint(color), label), message);
        // Nobody is left to hear that standard error cannot be written.
        let write = || io::stderr().lock().write_all(text.as_bytes()).unwrap_or_default();
        let bar = self
            .bar
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .and_then(WeakProgressBar::upgrade);
        match bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Progress of a work of so many bytes. It is drawn only on a terminal, only after a second, and not at all
    /// with `--quiet` or `--no-progress`.
    pub fn progress(&self, what: &str, bytes: u64) -> Progress {
        let s = &self.surroundings;
        if !s.stderr_is_terminal || s.dumb || self.options.no_progress || self.options.level == Level::Quiet {
            return Progress { work: None };
        }
        let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::hidden());
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar.downgrade());
        let color = self.options.color.decide(s, true);
        Progress { work: Some(Work::new(bar, safe(what).into_owned(), color)) }
    }

    /// Hands standard output to `write` and sees that all of it arrives.
    ///
    /// # Errors
    ///
    /// Any failure to write or flush, as on a full disk, but not a closed pipe: whoever reads `| head` has what
    /// he wants, and what the check found is still told by the exit code.
    pub fn print(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), WriteError> {
        written(&mut io::stdout().lock(), write)
            .map_err(|source| WriteError { to: "standard output".to_owned(), source })
    }
}

/// `warning: exports/a.csv: …`, further lines moved in. Line breaks of the program's own messages stay, those of
/// customers' text have been made visible before.
fn said(label: &str, painted: String, message: &str) -> String {
    let mut text = painted;
    text.push_str(": ");
    for (i, line) in message.lines().enumerate() {
        if i > 0 {
            text.push('\n');
            text.extend(std::iter::repeat_n(' ', label.len() + 2));
        }
        text.push_str(&safe(line));
    }
    text.push('\n');
    text
}

fn written(out: &mut dyn Write, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut buffered = BufWriter::with_capacity(1 << 16, out);
    // Both buffers are emptied here: what is flushed when the process ends fails without a word.
    let result = write(&mut buffered).and_then(|()| buffered.flush());
    // What is still buffered after an error would only fail again.
    let (out, _) = buffered.into_parts();
    match result.and_then(|()| out.flush()) {
        // The reader went away, as `| head` does; Rust ignores SIGPIPE, so the write fails instead.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// How far a work has come. May be advanced from several threads; costs nothing where nothing is drawn.
#[derive(Debug)]
pub struct Progress {
    work: Option<Work>,
}

#[derive(Debug)]
struct Work {
    bar: ProgressBar,
    what: String,
    color: bool,
    rows: Arc<AtomicU64>,
    started: Instant,
    drawn: AtomicBool,
}

impl Work {
    fn new(bar: ProgressBar, what: String, color: bool) -> Work {
        let (rows, drawn) = (Arc::default(), AtomicBool::new(false));
        Work { bar, what, color, rows, started: Instant::now(), drawn }
    }

    fn draw(&self) {
        let rows = Arc::clone(&self.rows);
        let bar = if self.color { "{bar:24.green}" } else { "{bar:24}" };
        let template = format!("{{msg}} {bar} {{bytes}} of {{total_bytes}}, {{rows}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            let tracker = move |state: &ProgressState, out: &mut dyn fmt::Write| {
                // A failure to format would only leave the figure out.
                let _ = out.write_str(&speed(rows.load(Ordering::Relaxed), state.elapsed()));
            };
            self.bar.set_style(style.with_key("rows", tracker).progress_chars("=> "));
        }
        self.bar.set_message(self.what.clone());
        self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(8));
    }
}

/// `1,204,000 rows (802,000/s)`.
fn speed(rows: u64, elapsed: Duration) -> String {
    let millis = elapsed.as_millis().max(1);
    let a_second = u128::from(rows) * 1000 / millis;
    // The last digits would only flicker.
    let a_second = if a_second > 10_000 { a_second / 1000 * 1000 } else { a_second };
    let shown = |n: u128| indicatif::HumanCount(u64::try_from(n).unwrap_or(u64::MAX)).to_string();
    format!("{} rows ({}/s)", shown(rows.into()), shown(a_second))
}

impl Progress {
    /// None at all, for callers without a terminal.
    pub fn none() -> Progress {
        Progress { work: None }
    }

    /// So many rows and bytes more. Best called once a block, not once a row.
    pub fn advance(&self, rows: u64, bytes: u64) {
        let Some(work) = &self.work else { return };
        work.rows.fetch_add(rows, Ordering::Relaxed);
        work.bar.inc(bytes);
        let late = || work.started.elapsed() >= PATIENCE;
        if !work.drawn.load(Ordering::Relaxed) && late() && !work.drawn.swap(true, Ordering::Relaxed) {
            work.draw();
        }
    }
}

/// How long a work takes: for metrics, where no result depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins to count.
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// The time since.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

impl Drop for Progress {
    /// Leaves no trace on the terminal.
    fn drop(&mut self) {
        if let Some(work) = &self.work {
            work.bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_beats_the_environment_and_the_environment_the_terminal() {
        let none = Surroundings::default();
        let no_color = Surroundings { no_color: true, ..none };
        let forced = Surroundings { force_color: true, ..none };
        let both = Surroundings { no_color: true, force_color: true, ..none };
        let dumb = Surroundings { dumb: true, ..none };
        for (choice, surroundings, terminal, wanted) in [
            (ColorChoice::Auto, none, true, true),
            (ColorChoice::Auto, none, false, false),
            (ColorChoice::Auto, no_color, true, false),
            (ColorChoice::Auto, forced, false, true),
            (ColorChoice::Auto, both, true, false),
            (ColorChoice::Auto, dumb, true, false),
            (ColorChoice::Always, no_color, false, true),
            (ColorChoice::Always, dumb, false, true),
            (ColorChoice::Never, forced, true, false),
        ] {
            assert_eq!(
                choice.decide(&surroundings, terminal),
                wanted,
                "{choice:?} {surroundings:?} {terminal}"
            );
        }
    }

    #[test]
    fn without_a_terminal_there_are_a_hundred_columns() {
        let ui = |columns| Ui {
            options: UiOptions::default(),
            surroundings: Surroundings { columns, ..Surroundings::default() },
            bar: Mutex::new(None),
        };
        assert_eq!(ui(None).width(), 100);
        assert_eq!(ui(Some(132)).width(), 132);
    }

    #[test]
    fn a_message_moves_its_further_lines_in_and_is_harmless() {
        let text = said("error", "error".to_owned(), "a\x1b[31m.csv is no dataset\nnearest: plans");
        assert_eq!(text, "error: a\\u{1b}[31m.csv is no dataset\n       nearest: plans\n");
    }

    /// Takes so many bytes, then fails.
    struct Fails {
        room: usize,
        kind: io::ErrorKind,
        at_flush: bool,
    }

    impl Write for Fails {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.room == 0 {
                return Err(self.kind.into());
            }
            let taken = bytes.len().min(self.room);
            self.room -= taken;
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            if self.at_flush { Err(self.kind.into()) } else { Ok(()) }
        }
    }

    #[test]
    fn a_closed_pipe_is_a_quiet_end_and_a_full_disk_is_not() {
        for room in [0, 5, 70_000] {
            for at_flush in [false, true] {
                let long = |out: &mut dyn Write| out.write_all(&vec![b'x'; 200_000]);
                let mut pipe = Fails { room, kind: io::ErrorKind::BrokenPipe, at_flush };
                assert!(written(&mut pipe, long).is_ok());
                let mut disk = Fails { room, kind: io::ErrorKind::StorageFull, at_flush };
                assert_eq!(written(&mut disk, long).unwrap_err().kind(), io::ErrorKind::StorageFull);
            }
        }
    }

    #[test]
    fn an_error_that_shows_only_at_the_flush_is_seen() {
        let mut disk = Fails { room: 100, kind: io::ErrorKind::StorageFull, at_flush: true };
        assert!(written(&mut disk, |out| out.write_all(b"short")).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_device_is_an_error() {
        let mut full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let error = written(&mut full, |out| out.write_all(b"{}\n")).unwrap_err();
        let shown = WriteError { to: "standard output".into(), source: error }.to_string();
        assert!(shown.starts_with("cannot write to standard output: No space left"), "{shown}");
    }

    #[test]
    fn progress_is_not_drawn_before_a_second_has_gone_by() {
        let bar = ProgressBar::with_draw_target(Some(100), ProgressDrawTarget::hidden());
        let progress = Progress { work: Some(Work::new(bar, "reading".into(), false)) };
        progress.advance(10, 50);
        let work = progress.work.as_ref().unwrap();
        assert_eq!((work.bar.position(), work.drawn.load(Ordering::Relaxed)), (50, false));
        Progress::none().advance(1, 1);
    }

    #[test]
    fn speed_is_told_in_rows() {
        assert_eq!(speed(1_204_000, Duration::from_millis(1500)), "1,204,000 rows (802,000/s)");
        assert_eq!(speed(0, Duration::ZERO), "0 rows (0/s)");
    }
}

//! What is wrong with the settings, and where a value came from.

use crate::report::Problem;
use std::fmt;
use thiserror::Error;

/// Where a value came from. The order is the precedence: a later layer beats an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The playbook's default.
    Default,
    /// crosscheck.toml.
    File {
        /// The file as it is shown.
        file: String,
        /// The line, from 1.
        line: u64,
    },
    /// An environment variable, by its name.
    Variable(String),
    /// A command-line flag, without dashes.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { file, line } => write!(f, "{file}:{line}"),
            Origin::Variable(name) => f.write_str(name),
            Origin::Flag(name) => write!(f, "--{name}"),
        }
    }
}

/// One thing that is wrong with a flag, a variable or crosscheck.toml, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct Fault {
    /// The file, where a file is at fault.
    pub file: Option<String>,
    /// The line in it, from 1.
    pub line: Option<u64>,
    /// The column in that line in characters, from 1; only of broken TOML.
    pub column: Option<u64>,
    /// What is wrong, and the remedy where one is known.
    pub message: String,
}

impl Fault {
    /// Of a flag or a variable, which the message names.
    pub(crate) fn new(message: impl Into<String>) -> Fault {
        Fault { file: None, line: None, column: None, message: message.into() }
    }

    /// Of a line of a file.
    pub(crate) fn at(file: &str, line: u64, message: impl Into<String>) -> Fault {
        Fault { file: Some(file.to_owned()), line: Some(line), ..Fault::new(message) }
    }
}

/// `crosscheck.toml:12: unknown key …`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            f.write_str(file)?;
            for place in [self.line, self.column].into_iter().flatten() {
                write!(f, ":{place}")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

/// Everything that is wrong with the settings: exit code 2.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct SettingsError {
    /// At least one; those of the file in the order of its lines.
    pub faults: Vec<Fault>,
}

impl SettingsError {
    /// The same for a report.
    pub fn problems(&self) -> Vec<Problem> {
        let problem = |f: &Fault| {
            let p = Problem::new("usage/settings", f.message.clone());
            match &f.file {
                Some(file) => p.at(file, f.line),
                None => p,
            }
        };
        self.faults.iter().map(problem).collect()
    }
}

/// One fault a line.
impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.faults.iter().enumerate() {
            let newline = if i == 0 { "" } else { "\n" };
            write!(f, "{newline}{fault}")?;
        }
        Ok(())
    }
}

impl From<Fault> for SettingsError {
    fn from(fault: Fault) -> Self {
        SettingsError { faults: vec![fault] }
    }
}

/// A text in quotes for a message: on one line, and cut after 60 characters.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown: String =
        text.chars().take(60).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(60).is_some() {
        shown.push('…');
    }
    format!("'{shown}'")
}

/// `; did you mean 'x'?` for the known name that is nearest, else nothing.
pub(crate) fn did_you_mean<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    nearest(wanted, names).map(|n| format!("; did you mean '{n}'?")).unwrap_or_default()
}

/// The known name nearest to a misspelt one.
pub(crate) fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Nobody misspells a name at such length, and the distance takes quadratic time.
    if wanted.len() > 200 {
        return None;
    }
    crate::model::datasets::nearest(wanted, names).first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_layer_is_the_greater_one() {
        let file = Origin::File { file: "a".into(), line: 1 };
        let variable = Origin::Variable("A".into());
        assert!(Origin::Default < file && file < variable && variable < Origin::Flag("a".into()));
    }

    #[test]
    fn a_text_in_a_message_stays_on_one_short_line() {
        assert_eq!(quoted("a\nb\u{1b}"), "'a\u{fffd}b\u{fffd}'");
        assert_eq!(quoted(&"x".repeat(100)).chars().count(), 63);
    }
}

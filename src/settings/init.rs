//! The crosscheck.toml that `crosscheck init` writes.

use super::keys::{Catalogue, ENGINE_CODES, Slot, TABLES};
use super::merged::default_texts;
use super::node::{Entry, Node, NodeValue};
use super::tables;
use super::values::Kind;
use crate::check::CheckInfo;
use std::fmt::Write;

/// What was recognised among a company's exports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// `[data] paths`.
    pub paths: Vec<String>,
    /// A `[[source]]` each.
    pub sources: Vec<FoundSource>,
    /// Files that nothing recognised.
    pub unknown: Vec<String>,
    /// The identity sheet that is still to be written: its path and header.
    pub sheet: Option<(String, String)>,
}

/// A kind of file and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundSource {
    /// Fits the end of its path.
    pub pattern: String,
    /// The profile that maps it; else it is a dataset as it stands.
    pub profile: Option<String>,
    /// The dataset, or the first of a profile's.
    pub dataset: Option<&'static str>,
}

/// A commented crosscheck.toml: every section and every key with its default. `# ` begins an explanation, `#` alone
/// a line that takes effect without it; so the text as it is changes nothing, and with every such `#` removed
/// it sets the defaults (its examples of `[[source]]`, `[map]`, `[[waiver]]` and `[profile]` aside). What was found is
/// set, not commented out.
pub fn init_text(checks: &[&CheckInfo], found: &Found) -> String {
    let known = Catalogue::new(checks);
    let mut text = String::from(
        "# crosscheck.toml: every key with its default. Remove the '#' before a key, and before its [section], to set it.\n\
         # A flag beats the variable CROSSCHECK_<SECTION>_<KEY>, which beats this file.\n\n",
    );
    for slot in known.slots.iter().filter(|s| s.section.is_empty() && s.in_file) {
        key(&mut text, slot);
    }
    for section in known.sections() {
        let about = checks.iter().find(|c| c.name == section).map_or(section_doc(section), |c| c.about);
        if section == "data" && !found.paths.is_empty() {
            data(&mut text, about, found);
            continue;
        }
        header(&mut text, about, &format!("[{section}]"));
        let slots = || known.slots.iter().filter(|s| s.section == section && s.in_file);
        // A key after a table would belong to the table.
        slots().filter(|s| s.kind.shape().is_none()).for_each(|s| key(&mut text, s));
        slots().filter(|s| s.kind.shape().is_some()).for_each(|s| table(&mut text, s));
    }
    for (table, doc) in TABLES {
        match *table {
            "rules" => rules(&mut text, doc, checks),
            "waiver" => {
                let code = checks.iter().flat_map(|c| c.rules).map(|r| r.code).next();
                let code = code.unwrap_or(ENGINE_CODES[0].0);
                header(&mut text, doc, "[[waiver]]");
                line(&mut text, &format!("#code = {}", quote(code)));
                text.push_str(WAIVER);
            }
            "source" => {
                sources(&mut text, doc, found);
                header(&mut text, doc, "[[source]]");
                text.push_str(SOURCE);
            }
            "map" => {
                header(&mut text, doc, "[map.metric]");
                text.push_str(MAP);
            }
            _ => header(&mut text, doc, "[profile.example]"),
        }
    }
    text
}

/// `[data]` with the paths that were found.
fn data(text: &mut String, about: &str, found: &Found) {
    text.push('\n');
    explain(text, about);
    line(text, "[data]");
    explain(text, "The exports where a command line names none: files, folders, dataset=PATH.");
    let paths: Vec<String> = found.paths.iter().map(|p| quote(p)).collect();
    line(text, &format!("paths = [{}]", paths.join(", ")));
}

/// A `[[source]]` for each kind of file that was found.
fn sources(text: &mut String, doc: &str, found: &Found) {
    for name in &found.unknown {
        line(text, "");
        explain(
            text,
            &format!("Not recognised: {}; 'crosscheck profile FILE' drafts a profile.", quote(name)),
        );
    }
    if let Some((path, header)) = &found.sheet {
        line(text, "");
        explain(
            text,
            &format!(
                "Still needed: {}, a line for each account, with its ids in the other systems: {}",
                quote(path),
                quote(header)
            ),
        );
    }
    if found.sources.is_empty() {
        return;
    }
    text.push('\n');
    explain(text, doc);
    for source in &found.sources {
        line(text, "[[source]]");
        line(text, &format!("match = {}", quote(&source.pattern)));
        match (&source.profile, source.dataset) {
            (Some(profile), _) => line(text, &format!("profile = {}", quote(profile))),
            // A sheet with a column a system is recognised as what it is, and would not be once it is named.
            (None, Some("identities")) => line(text, "# holds identities"),
            (None, Some(dataset)) => line(text, &format!("dataset = {}", quote(dataset))),
            (None, None) => {}
        }
    }
}

const SOURCE: &str = "\
# Fits the end of an export's path; * stops at a /, ** does not.
#match = \"lago/*.csv\"
# The profile that maps it, or with dataset = \"…\" what it holds.
#profile = \"lago/invoice_fees\"
# The zone of its timestamps without an offset (not the billing zone).
#timezone = \"Europe/Paris\"
# Older by its newest record: exit code 3.
#max_age = \"26h\"
# Where they are not detected rightly.
#encoding = \"utf-8\"
#delimiter = \",\"
";

const MAP: &str = "\
#\"API Requests\" = \"api_calls\"
#[map.plan]
#\"Pro (2024)\" = \"pro\"
#[map.feature]
#\"Single sign-on\" = \"sso\"
";

const WAIVER: &str = "\
#until = 2026-12-31
#reason = \"credit agreed, ticket 8812\"
# Any of account, subject and key narrows it.
#account = \"acct_42\"
#subject = \"in_881\"
#key = { metric = \"api_calls\" }
# Above it the finding returns.
#up_to = \"900 USD\"
";

fn section_doc(section: &str) -> &'static str {
    match section {
        "data" => "What is read.",
        "run" => "What `crosscheck run` runs.",
        "scope" => "Who is judged; what is left out is counted in every report.",
        "pricing" => "How quantities are priced.",
        _ => "",
    }
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

fn header(text: &mut String, doc: &str, header: &str) {
    text.push('\n');
    explain(text, doc);
    line(text, &format!("#{header}"));
}

fn explain(text: &mut String, doc: &str) {
    let words: Vec<&str> = doc.split_whitespace().collect();
    if !words.is_empty() {
        line(text, &format!("# {}", words.join(" ")));
    }
}

fn key(text: &mut String, slot: &Slot) {
    explain(text, slot.doc);
    match slot.kind {
        Kind::Choice(words) => explain(text, &format!("One of {}.", words.join(", "))),
        Kind::Words(words) => explain(text, &format!("Any of {}.", words.join(", "))),
        _ => {}
    }
    line(text, &format!("#{} = {}", slot.name, default_toml(slot)));
}

/// The default in TOML; an empty text or array is 'not set'.
fn default_toml(slot: &Slot) -> String {
    let bare =
        |t: &str| t == "0" || (!t.starts_with('0') && !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit()));
    match slot.kind {
        kind if kind.is_list() => {
            let items: Vec<String> = default_texts(slot).iter().map(|t| quote(t)).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Switch => if slot.default == "true" { "true" } else { "false" }.to_owned(),
        Kind::Percent
        | Kind::Decimal
        | Kind::Amount
        | Kind::Int
        | Kind::Days
        | Kind::Rejects
        | Kind::Limit
            if bare(slot.default) =>
        {
            slot.default.to_owned()
        }
        _ => quote(slot.default),
    }
}

/// A table or list of tables with what its keys mean, and the default's.
fn table(text: &mut String, slot: &Slot) {
    let (Some(shape), Some(header)) = (slot.kind.shape(), slot.header()) else { return };
    text.push('\n');
    explain(text, slot.doc);
    for field in shape.fields {
        let needed = if field.needed { ", needed" } else { "" };
        explain(text, &format!("{}{needed}: {}.", field.name, field.help));
    }
    let default = tables::default_entry(slot).ok().flatten();
    let tables: Vec<&Node> = match default.as_ref().map(|e| &e.node) {
        Some(Node { value: NodeValue::List(items), .. }) => items.iter().collect(),
        Some(node) => vec![node],
        // An empty table changes nothing; an empty list would be one table without its keys.
        None if matches!(slot.kind, Kind::Table(_)) => {
            line(text, &format!("#{header}"));
            return;
        }
        None => return,
    };
    for node in tables {
        line(text, &format!("#{header}"));
        for entry in node.table().unwrap_or_default() {
            line(text, &format!("#{}", written(entry)));
        }
    }
}

/// A key with its value on one line.
fn written(entry: &Entry) -> String {
    let bare = entry.key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    let key = if bare && !entry.key.is_empty() { entry.key.clone() } else { quote(&entry.key) };
    format!("{key} = {}", written_value(&entry.node))
}

fn written_value(node: &Node) -> String {
    match &node.value {
        NodeValue::Text(t) => quote(t),
        NodeValue::Number(t) | NodeValue::Date(t) => t.clone(),
        NodeValue::Bool(b) => b.to_string(),
        NodeValue::List(items) => {
            format!("[{}]", items.iter().map(written_value).collect::<Vec<_>>().join(", "))
        }
        NodeValue::Table(entries) => {
            format!("{{ {} }}", entries.iter().map(written).collect::<Vec<_>>().join(", "))
        }
    }
}

/// A TOML basic string.
fn quote(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn rules(text: &mut String, doc: &str, checks: &[&CheckInfo]) {
    header(text, doc, "[rules]");
    let own = checks.iter().flat_map(|c| c.rules).map(|r| (r.code, r.severity));
    for (code, severity) in own.chain(ENGINE_CODES.iter().copied()) {
        let _ = writeln!(text, "#{} = {}", quote(code), quote(severity.name()));
    }
}

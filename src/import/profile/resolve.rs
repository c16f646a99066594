//! From a profile's words to a profile: everything that it names must exist.

use super::{
    Condition, Field, Format, Output, Path, Profile, ProfileError, Take, What,
    recognise::Recognise,
    words::{Conditions, Fold, OutputWords, ProfileWords, RecogniseWords, Span, TakeWords, Unit, Word},
};
use crate::{
    import::validate,
    model::{
        datasets::{self, Column, DATASETS, Dataset, Store, Type, fold_name},
        decimal, money, time,
    },
};
use std::{collections::BTreeMap, fmt};

/// Checks a profile's words.
pub(super) fn resolve(name: &str, words: ProfileWords, builtin: bool) -> Result<Profile, ProfileError> {
    let at = At { profile: name, key: String::new() };
    let format =
        words.format.ok_or_else(|| at.of("format", "is missing; write format = \"csv\" or \"json\""))?;
    let maker = Maker { format, joins: words.join.keys().cloned().collect() };
    let recognise = maker.recognise(&at.key("recognise"), &words.recognise.clone().unwrap_or_default())?;
    if words.output.is_empty() {
        return Err(at.of("output", "is missing; write [[output]] with the dataset that the file gives"));
    }
    let outputs = words.output.iter().enumerate();
    let outputs =
        outputs.map(|(i, o)| maker.output(&at.key(&format!("output[{i}]")), o)).collect::<Result<_, _>>()?;
    for (join, spec) in &words.join {
        let at = at.key(&format!("join.{join}"));
        if spec.profile.is_some() == spec.file.is_some() {
            return Err(at.fault("names either a profile or a file pattern"));
        }
        if let Some(Err(e)) = spec.file.as_deref().map(glob::Pattern::new) {
            return Err(at.of("file", &format!("is no file pattern: {e}")));
        }
        maker.field(&at.key("by"), &spec.by)?;
        if spec.through().and_then(|(other, _)| words.join.get(other)?.through()).is_some() {
            return Err(at.of("by", "is a column of a join that itself goes by another join"));
        }
    }
    let truncated = words
        .truncated
        .iter()
        .map(|p| Path::parse(p).map_err(|e| at.of("truncated", &e)))
        .collect::<Result<_, _>>()?;
    let around = Maker { format: Format::Json, joins: Vec::new() };
    let more = around.paths(&at.key("more"), words.more.as_ref())?;
    for code in words.minor_digits.keys() {
        if money::currency(code).is_none() || code.bytes().any(|c| !c.is_ascii_uppercase()) {
            return Err(at.of(&format!("minor_digits.{code}"), "is no ISO 4217 currency code, such as USD"));
        }
    }
    Ok(Profile {
        name: name.to_owned(),
        title: words.title.clone().unwrap_or_else(|| name.to_owned()),
        docs: words.docs.clone().unwrap_or_default(),
        url: words.url.clone().unwrap_or_default(),
        format,
        system: words.system.clone(),
        builtin,
        recognise,
        outputs,
        joins: words.join.clone(),
        truncated,
        counted_by: words.counted_by.clone(),
        more,
        minor_digits: words.minor_digits.clone(),
        words,
    })
}

/// A place in a profile.
struct At<'a> {
    profile: &'a str,
    key: String,
}

impl<'a> At<'a> {
    fn key(&self, key: &str) -> At<'a> {
        let key = if self.key.is_empty() { key.to_owned() } else { format!("{}.{key}", self.key) };
        At { profile: self.profile, key }
    }
    fn fault(&self, message: &str) -> ProfileError {
        ProfileError { profile: self.profile.to_owned(), key: self.key.clone(), message: message.to_owned() }
    }
    fn of(&self, key: &str, message: &str) -> ProfileError {
        self.key(key).fault(message)
    }
}

struct Maker {
    format: Format,
    joins: Vec<String>,
}

impl Maker {
    fn field(&self, at: &At<'_>, text: &str) -> Result<Field, ProfileError> {
        if let Some(fixed) = text.strip_prefix('=') {
            return Ok(Field::Fixed(fixed.to_owned()));
        }
        if let Some(rest) = text.strip_prefix('@') {
            let Some((join, column)) = rest.split_once('.') else {
                return Err(at.fault(&format!("{text} lacks the column; write @join.column")));
            };
            if !self.joins.iter().any(|j| j == join) {
                return Err(at.fault(&format!("there is no join.{join}")));
            }
            return Ok(Field::Join { join: join.to_owned(), column: column.to_owned() });
        }
        if self.format == Format::Json {
            return Path::parse(text).map(Field::Path).map_err(|e| at.fault(&e));
        }
        if text == "^.#" {
            return Ok(Field::File);
        }
        if let Some(each) = text.strip_suffix("[]").filter(|t| !t.trim().is_empty()) {
            return Ok(Field::Headers { name: fold_name(each), written: text.to_owned() });
        }
        let plain = text.strip_suffix("(*)");
        let name = fold_name(plain.unwrap_or(text));
        if name.is_empty() {
            return Err(at.fault("names no column"));
        }
        Ok(Field::Header { name, written: text.to_owned(), brackets: plain.is_some() })
    }

    fn fields(&self, at: &At<'_>, texts: &[String]) -> Result<Vec<Field>, ProfileError> {
        texts.iter().map(|t| self.field(at, t)).collect()
    }

    fn recognise(&self, at: &At<'_>, words: &RecogniseWords) -> Result<Recognise, ProfileError> {
        if self.format == Format::Csv && !words.equals.is_empty() {
            return Err(at.of("equals", "is for JSON; a CSV export is recognised by its header"));
        }
        Ok(Recognise {
            all: self.fields(&at.key("all"), &words.all)?,
            any: words.any.iter().map(|g| self.fields(&at.key("any"), g)).collect::<Result<_, _>>()?,
            none: self.fields(&at.key("none"), &words.none)?,
            equals: words
                .equals
                .iter()
                .map(|(f, w)| Ok((self.field(&at.key("equals"), f)?, Word::parse(w))))
                .collect::<Result<_, _>>()?,
        })
    }

    fn conditions(
        &self,
        at: &At<'_>,
        words: Option<&Conditions>,
    ) -> Result<Vec<Condition<Field>>, ProfileError> {
        let one = |table: &BTreeMap<String, super::words::Texts>| {
            let pairs = table.iter().map(|(field, words)| {
                let field = self.field(at, field)?;
                Ok((field, words.0.iter().map(|w| Word::parse(w)).collect()))
            });
            pairs.collect::<Result<_, _>>().map(Condition)
        };
        words.map(|c| c.0.iter().map(one).collect()).unwrap_or_else(|| Ok(Vec::new()))
    }

    /// Conditions on paths alone.
    fn paths(&self, at: &At<'_>, words: Option<&Conditions>) -> Result<Vec<Condition<Path>>, ProfileError> {
        let path = |(field, words)| match field {
            Field::Path(path) => Ok((path, words)),
            other => Err(at.fault(&format!("{other} is no path"))),
        };
        let all = self.conditions(at, words)?.into_iter();
        all.map(|c| c.0.into_iter().map(path).collect::<Result<_, _>>().map(Condition)).collect()
    }

    fn output(&self, at: &At<'_>, words: &OutputWords) -> Result<Output, ProfileError> {
        let Some(dataset) = datasets::find(&words.dataset) else {
            let near = datasets::nearest(&words.dataset, DATASETS.iter().map(|d| d.name));
            let near = near.first().map(|n| format!("; did you mean {n}?")).unwrap_or_default();
            return Err(at.of("dataset", &format!("there is no dataset {}{near}", words.dataset)));
        };
        let rows = match &words.rows {
            Some(_) if self.format == Format::Csv => {
                return Err(at.of("rows", "is for JSON; a CSV line is one row"));
            }
            Some(text) => {
                let path = Path::parse(text).map_err(|e| at.of("rows", &e))?;
                if !(text.ends_with("[]") || text.ends_with("{}")) || path.climbs() > 0 {
                    let message = "must name a nested list or object, such as lines.data[] or environments{}";
                    return Err(at.of("rows", message));
                }
                Some(path)
            }
            None => None,
        };
        let (mut columns, mut folds) = (Vec::new(), Vec::new());
        for (name, takes) in &words.columns {
            let at = at.key(&format!("columns.{name}"));
            let Some(position) = dataset.position(name) else {
                let near = datasets::nearest(name, dataset.columns.iter().map(|c| c.name));
                let near = near.first().map(|n| format!("; did you mean {n}?")).unwrap_or_default();
                return Err(at.fault(&format!("{} has no such column{near}", dataset.name)));
            };
            let mut column = dataset.columns[position];
            if let Some(fold) = fold_of(&at, &takes.0, dataset, &column)? {
                folds.push((position, fold));
                column.ty = Type::Text;
            }
            let takes = takes.0.iter().map(|t| self.take(&at, t, &column));
            let takes: Vec<_> = takes.collect::<Result<_, _>>()?;
            if !takes.is_empty() {
                columns.push((position, takes));
            }
        }
        columns.sort_by_key(|(position, _)| *position);
        folds.sort_by_key(|(position, _)| *position);
        complete(at, dataset, &columns)?;
        Ok(Output {
            dataset,
            rows,
            when: self.conditions(&at.key("when"), words.when.as_ref())?,
            keep: self.conditions(&at.key("keep"), words.keep.as_ref())?,
            drop: self.conditions(&at.key("drop"), words.drop.as_ref())?,
            columns,
            folds,
        })
    }

    fn take(&self, at: &At<'_>, words: &TakeWords, column: &Column) -> Result<Take<Field>, ProfileError> {
        let from = self.fields(&at.key("from"), &words.from.0)?;
        let kinds = [!from.is_empty(), words.fixed.is_some(), !words.concat.is_empty()];
        if kinds.iter().filter(|k| **k).count() != 1 {
            return Err(at.fault("needs exactly one of from, const, concat"));
        }
        if words.minus.is_some() && from.is_empty() {
            return Err(at.of("minus", "goes with from"));
        }
        if !words.times.0.is_empty() && from.is_empty() {
            return Err(at.of("times", "goes with from"));
        }
        let numeric = matches!(column.ty, Type::Money | Type::Decimal);
        let times = self.fields(&at.key("times"), &words.times.0)?;
        if (words.unit.is_some() || words.minus.is_some() || !times.is_empty()) && !numeric {
            return Err(at.fault(&format!(
                "unit, minus and times are for money and decimals; {} is {}",
                column.name,
                column.ty.name()
            )));
        }
        let is_number = |f: &Field| !matches!(f, Field::Fixed(text) if decimal::parse(text).is_err());
        if let Some(other) = times.iter().find(|f| !is_number(f)) {
            return Err(at.of("times", &format!("{other} is no number")));
        }
        if words.part.as_ref().is_some_and(|p| p.at.is_empty() || p.number == 0) {
            return Err(at.of("part", "needs the text that separates the parts, and a number from 1 or -1"));
        }
        let member = words.member.as_deref().map(Path::parse).transpose().map_err(|e| at.of("member", &e))?;
        if member.is_some() && from.is_empty() {
            return Err(at.of("member", "goes with from"));
        }
        if words.split.as_ref().is_some_and(|s| s.is_empty() || column.ty != Type::List) {
            return Err(at.of("split", "names the characters between the items of a list"));
        }
        let timed = words.time.is_some()
            || words.zone.is_some()
            || words.inclusive
            || words.plus_minutes.is_some()
            || words.plus.is_some();
        if timed && !matches!(column.ty, Type::Time | Type::Date) {
            return Err(at.fault(&format!(
                "time, zone, inclusive, plus_minutes and plus are for times; {} is {}",
                column.name,
                column.ty.name()
            )));
        }
        let zone = match &words.zone {
            Some(z) => {
                Some(time::zone(z).ok_or_else(|| at.of("zone", &format!("{z} is no IANA time zone")))?)
            }
            None => None,
        };
        let span = match &words.plus {
            Some(text) => Some(Span::parse(text).ok_or_else(|| {
                at.of("plus", &format!("{text} is no span such as 15m, 1h, 1d, 1w or 1mo"))
            })?),
            None => None,
        };
        let fixed = words.fixed.as_ref().into_iter().chain(&words.default);
        for text in fixed.map(|t| &t.0).chain(words.words.iter().flat_map(BTreeMap::values)) {
            let optional = Column { required: false, ..*column };
            if let Err(reason) = validate::check(&optional, text) {
                return Err(at.fault(&format!("{text} {reason}")));
            }
        }
        let plus = words.plus_minutes.as_deref();
        let plus = plus.map(|field| self.field(&at.key("plus_minutes"), field)).transpose()?;
        let what = match (&words.fixed, &words.minus) {
            (Some(text), _) => What::Const(text.0.clone()),
            (None, Some(minus)) => What::Minus(from, self.field(&at.key("minus"), minus)?),
            (None, None) if from.is_empty() => {
                let parts = self.fields(&at.key("concat"), &words.concat)?;
                What::Concat(parts, words.separator.clone().unwrap_or_default())
            }
            (None, None) => What::From(from),
        };
        let mut when = self.conditions(&at.key("when"), words.when.as_ref())?;
        if when.len() > 1 {
            return Err(at.of("when", "is one table here; write a list of ways instead"));
        }
        Ok(Take {
            what,
            when: when.pop(),
            strip: words.strip.0.clone(),
            words: words.words.as_ref().map(|w| w.iter().map(|(k, v)| (fold_name(k), v.clone())).collect()),
            default: words.default.as_ref().map(|t| t.0.clone()),
            minor: words.unit == Some(Unit::Minor),
            thousandth: words.unit == Some(Unit::Thousandth),
            local: words.unit == Some(Unit::Local),
            times,
            part: words.part.clone(),
            member,
            split: words.split.clone(),
            starting: words.starting.clone().filter(|s| !s.is_empty()),
            time: words.time,
            plus,
            zone,
            inclusive: words.inclusive,
            span,
        })
    }
}

/// How a column's ways fold, all of them alike.
fn fold_of(
    at: &At<'_>,
    takes: &[TakeWords],
    dataset: &Dataset,
    column: &Column,
) -> Result<Option<Fold>, ProfileError> {
    let Some(fold) = takes.first().and_then(|t| t.fold) else {
        let late = takes.iter().any(|t| t.fold.is_some());
        return if late { Err(at.of("fold", "stands in each way of a column or in none")) } else { Ok(None) };
    };
    if takes.iter().any(|t| t.fold != Some(fold)) {
        return Err(at.of("fold", "is the same in each way of a column"));
    }
    let (wanted, holds) = match fold {
        Fold::Distinct => ("a whole number", column.ty == Type::Int),
        Fold::List => ("a list", column.ty == Type::List),
    };
    if !holds || column.key || column.required || dataset.store == Store::Packed {
        let is = column.ty.name();
        return Err(at.of("fold", &format!("makes {wanted}; {} is {is}", column.name)));
    }
    Ok(Some(fold))
}

/// Every required column, and one of each group of alternatives, must come from somewhere; money in minor units
/// needs a currency.
fn complete(
    at: &At<'_>,
    dataset: &Dataset,
    columns: &[(usize, Vec<Take<Field>>)],
) -> Result<(), ProfileError> {
    let given = |position: usize| columns.iter().any(|(p, _)| *p == position);
    let missing: Vec<_> =
        (0..dataset.columns.len()).filter(|p| dataset.columns[*p].required && !given(*p)).collect();
    if !missing.is_empty() {
        let names: Vec<_> = missing.iter().map(|p| dataset.columns[*p].name).collect();
        return Err(at.of("columns", &format!("{} also requires {}", dataset.name, names.join(", "))));
    }
    for group in dataset.one_of {
        if !group.iter().filter_map(|name| dataset.position(name)).any(given) {
            return Err(at.of("columns", &format!("{} requires one of {}", dataset.name, group.join(", "))));
        }
    }
    let minor = columns.iter().flat_map(|(_, takes)| takes).any(|t| t.minor);
    if minor && !dataset.position("currency").is_some_and(given) {
        return Err(
            at.of("columns", "unit = \"minor\" needs the column currency: its minor unit says how to divide")
        );
    }
    Ok(())
}

/// As the profile writes it.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Field::Header { written, .. } | Field::Headers { written, .. } => f.write_str(written),
            Field::Path(path) => path.fmt(f),
            Field::Fixed(text) => write!(f, "={text}"),
            Field::File => f.write_str("^.#"),
            Field::Join { join, column } => write!(f, "@{join}.{column}"),
        }
    }
}

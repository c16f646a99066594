//! Finds what a profile names in one file.

use super::{
    Condition, Field, Format, Joins, Output, Path, Profile, Take, What,
    recognise::header_zone,
    row::{CompiledOutput, MappingError, MissingColumn, Slot},
};

/// Finds a profile's fields in a file.
pub(super) struct Finder<'f> {
    pub profile: &'f Profile,
    pub header: &'f [&'f str],
    pub folded: &'f [String],
    pub joins: &'f Joins,
}

impl Finder<'_> {
    fn slot(&self, field: &Field) -> Result<Slot, MappingError> {
        Ok(match field {
            Field::Path(path) => Slot::Path(path.clone()),
            Field::Fixed(text) => Slot::Fixed(text.clone()),
            Field::File => Slot::File,
            Field::Header { name, brackets, .. } => match field.position(self.folded, self.header) {
                None => Slot::Absent,
                Some(at) => {
                    let second = self.folded.iter().skip(at + 1).position(|h| h == name);
                    if let (false, Some(more)) = (*brackets, second) {
                        let column = self.header[at].to_owned();
                        return Err(MappingError::DuplicateHeader {
                            column,
                            first: at + 1,
                            second: at + more + 2,
                        });
                    }
                    Slot::Cell { at, zone: header_zone(self.header[at]) }
                }
            },
            Field::Headers { name, .. } => {
                let all: Vec<usize> = (0..self.folded.len()).filter(|at| self.folded[*at] == *name).collect();
                if all.is_empty() { Slot::Absent } else { Slot::Cells(all) }
            }
            Field::Join { join, column } => {
                let found =
                    self.profile.joins.get(join).zip(self.joins.get(join).and_then(|t| t.column(column)));
                let Some((spec, column)) = found else { return Ok(Slot::Absent) };
                let by = match (spec.through(), self.profile.format) {
                    (Some((join, column)), _) => {
                        self.slot(&Field::Join { join: join.to_owned(), column: column.to_owned() })?
                    }
                    (None, Format::Json) => Path::parse(&spec.by).map_or(Slot::Absent, Slot::Path),
                    (None, Format::Csv) => {
                        let name = crate::model::datasets::fold_name(&spec.by);
                        self.slot(&Field::Header { name, written: spec.by.clone(), brackets: false })?
                    }
                };
                Slot::Join { join: join.clone(), by: Box::new(by), column }
            }
        })
    }

    fn slots(&self, fields: &[Field]) -> Result<Vec<Slot>, MappingError> {
        fields.iter().map(|f| self.slot(f)).collect()
    }

    fn condition(&self, c: &Condition<Field>) -> Result<Condition<Slot>, MappingError> {
        c.0.iter()
            .map(|(f, words)| Ok((self.slot(f)?, words.clone())))
            .collect::<Result<_, _>>()
            .map(Condition)
    }

    fn conditions(&self, all: &[Condition<Field>]) -> Result<Vec<Condition<Slot>>, MappingError> {
        all.iter().map(|c| self.condition(c)).collect()
    }

    fn take(&self, take: &Take<Field>) -> Result<Take<Slot>, MappingError> {
        let present = |slots: Vec<Slot>| slots.into_iter().filter(|s| !matches!(s, Slot::Absent)).collect();
        let what = match &take.what {
            What::From(all) => What::From(present(self.slots(all)?)),
            What::Const(text) => What::Const(text.clone()),
            What::Concat(all, separator) => What::Concat(self.slots(all)?, separator.clone()),
            What::Minus(all, less) => What::Minus(present(self.slots(all)?), self.slot(less)?),
        };
        Ok(Take {
            what,
            when: take.when.as_ref().map(|c| self.condition(c)).transpose()?,
            strip: take.strip.clone(),
            words: take.words.clone(),
            default: take.default.clone(),
            minor: take.minor,
            thousandth: take.thousandth,
            local: take.local,
            times: self.slots(&take.times)?,
            part: take.part.clone(),
            member: take.member.clone(),
            split: take.split.clone(),
            starting: take.starting.clone(),
            time: take.time,
            plus: take.plus.as_ref().map(|f| self.slot(f)).transpose()?,
            zone: take.zone,
            inclusive: take.inclusive,
            span: take.span,
        })
    }

    /// `None` where it takes only records that this file cannot have.
    pub(super) fn output(&self, output: &Output) -> Result<Option<CompiledOutput>, MappingError> {
        let width = output.dataset.columns.len();
        let mut columns: Vec<Vec<Take<Slot>>> = vec![Vec::new(); width];
        for (at, takes) in &output.columns {
            let takes = takes.iter().map(|t| self.take(t)).collect::<Result<Vec<_>, _>>()?;
            columns[*at] = takes.into_iter().filter(|t| !t.when.as_ref().is_some_and(never)).collect();
        }
        let when = self.conditions(&output.when)?;
        if !when.is_empty() && when.iter().all(never) {
            return Ok(None);
        }
        let certain = columns.iter().map(|takes| takes.iter().any(is_certain)).collect();
        let out = CompiledOutput {
            dataset: output.dataset,
            rows: output.rows.clone(),
            partial: !when.is_empty(),
            when,
            keep: self.conditions(&output.keep)?,
            drop: self.conditions(&output.drop)?,
            currency: output.dataset.position("currency").filter(|at| !columns[*at].is_empty()),
            columns,
            certain,
            folds: output.folds.clone(),
        };
        if self.profile.format == Format::Csv {
            self.complete(output, &out)?;
        }
        Ok(Some(out))
    }

    /// Why no output can take a record: what their `when` asks for is not there.
    pub(super) fn nothing(&self) -> MappingError {
        let asked = self.profile.outputs.iter().flat_map(|o| &o.when).flat_map(|c| &c.0);
        let mut names: Vec<String> = asked.map(|(field, _)| field.to_string()).collect();
        names.sort();
        names.dedup();
        let missing = names.iter().map(|name| MissingColumn::new(name, Vec::new(), self.header)).collect();
        MappingError::MissingColumns { what: format!("profile {}", self.profile.name), missing }
    }

    /// Of a CSV file: the required columns must have a source.
    fn complete(&self, written: &Output, out: &CompiledOutput) -> Result<(), MappingError> {
        let dataset = out.dataset;
        let has = |at: usize| out.certain[at];
        let mut missing: Vec<usize> =
            (0..dataset.columns.len()).filter(|at| dataset.columns[*at].required && !has(*at)).collect();
        for group in dataset.one_of {
            let mut places = group.iter().filter_map(|name| dataset.position(name));
            if !places.clone().any(has) {
                missing.extend(places.next());
            }
        }
        let mut lacking: Vec<MissingColumn> = missing
            .into_iter()
            .map(|at| {
                let takes = written.columns.iter().filter(|(p, _)| *p == at).flat_map(|(_, takes)| takes);
                let wanted = takes.flat_map(|t| match &t.what {
                    What::From(all) | What::Concat(all, _) | What::Minus(all, _) => all.as_slice(),
                    What::Const(_) => &[],
                });
                let wanted = wanted.map(ToString::to_string).collect();
                MissingColumn::new(dataset.columns[at].name, wanted, self.header)
            })
            .collect();
        let kept = written.keep.iter().zip(&out.keep).flat_map(|(w, c)| w.0.iter().zip(&c.0));
        for ((field, _), (slot, _)) in kept {
            if matches!(slot, Slot::Absent) && !lacking.iter().any(|m| m.column == field.to_string()) {
                lacking.push(MissingColumn::new(&field.to_string(), Vec::new(), self.header));
            }
        }
        if lacking.is_empty() {
            return Ok(());
        }
        Err(MappingError::MissingColumns { what: format!("profile {}", self.profile.name), missing: lacking })
    }
}

/// Whether a condition asks for a word of a field that the file does not have.
fn never(c: &Condition<Slot>) -> bool {
    c.0.iter().any(|(s, words)| matches!(s, Slot::Absent) && !words.iter().any(|w| w.fits("")))
}

/// Whether a way gives its column whatever the record: in CSV where its headers stand.
fn is_certain(take: &Take<Slot>) -> bool {
    let there = |s: &Slot| {
        matches!(s, Slot::Cell { .. } | Slot::Cells(_) | Slot::Join { .. } | Slot::Fixed(_) | Slot::File)
    };
    let added = take.plus.as_ref().is_none_or(there);
    take.default.is_some()
        || added
            && match &take.what {
                What::Const(_) => true,
                What::From(all) | What::Minus(all, _) => all.iter().any(there),
                What::Concat(all, _) => all.iter().all(there),
            }
}

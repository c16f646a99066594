//! Charts as inline SVG: lengths are exact decimals rounded to a tenth of a unit, colours are classes of the style.

use super::markup::Html;
use crate::model::decimal::Decimal;
use crate::render::text::{cut, safe, width};

/// Units of width; a unit is about a pixel on a phone.
const WIDTH: u32 = 300;
/// Between the marks of one chart, each with its text and bars.
const TEXT_HEIGHT: u32 = 18;
const BAR_HEIGHT: u32 = 10;
const GAP: u32 = 9;
/// From one bar to the next of a mark; more where a value stands beside each.
const PITCH: u32 = 12;
const WIDE_PITCH: u32 = 15;
/// Of the columns of a distribution.
const COLUMN_HEIGHT: u32 = 120;
/// Characters that fit beside one another in the line above a bar.
const LINE: usize = 40;
const FIGURE: usize = 25;
/// Of bars that have their values beside them.
const BESIDE: u32 = 76;

/// The meaning of a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shade {
    /// Wrong, or at high risk.
    Bad,
    /// To be looked at, or at some risk.
    Odd,
    /// Neither.
    Plain,
    /// One of two things that are compared.
    First,
}

impl Shade {
    fn class(self) -> &'static str {
        match self {
            Shade::Bad => "f-bad",
            Shade::Odd => "f-odd",
            Shade::Plain => "f-plain",
            Shade::First => "f-first",
        }
    }
}

/// One thing with its bars, or its column, each made of parts.
pub(super) struct Mark {
    /// What it is.
    pub(super) label: String,
    /// Its figure in words.
    pub(super) figure: String,
    /// The value of each bar, where they stand beside them.
    pub(super) beside: Vec<String>,
    /// Bars, one below the other; a column has one.
    pub(super) bars: Vec<Vec<(Shade, Decimal)>>,
    /// The value that fills the whole length.
    pub(super) whole: Decimal,
}

/// A chart with its text alternative.
pub(super) struct Chart {
    /// What it shows.
    pub(super) title: String,
    /// What it tells, in a sentence.
    pub(super) told: String,
    /// The titles of the alternative's columns: of the labels and of the figures.
    pub(super) heads: [&'static str; 2],
    /// What the colours mean, where there are several.
    pub(super) legend: Vec<(Shade, &'static str)>,
    /// In order.
    pub(super) marks: Vec<Mark>,
    /// Whether the marks are columns of a distribution instead of bars.
    pub(super) upright: bool,
}

/// The share of a length that a value takes.
fn length(value: Decimal, whole: Decimal, of: u32) -> Decimal {
    let of = Decimal::from(of);
    if whole <= Decimal::ZERO || value <= Decimal::ZERO {
        return Decimal::ZERO;
    }
    value.checked_div(whole).and_then(|share| share.checked_mul(of)).map_or(of, |l| l.round_dp(1).min(of))
}

fn number(h: &mut Html, name: &'static str, value: Decimal) {
    h.attr(name, &value.normalize().to_string());
}

fn rect(h: &mut Html, shade: Option<Shade>, [x, y, width, height]: [Decimal; 4]) {
    h.raw("<rect").attr("class", shade.map_or("track", Shade::class));
    number(h, "x", x);
    number(h, "y", y);
    number(h, "width", width);
    number(h, "height", height);
    h.raw("/>");
}

fn label(h: &mut Html, class: &'static str, x: Decimal, y: u32, text: &str) {
    h.raw("<text").attr("class", class);
    number(h, "x", x);
    number(h, "y", y.into());
    h.raw(">").text(text).raw("</text>");
}

impl Chart {
    /// Writes it, where it has anything to show.
    pub(super) fn write(&self, h: &mut Html) {
        if self.marks.is_empty() {
            return;
        }
        h.raw("<figure><figcaption><strong>").text(&self.title).raw("</strong> ").text(&self.told);
        h.raw("</figcaption>");
        if self.legend.len() > 1 {
            h.raw("<ul class=\"legend\">");
            for (shade, name) in &self.legend {
                h.raw("<li><svg class=\"key\" viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect");
                h.attr("class", shade.class())
                    .raw(" width=\"10\" height=\"10\"/></svg>")
                    .text(name)
                    .raw("</li>");
            }
            h.raw("</ul>");
        }
        if self.upright {
            self.columns(h)
        } else {
            self.bars(h)
        }
        h.raw("<details><summary>The figures as a table</summary><table><caption class=\"hidden\">");
        h.text(&self.title).raw("</caption><thead><tr>");
        h.el("<th scope=\"col\">", self.heads[0], "</th>").el(
            "<th scope=\"col\" class=\"n\">",
            self.heads[1],
            "</th>",
        );
        h.raw("</tr></thead><tbody>");
        for m in &self.marks {
            h.el("<tr><th scope=\"row\">", &m.label, "</th>").raw("<td class=\"n\">");
            if !m.beside.is_empty() {
                h.text(&m.beside.join(" → ")).raw("; ");
            }
            h.text(&m.figure).raw("</td></tr>");
        }
        h.raw("</tbody></table></details></figure>");
    }

    fn open(&self, h: &mut Html, height: u32) {
        h.raw("<svg class=\"chart\" role=\"img\"").attr("viewBox", &format!("0 0 {WIDTH} {height}"));
        h.attr("aria-label", &format!("{}. {}", self.title, self.told)).raw(">");
    }

    fn bars(&self, h: &mut Html) {
        let pitch = |m: &Mark| if m.beside.is_empty() { PITCH } else { WIDE_PITCH };
        let tall = |m: &Mark| TEXT_HEIGHT + m.bars.len() as u32 * pitch(m) + GAP;
        self.open(h, self.marks.iter().map(tall).sum());
        let mut y = 0;
        for m in &self.marks {
            let figure = safe(&m.figure);
            let figure = cut(&figure, FIGURE);
            let room = LINE - width(&figure);
            label(h, "t", Decimal::ZERO, y + 13, &cut(&safe(&m.label), room));
            label(h, "t end", WIDTH.into(), y + 13, &figure);
            let full = if m.beside.is_empty() { WIDTH } else { WIDTH - BESIDE };
            for (at, bar) in m.bars.iter().enumerate() {
                let top = y + TEXT_HEIGHT + at as u32 * pitch(m);
                if let Some(value) = m.beside.get(at) {
                    label(h, "t end", WIDTH.into(), top + BAR_HEIGHT - 1, &cut(&safe(value), 12));
                }
                let top = Decimal::from(top);
                rect(h, None, [Decimal::ZERO, top, full.into(), BAR_HEIGHT.into()]);
                let mut x = Decimal::ZERO;
                for (shade, value) in bar {
                    let width = length(*value, m.whole, full).min(Decimal::from(full) - x);
                    if width > Decimal::ZERO {
                        rect(h, Some(*shade), [x, top, width, BAR_HEIGHT.into()]);
                    }
                    x += width;
                }
            }
            y += tall(m);
        }
        h.raw("</svg>");
    }

    fn columns(&self, h: &mut Html) {
        let pitch = Decimal::from(WIDTH / (self.marks.len() as u32).max(1));
        let width = pitch - Decimal::from(4);
        self.open(h, COLUMN_HEIGHT + 38);
        for (at, m) in self.marks.iter().enumerate() {
            let x = pitch * Decimal::from(at as u32) + Decimal::TWO;
            let middle = x + width / Decimal::TWO;
            let floor = Decimal::from(COLUMN_HEIGHT + 18);
            let mut top = floor;
            for (shade, value) in m.bars.iter().flatten() {
                let height = length(*value, m.whole, COLUMN_HEIGHT);
                top -= height;
                if height > Decimal::ZERO {
                    rect(h, Some(*shade), [x, top, width, height]);
                }
            }
            let above = u32::try_from((top - Decimal::from(5)).trunc()).unwrap_or(12);
            label(h, "t mid", middle, above, &m.figure);
            label(h, "t mid", middle, COLUMN_HEIGHT + 33, &m.label);
        }
        let floor = (COLUMN_HEIGHT + 18).to_string();
        h.raw("<line class=\"axis\" x1=\"0\"").attr("x2", &WIDTH.to_string());
        h.attr("y1", &floor).attr("y2", &floor).raw("/></svg>");
    }
}

/// A line of the last values, each from 0 to 100 or missing, for a cell of a table.
pub(super) fn trend(h: &mut Html, values: &[Option<Decimal>]) {
    const STEP: u32 = 3;
    let last = values.iter().rev().find_map(|v| *v);
    let first = values.iter().find_map(|v| *v);
    let (Some(first), Some(last)) = (first, last) else {
        h.raw("-");
        return;
    };
    let wide = (values.len() as u32).saturating_sub(1).max(1).saturating_mul(STEP);
    h.raw("<svg class=\"trend\" role=\"img\"").attr("viewBox", &format!("-1 -1 {} 24", wide + 2));
    h.attr("aria-label", &format!("from {first} to {last}")).raw(">");
    for stretch in values.iter().enumerate().collect::<Vec<_>>().split(|(_, v)| v.is_none()) {
        let point = |(at, v): &(usize, &Option<Decimal>)| {
            let y = Decimal::from(22) - length(v.unwrap_or_default(), Decimal::ONE_HUNDRED, 22);
            format!("{},{}", *at as u32 * STEP, y.normalize())
        };
        let points: Vec<String> = stretch.iter().map(point).collect();
        if points.len() > 1 {
            h.raw("<polyline").attr("points", &points.join(" ")).raw("/>");
        }
    }
    h.raw("</svg>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_takes_its_share_of_the_length_and_never_more() {
        let d = |n: i64| Decimal::from(n);
        assert_eq!(length(d(1), d(3), 360), d(120));
        assert_eq!(length(d(5), d(3), 360), d(360));
        assert_eq!(length(d(-5), d(3), 360), d(0));
        assert_eq!(length(d(5), d(0), 360), d(0));
        assert_eq!(length(Decimal::MAX, Decimal::new(1, 28), 360), d(360));
    }

    #[test]
    fn a_trend_breaks_where_a_day_has_no_value() {
        let mut h = Html::default();
        let v = |n: i64| Some(Decimal::from(n));
        trend(&mut h, &[v(100), v(50), None, v(0), v(100)]);
        let text = h.into_text();
        assert!(text.contains("points=\"0,0 3,11\""), "{text}");
        assert!(text.contains("points=\"9,22 12,0\""), "{text}");
    }
}

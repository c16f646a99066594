//! The writer of markup: tags come from this source alone, everything else is escaped.

use crate::render::text::safe;

/// A page, or a part of one. Markup can only be a literal of the source; what comes from anywhere else goes through
/// [`Html::text`] or [`Html::attr`].
#[derive(Default)]
pub(super) struct Html(String);

impl Html {
    /// Markup of the source.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Html {
        self.0.push_str(markup);
        self
    }

    /// Any text.
    pub(super) fn text(&mut self, text: &str) -> &mut Html {
        for c in safe(text).chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c => self.0.push(c),
            }
        }
        self
    }

    /// An attribute of the tag that is open.
    pub(super) fn attr(&mut self, name: &'static str, value: &str) -> &mut Html {
        self.raw(" ").raw(name).raw("=\"").text(value).raw("\"")
    }

    /// A text between two tags.
    pub(super) fn el(&mut self, open: &'static str, text: &str, close: &'static str) -> &mut Html {
        self.raw(open).text(text).raw(close)
    }

    /// A list, where there is anything in it.
    pub(super) fn list(&mut self, open: &'static str, lines: &[String]) -> &mut Html {
        if lines.is_empty() {
            return self;
        }
        self.raw(open);
        for line in lines {
            self.el("<li>", line, "</li>");
        }
        self.raw("</ul>")
    }

    /// A word in a box whose colour repeats what it says.
    pub(super) fn badge(&mut self, word: &str) -> &mut Html {
        let class = match word {
            "FAIL" | "error" => "badge bad",
            "PASS" => "badge good",
            "info" | "persisting" | "waived" => "badge calm",
            _ => "badge odd",
        };
        self.raw("<span").attr("class", class).raw(">").text(word).raw("</span>")
    }

    /// The whole.
    pub(super) fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_in_elements_and_attributes() {
        let mut h = Html::default();
        h.raw("<p").attr("title", "a\"b'<>&\u{202e}").raw(">").text("<b>&amp;\u{1b}").raw("</p>");
        assert_eq!(
            h.into_text(),
            "<p title=\"a&quot;b&#39;&lt;&gt;&amp;\\u{202e}\">&lt;b&gt;&amp;amp;\\u{1b}</p>"
        );
    }
}

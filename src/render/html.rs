//! HTML: one self-contained page, for a person who opens it in the morning, prints it, or forwards it.
//!
//! It asks no network for anything, and its Content-Security-Policy forbids the browser to: only the one style and
//! the one script that stand in the page, known by their hashes, may act. The script makes tables sort and filter;
//! without it everything can still be read.

mod charts;
mod figures;
mod markup;
mod section;
mod summary;
mod tables;

use super::RenderOptions;
use super::text::{safe, verdict};
use super::words::{moment, result};
use crate::report::{Report, run::RunReport};
use markup::Html;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// The page of one check.
pub(super) fn report(report: &Report, options: &RenderOptions) -> String {
    let title = format!("crosscheck {}: {}", report.check, verdict(report));
    let mut page = begin(&title);
    page.raw("<header class=\"top\"><h1>").text(&format!("crosscheck {}", report.check)).raw("</h1>");
    page.el("<p class=\"as-of\">", &as_of(moment(report.as_of), &report.timezone), "</p></header>");
    page.raw("<main id=\"main\">");
    summary::of_check(&mut page, report);
    section::section(&mut page, report, options);
    end(page, &result(report))
}

/// The page of a run: the summary of all checks, then each check.
pub(super) fn run(run: &RunReport, head: &str, result: &str, options: &RenderOptions) -> String {
    let mut page = begin(&format!("crosscheck run: {head}"));
    page.raw("<header class=\"top\"><h1>crosscheck run</h1>").el("<p class=\"lead\">", head, "</p>");
    page.el("<p class=\"as-of\">", &as_of(moment(run.as_of), &run.timezone), "</p></header>");
    if !run.reports.is_empty() {
        page.raw("<nav aria-label=\"Checks\"><ul>");
        for r in &run.reports {
            page.raw("<li><a").attr("href", &format!("#{}", r.check)).raw(">").text(r.check).raw("</a></li>");
        }
        page.raw("</ul></nav>");
    }
    page.raw("<main id=\"main\">");
    summary::of_run(&mut page, run);
    for report in &run.reports {
        section::section(&mut page, report, options);
    }
    end(page, result)
}

fn as_of(moment: String, timezone: &str) -> String {
    format!("as of {moment}; days in {}", safe(timezone))
}

fn begin(title: &str) -> Html {
    let mut page = Html::default();
    page.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta");
    page.raw(" http-equiv=\"Content-Security-Policy\"").attr("content", &policy()).raw(">\n");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
    page.raw("<meta name=\"referrer\" content=\"no-referrer\">\n");
    page.raw("<meta name=\"robots\" content=\"noindex\">\n");
    page.el("<title>", title, "</title>\n");
    page.raw("<style>").raw(STYLE).raw("</style>\n</head>\n<body>\n");
    page.raw("<a class=\"skip\" href=\"#main\">Skip to the results</a>\n");
    page
}

fn end(mut page: Html, result: &str) -> String {
    page.raw("</main>\n<footer><p><strong>Result:</strong> ").text(result).raw("</p><p class=\"muted\">");
    page.text(concat!("crosscheck ", env!("CARGO_PKG_VERSION"))).raw("</p></footer>\n");
    page.raw("<script>").raw(SCRIPT).raw("</script>\n</body>\n</html>\n");
    page.into_text()
}

/// Nothing may be loaded, sent or framed; only this style and this script act.
fn policy() -> String {
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        base64(&Sha256::digest(STYLE)),
        base64(&Sha256::digest(SCRIPT)),
    )
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let at = |i: usize| u32::from(three.get(i).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4 {
            let value = bits >> (18 - 6 * digit) & 63;
            out.push(if digit > three.len() { '=' } else { char::from(DIGITS[value as usize]) });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Format, sample};

    fn page(report: &Report) -> String {
        sample::text(report, Format::Html, &RenderOptions::default())
    }

    #[test]
    fn base64_is_that_of_the_standard() {
        for (text, wanted) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("\u{7ff}>", "378+"),
        ] {
            assert_eq!(base64(text.as_bytes()), wanted);
        }
    }

    #[test]
    fn no_text_of_an_export_becomes_markup() {
        let hostile = page(&sample::naughty());
        assert!(hostile.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        assert_eq!(hostile.matches("<script").count(), 1);
        assert!(!hostile.contains("<script>alert"));
    }

    #[test]
    fn markup_in_every_text_leaves_the_page_s_own_markup_as_it_was() {
        // The same report with harmless and with hostile text of the same places has the same tags.
        let with = |text: &str| {
            let mut r = sample::naughty();
            for f in &mut r.findings {
                f.account = Some(text.to_owned());
                for s in [
                    &mut f.subject.kind,
                    &mut f.subject.id,
                    &mut f.message,
                    &mut f.action,
                    &mut f.fingerprint,
                ] {
                    *s = text.to_owned();
                }
                f.diff[0].field = text.to_owned();
                f.cause = Some(crate::report::Cause { id: text.to_owned(), detail: text.to_owned() });
                f.evidence[0].file = text.to_owned();
            }
            for row in &mut r.rows {
                row.values.iter_mut().for_each(|v| *v = text.into());
            }
            for p in &mut r.problems {
                (p.code, p.message, p.file) = (text.to_owned(), text.to_owned(), Some(text.to_owned()));
            }
            for i in &mut r.inputs {
                (i.file, i.dataset, i.profile) = (text.to_owned(), text.to_owned(), Some(text.to_owned()));
                i.newest = Some(text.to_owned());
            }
            r.rules[1].missing = vec![text.to_owned()];
            r.summary.impact[0].currency = text.to_owned();
            r.summary.causes[0].id = text.to_owned();
            r.summary.causes[0].detail = text.to_owned();
            r.summary.causes[0].impact[0].currency = text.to_owned();
            (r.timezone, r.headline, r.notes) = (text.to_owned(), text.to_owned(), vec![text.to_owned()]);
            r.passages[0].title = text.to_owned();
            r.passages[0].lines = vec![text.to_owned()];
            let page = page(&r);
            let body = page.split_once("</style>").unwrap().1.split_once("<script>").unwrap().0.to_owned();
            let tags: Vec<String> =
                body.split('<').skip(1).map(|t| t.split(['>', ' ']).next().unwrap().to_owned()).collect();
            (tags, body.matches('"').count())
        };
        for evil in ["</td><img src=x onerror=alert(1)>", "\"><b a='", "&lt;i&gt;", "--></title><h1>"] {
            assert_eq!(with(evil), with("x"), "{evil}");
        }
    }

    #[test]
    fn nothing_is_loaded_from_anywhere() {
        let page = page(&sample::report());
        for word in ["http:", "https:", "src=", "@import", "url(", "style=", " on"] {
            let markup: String =
                page.split('<').map(|t| t.split('>').next().unwrap_or("")).collect::<Vec<_>>().join("<");
            assert!(!markup.replace("http-equiv", "").contains(word), "{word}");
        }
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    }

    #[test]
    fn the_policy_names_the_hashes_of_what_stands_in_the_page() {
        let page = page(&sample::pass());
        let between =
            |from: &str, to: &str| page.split_once(from).unwrap().1.split_once(to).unwrap().0.to_owned();
        for (open, close) in [("<style>", "</style>"), ("<script>", "</script>")] {
            let hash = base64(&Sha256::digest(between(open, close)));
            assert!(page.contains(&format!("&#39;sha256-{hash}&#39;")), "{open}");
        }
    }

    #[test]
    fn a_long_table_is_cut_and_says_so() {
        let page = page(&sample::report());
        assert!(page.contains("The 100 worst of 1,624 rows"), "{page}");
        let all = RenderOptions { all_rows: true, ..RenderOptions::default() };
        let all = sample::text(&sample::report(), Format::Html, &all);
        assert!(!all.contains(" worst of 1,624 rows"));
        assert!(all.matches("<tr").count() > 1624);
    }

    #[test]
    fn what_was_not_judged_and_the_result_are_said() {
        let page = page(&sample::untrusted());
        assert!(page.contains("512 of 10,010,704 rows were rejected"));
        assert!(page.contains("NOT JUDGED"));
        assert!(page.contains("exit 3 (the data cannot be trusted)"));
    }
}

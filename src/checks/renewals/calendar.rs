//! The open steps as a calendar, RFC 5545.
//!
//! A step's UID is made of account, subscription, renewal date and step alone, so that a calendar that is imported
//! again replaces its events; its DTSTAMP is the moment the check is told for, so that the same input gives the same
//! bytes.

use crate::model::time::Instant;
use chrono::NaiveDate;

/// One step as an event of a whole day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// What tells it from all others, in every run.
    pub(super) identity: [String; 4],
    pub(super) day: NaiveDate,
    pub(super) summary: String,
    pub(super) description: String,
}

impl Event {
    /// 128 bits of BLAKE3 over the identity, each part with its length.
    fn uid(&self) -> String {
        let mut hash = blake3::Hasher::new();
        for part in &self.identity {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        format!("{}@renewals.crosscheck", &hash.finalize().to_hex()[..32])
    }
}

/// Octets of a line without its end, RFC 5545 section 3.1.
const LINE: usize = 75;

/// A calendar of events, in their order.
pub(super) fn calendar(events: &[Event], as_of: Instant) -> Vec<u8> {
    let stamp = as_of.format("%Y%m%dT%H%M%SZ").to_string();
    let mut out = String::new();
    for line in ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//crosscheck//renewals//EN", "CALSCALE:GREGORIAN"]
    {
        content(&mut out, line);
    }
    for e in events {
        let next = e.day.succ_opt().unwrap_or(e.day);
        content(&mut out, "BEGIN:VEVENT");
        content(&mut out, &format!("UID:{}", e.uid()));
        content(&mut out, &format!("DTSTAMP:{stamp}"));
        content(&mut out, &format!("DTSTART;VALUE=DATE:{}", e.day.format("%Y%m%d")));
        content(&mut out, &format!("DTEND;VALUE=DATE:{}", next.format("%Y%m%d")));
        content(&mut out, &format!("SUMMARY:{}", escaped(&e.summary)));
        content(&mut out, &format!("DESCRIPTION:{}", escaped(&e.description)));
        content(&mut out, "TRANSP:TRANSPARENT");
        content(&mut out, "END:VEVENT");
    }
    content(&mut out, "END:VCALENDAR");
    out.into_bytes()
}

/// TEXT of RFC 5545 section 3.3.11: backslash, semicolon and comma are escaped, an end of line is `\n`, and other
/// control characters are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' | '\r' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Adds a content line, folded so that no line is longer than 75 octets and no character is cut.
fn content(out: &mut String, line: &str) {
    let mut used = 0;
    for c in line.chars() {
        if used + c.len_utf8() > LINE {
            out.push_str("\r\n ");
            used = 1;
        }
        out.push(c);
        used += c.len_utf8();
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(summary: &str) -> Event {
        Event {
            identity: ["acct_1", "sub_1", "2028-02-29", "value_review"].map(str::to_owned),
            day: "2028-02-29".parse().unwrap(),
            summary: summary.to_owned(),
            description: "Line one\r\nline two".to_owned(),
        }
    }

    fn text(events: &[Event], as_of: &str) -> String {
        String::from_utf8(calendar(events, as_of.parse().unwrap())).unwrap()
    }

    const AS_OF: &str = "2028-02-01T06:00:00Z";

    #[test]
    fn an_event_fills_its_day_and_is_stamped_with_the_moment_of_the_report() {
        let made = text(&[event("Value review")], AS_OF);
        for line in [
            "DTSTART;VALUE=DATE:20280229\r\n",
            "DTEND;VALUE=DATE:20280301\r\n",
            "DTSTAMP:20280201T060000Z\r\n",
            "DESCRIPTION:Line one\\nline two\r\n",
        ] {
            assert!(made.contains(line), "{line}{made}");
        }
        assert!(
            made.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n") && made.ends_with("END:VCALENDAR\r\n")
        );
    }

    #[test]
    fn a_uid_is_of_the_step_and_not_of_what_is_said_about_it() {
        let uid = |e: &Event, as_of: &str| {
            let made = text(std::slice::from_ref(e), as_of);
            made.lines().find(|l| l.starts_with("UID:")).unwrap().to_owned()
        };
        let one = event("One");
        let mut moved = event("Two");
        moved.day = "2028-02-20".parse().unwrap();
        assert_eq!(uid(&one, AS_OF), uid(&moved, "2028-02-05T00:00:00Z"));
        let mut other = event("One");
        other.identity[3] = "renewal_conversation".to_owned();
        assert_ne!(uid(&one, AS_OF), uid(&other, AS_OF));
        let mut shifted = event("One");
        shifted.identity[0] = "acct_1s".to_owned();
        shifted.identity[1] = "ub_1".to_owned();
        assert_ne!(uid(&one, AS_OF), uid(&shifted, AS_OF), "parts are told apart");
    }

    #[test]
    fn lines_fold_at_75_octets_between_characters_and_unfold_to_the_escaped_text() {
        let name = "Café, Möbel; \\ & Söhne ".repeat(9);
        let made = text(&[event(&name)], AS_OF);
        assert!(made.split("\r\n").all(|l| l.len() <= 75), "{made}");
        assert!(made.split("\r\n").any(|l| l.len() >= 74), "lines are filled");
        let unfolded = made.replace("\r\n ", "");
        let said = unfolded.lines().find_map(|l| l.strip_prefix("SUMMARY:")).unwrap().to_owned();
        assert_eq!(said, "Café\\, Möbel\\; \\\\ & Söhne ".repeat(9));
        assert!(!text(&[event("a\u{7}b")], AS_OF).contains('\u{7}'));
    }
}

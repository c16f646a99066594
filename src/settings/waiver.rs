//! `[[waiver]]`: findings that are accepted until a day.

use super::fault::quoted;
use super::keys::Catalogue;
use super::node::{Node, NodeValue};
use super::sections::{Fields, text, texts};
use crate::model::decimal;
use crate::model::money::{self, Money};
use crate::model::time::{Instant, Stamp, day_start};
use chrono::NaiveDate;
use chrono_tz::Tz;
use std::collections::BTreeMap;

/// One `[[waiver]]`. What narrows it must fit altogether.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// The finding code; a known one.
    pub code: String,
    /// The last day on which it holds (inclusive), in the timezone of the settings.
    pub until: NaiveDate,
    /// Only this account's findings.
    pub account: Option<String>,
    /// Only findings about the subject of this id.
    pub subject: Option<String>,
    /// Only findings whose key has these parts.
    pub key: BTreeMap<String, String>,
    /// Only up to this impact (inclusive); a finding above it returns.
    pub up_to: Option<Money>,
    /// Why; never blank.
    pub reason: String,
    /// The settings file as it is shown.
    pub file: String,
    /// The line of the `[[waiver]]`, from 1.
    pub line: u64,
}

impl Waiver {
    /// Whether its last day is over at `as_of`, by the days of `zone`.
    pub fn expired(&self, as_of: Instant, zone: Tz) -> bool {
        self.until.succ_opt().is_some_and(|next| day_start(next, zone) <= as_of)
    }
}

pub(crate) const KEYS: &[&str] = &["code", "until", "account", "subject", "key", "up_to", "reason"];

pub(crate) fn read(fields: &mut Fields<'_>, node: &Node, known: &Catalogue) -> Option<Waiver> {
    let code = fields.needed("code", node.line, |n| {
        let code = text(n)?;
        if known.codes.contains(&code.as_str()) {
            return Ok(code);
        }
        Err(format!("names no finding code: {}{}", quoted(&code), known.near_code(&code)))
    });
    let until = fields.needed("until", node.line, day);
    let account = fields.maybe("account", text);
    let subject = fields.maybe("subject", text);
    let key = fields.maybe("key", |n| texts(n).map_err(|(_, why)| why));
    let up_to = fields.maybe("up_to", |n| amount(&text(n)?));
    let reason = fields.needed("reason", node.line, text);
    let (code, until, reason) = (code?, until?, reason?);
    let key = key.unwrap_or_default().into_iter().collect();
    let (file, line) = (fields.file.to_owned(), node.line);
    fields.sound().then_some(Waiver { code, until, account, subject, key, up_to, reason, file, line })
}

fn day(node: &Node) -> Result<NaiveDate, String> {
    let written = match &node.value {
        NodeValue::Date(t) | NodeValue::Text(t) => t.as_str(),
        _ => "",
    };
    match Stamp::parse(written) {
        Ok(Stamp::Date(day)) => Ok(day),
        _ => Err(format!("must be a day such as 2026-12-31, not {}", node.shown())),
    }
}

/// `900 USD`.
fn amount(written: &str) -> Result<Money, String> {
    let bad = || format!("must be an amount and its currency such as \"900 USD\", not {}", quoted(written));
    let (number, code) = written.trim().split_once(char::is_whitespace).ok_or_else(bad)?;
    let number = decimal::parse(number).map_err(|_| bad())?;
    let code = code.trim().to_ascii_uppercase();
    if money::currency(&code).is_none() {
        return Err(format!("{}: {} is no ISO 4217 currency", quoted(written), quoted(&code)));
    }
    if number.is_sign_negative() {
        return Err(bad());
    }
    Ok(Money::new(number, &code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waivers(text: &str) -> Result<Vec<Waiver>, String> {
        super::super::written::read_alone(text).map(|s| s.waivers)
    }

    const WHOLE: &str = "\n[[waiver]]\ncode = \"data/conflicting-record\"\naccount = \"acct_42\"\n\
        subject = \"in_1\"\nkey = { metric = \"api_calls\" }\nuntil = 2026-12-31\nup_to = \"900 usd\"\n\
        reason = \"credit agreed, ticket 8812\"\n";

    #[test]
    fn a_waiver_is_read_whole() {
        let w = waivers(WHOLE).unwrap().remove(0);
        assert_eq!((w.code.as_str(), w.line), ("data/conflicting-record", 2));
        assert_eq!((w.account.as_deref(), w.subject.as_deref()), (Some("acct_42"), Some("in_1")));
        assert_eq!(w.key["metric"], "api_calls");
        assert_eq!(w.up_to, Some(Money::new(decimal::parse("900").unwrap(), "USD")));
        assert_eq!(w.until.to_string(), "2026-12-31");
        assert_eq!(w.reason, "credit agreed, ticket 8812");
        let quoted_day = waivers(&WHOLE.replace("2026-12-31", "\"2026-12-31\"")).unwrap();
        assert_eq!(quoted_day[0].until, w.until);
    }

    #[test]
    fn its_last_day_is_included_in_the_zone() {
        let w = waivers(WHOLE).unwrap().remove(0);
        let at = |t: &str| Stamp::parse(t).unwrap().in_zone(Tz::UTC);
        let (berlin, utc) = (chrono_tz::Europe::Berlin, Tz::UTC);
        assert!(!w.expired(at("2026-12-31T23:59:59Z"), utc) && w.expired(at("2027-01-01T00:00:00Z"), utc));
        assert!(
            !w.expired(at("2026-12-31T22:59:59Z"), berlin) && w.expired(at("2026-12-31T23:00:00Z"), berlin)
        );
    }

    #[test]
    fn code_until_and_reason_are_required_and_all_is_checked() {
        let lacks = waivers("[[waiver]]\naccount = \"a\"\n").unwrap_err();
        for key in ["code", "until", "reason"] {
            assert!(lacks.contains(&format!("c.toml:1: [[waiver]] lacks '{key}'\n")), "{lacks}");
        }
        let wrong = |from: &str, to: &str| waivers(&WHOLE.replace(from, to)).unwrap_err();
        assert_eq!(
            wrong("conflicting-record", "conflicting-records"),
            "c.toml:3: 'code' in [[waiver]] names no finding code: 'data/conflicting-records'; \
             did you mean 'data/conflicting-record'?\n"
        );
        for day in ["31/12/2026", "2026-12-31T00:00:00Z", "2026-02-30", "soon"] {
            let message = wrong("2026-12-31", &format!("\"{day}\""));
            assert!(message.starts_with("c.toml:7: 'until' in [[waiver]] must be a day"), "{message}");
        }
        for amount in ["900", "USD 900", "-1 USD", "1e3 USD", "900 XYZ"] {
            let message = wrong("900 usd", amount);
            assert!(message.starts_with("c.toml:8: 'up_to' in [[waiver]] "), "{message}");
        }
        assert!(
            wrong("credit agreed, ticket 8812", " ").contains("'reason' in [[waiver]] must not be empty")
        );
        assert!(
            wrong("{ metric = \"api_calls\" }", "\"api_calls\"")
                .contains("'key' in [[waiver]] must be a table of texts")
        );
        assert!(wrong("up_to", "upto").contains("unknown key 'upto' in [[waiver]]; did you mean 'up_to'?"));
    }
}

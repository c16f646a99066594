//! Whose ticket it is: by the account's id, else by the requester's address or its domain.

use crate::data::records::{AccountAddress, Text};
use std::collections::{HashMap, HashSet};

/// Domains at which anybody has an address: they say nothing of a company.
const FREE_MAIL: &[&str] = &[
    "126.com",
    "163.com",
    "aol.com",
    "att.net",
    "comcast.net",
    "duck.com",
    "fastmail.com",
    "free.fr",
    "gmail.com",
    "googlemail.com",
    "hey.com",
    "icloud.com",
    "laposte.net",
    "libero.it",
    "live.co.uk",
    "live.com",
    "live.fr",
    "live.nl",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "naver.com",
    "orange.fr",
    "pm.me",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rediffmail.com",
    "t-online.de",
    "tutanota.com",
    "verizon.net",
    "wanadoo.fr",
    "web.de",
    "zoho.com",
];

/// Providers with a domain a country: `yahoo.co.uk`, `gmx.at`.
const FREE_MAIL_EVERYWHERE: &[&str] = &["gmx", "hotmail", "outlook", "yahoo", "yandex"];

fn is_free_mail(domain: &str) -> bool {
    let (first, rest) = domain.split_once('.').unwrap_or((domain, ""));
    let country = !rest.is_empty() && rest.split('.').all(|label| label.len() <= 3);
    FREE_MAIL.contains(&domain) || FREE_MAIL_EVERYWHERE.contains(&first) && country
}

/// Lower case, with its domain; `None` for what is no address.
fn address(text: &str) -> Option<(String, String)> {
    let text = text.trim().to_lowercase();
    let (name, domain) = text.rsplit_once('@')?;
    let domain = domain.trim_end_matches('.').to_owned();
    (!name.is_empty() && domain.contains('.')).then(|| (text.clone(), domain))
}

/// The accounts by id, address and domain. What stands for several accounts stands for none.
#[derive(Debug, Default)]
pub(super) struct Requesters {
    ids: HashSet<Text>,
    addresses: HashMap<String, Option<Text>>,
    domains: HashMap<String, Option<Text>>,
}

fn add(map: &mut HashMap<String, Option<Text>>, key: String, account: &Text) {
    map.entry(key)
        .and_modify(|owner| {
            if owner.as_ref() != Some(account) {
                *owner = None;
            }
        })
        .or_insert_with(|| Some(*account));
}

impl Requesters {
    pub(super) fn new(accounts: &[AccountAddress]) -> Requesters {
        let mut known = Requesters::default();
        for account in accounts {
            known.ids.insert(account.account_id);
            let Some((address, domain)) = account.email.as_deref().and_then(address) else { continue };
            add(&mut known.addresses, address, &account.account_id);
            if !is_free_mail(&domain) {
                add(&mut known.domains, domain, &account.account_id);
            }
        }
        known
    }

    /// Whether an account has this id.
    pub(super) fn knows(&self, id: &Text) -> bool {
        self.ids.contains(id)
    }

    /// The account of a ticket: its own id where an account has it, else the account with the requester's address,
    /// else the only account with its domain.
    pub(super) fn find(&self, id: Option<&Text>, email: Option<&str>) -> Option<&Text> {
        if let Some(known) = id.and_then(|id| self.ids.get(id)) {
            return Some(known);
        }
        let (address, domain) = address(email?)?;
        let owner = self.addresses.get(&address).or_else(|| self.domains.get(&domain))?;
        owner.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::At;

    fn known(list: &[(&str, &str)]) -> Requesters {
        let account = |(id, email): &(&str, &str)| AccountAddress {
            at: At::default(),
            account_id: (*id).into(),
            email: Some((*email).into()),
        };
        Requesters::new(&list.iter().map(account).collect::<Vec<_>>())
    }

    fn find<'r>(r: &'r Requesters, id: Option<&str>, email: &str) -> Option<&'r str> {
        r.find(id.map(Into::into).as_ref(), Some(email)).map(|t| &**t)
    }

    #[test]
    fn an_id_comes_before_an_address_and_an_unknown_id_falls_back_on_it() {
        let r = known(&[("a", "billing@globex.com"), ("b", "billing@initech.com")]);
        assert_eq!(find(&r, Some("a"), "me@initech.com"), Some("a"));
        assert_eq!(find(&r, Some("x"), "Me@Initech.COM "), Some("b"));
        assert_eq!(find(&r, None, "me@globex.com"), Some("a"));
        assert_eq!(find(&r, None, "me@eu.globex.com"), None, "a domain is matched whole");
        assert_eq!(find(&r, None, "globex.com"), None);
    }

    #[test]
    fn free_mail_matches_nobody_by_its_domain() {
        let r = known(&[("a", "ann@gmail.com"), ("b", "bea@yahoo.co.uk"), ("c", "c@yahoo.systems.example")]);
        assert_eq!(find(&r, None, "zoe@gmail.com"), None);
        assert_eq!(find(&r, None, "zoe@yahoo.co.uk"), None);
        assert_eq!(find(&r, None, "ann@gmail.com"), Some("a"), "the very address of the account");
        assert_eq!(find(&r, None, "d@yahoo.systems.example"), Some("c"));
    }

    #[test]
    fn a_domain_of_two_accounts_names_neither() {
        for order in [["a", "b"], ["b", "a"]] {
            let r = known(&order.map(|id| (id, if id == "a" { "a@one.example" } else { "b@one.example" })));
            assert_eq!(find(&r, None, "c@one.example"), None);
            assert_eq!(find(&r, None, "b@one.example"), Some("b"));
        }
    }
}

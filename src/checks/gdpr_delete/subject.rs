//! What a person is known by.

use super::inputs::Request;
use crate::{
    model::mask::{self, Private},
    residue::{Phone, Subject},
};

/// Fewer digits are no phone number.
const SHORTEST_PHONE: usize = 7;

/// The values of a request by which data is looked for: its address, phone, name and ids, and the other identifiers as
/// what they look like. The account's id is no person's: invoices keep it, and colleagues share it.
pub(super) fn subject(request: &Request) -> Subject {
    let mut subject = Subject::default();
    let country = || request.country.as_deref().map(str::to_owned);
    let phone = |value: &Private| Phone { written: value.reveal().to_owned(), country: country() };
    let text = |value: &Private| value.reveal().trim().to_owned();
    subject.emails.extend(request.email.as_ref().map(text));
    subject.phones.extend(request.phone.as_ref().map(phone));
    subject.names.extend(request.name.as_ref().map(text));
    subject.ids.extend(request.subject_id.as_ref().map(text));
    for other in request.other_identifiers.iter().flatten() {
        let value = other.reveal().trim();
        if value.contains('@') {
            subject.emails.push(value.to_owned());
        } else if is_phone(value) {
            subject.phones.push(phone(other));
        } else {
            subject.ids.push(value.to_owned());
        }
    }
    subject
}

/// `+` or `00` and digits with what stands between them in numbers.
fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let rest = |c: char| c.is_ascii_digit() || " +-()./".contains(c);
    text.starts_with('+') && digits >= SHORTEST_PHONE && text.chars().all(rest)
}

/// Every value of a request, as it is written.
pub(super) fn values(request: &Request) -> impl Iterator<Item = &str> {
    [&request.email, &request.phone, &request.name, &request.subject_id]
        .into_iter()
        .flatten()
        .chain(request.other_identifiers.iter().flatten())
        .map(Private::reveal)
}

/// How the person of a request is called in messages: by the address, else name, else id, masked unless revealed.
pub(super) fn called(request: &Request, reveal: bool) -> String {
    let shown = |value: &Private, hide: fn(&str) -> String| {
        if reveal { value.reveal().trim().to_owned() } else { hide(value.reveal().trim()) }
    };
    let by_email = request.email.as_ref().map(|v| shown(v, mask::email));
    let by_name = || request.name.as_ref().map(|v| shown(v, mask::name));
    let by_id = || request.subject_id.as_ref().map(|v| shown(v, mask::id));
    let by_phone = || request.phone.as_ref().map(|v| shown(v, mask::phone));
    by_email.or_else(by_name).or_else(by_id).or_else(by_phone).unwrap_or_else(|| "the person".to_owned())
}

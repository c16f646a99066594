//! The incidents that a ticket may belong to.

use super::policy::word;
use crate::{
    data::{
        At,
        records::{Incident, KnownIssue, Text},
    },
    model::time::Instant,
};
use std::collections::{BTreeMap, BTreeSet};

/// An incident, open in `[from, to)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outage {
    pub(super) id: Text,
    from: Instant,
    /// `None`: not yet resolved.
    to: Option<Instant>,
    /// Feature areas, as [`word`] writes them.
    areas: BTreeSet<String>,
    /// Whether the whole product is out.
    full: bool,
    /// Where it stands: dataset and row.
    pub(super) at: (&'static str, At),
}

/// The incidents by id. A known issue lends its incident the feature area where the incident names none, and stands
/// for it where no export of incidents holds it.
pub(super) fn outages(incidents: &[Incident], issues: &[KnownIssue]) -> Vec<Outage> {
    let area = |a: &Option<Text>| a.as_deref().map(word);
    let mut by_id: BTreeMap<&str, Outage> = BTreeMap::new();
    for i in incidents {
        let outage = Outage {
            id: i.incident_id,
            from: i.started_at,
            to: i.resolved_at,
            areas: area(&i.feature_area).into_iter().collect(),
            full: i.scope.as_deref() == Some("full"),
            at: ("incidents", i.at),
        };
        by_id.insert(&i.incident_id, outage);
    }
    let named: BTreeSet<&str> =
        incidents.iter().filter(|i| i.feature_area.is_some()).map(|i| &*i.incident_id).collect();
    let exported: BTreeSet<&str> = incidents.iter().map(|i| &*i.incident_id).collect();
    let mut issues: Vec<&KnownIssue> = issues.iter().collect();
    issues.sort_by(|a, b| (a.started_at, &a.issue_id).cmp(&(b.started_at, &b.issue_id)));
    for issue in issues {
        let Some(id) = &issue.incident_id else { continue };
        let outage = by_id.entry(id).or_insert_with(|| Outage {
            id: *id,
            from: issue.started_at,
            to: issue.ended_at,
            areas: BTreeSet::new(),
            full: false,
            at: ("known_issues", issue.at),
        });
        if !exported.contains(&**id) {
            outage.to = outage.to.zip(issue.ended_at).map(|(a, b)| a.max(b));
        }
        if !named.contains(&**id) {
            outage.areas.extend(area(&issue.feature_area));
        }
    }
    by_id.into_values().collect()
}

impl Outage {
    /// Whether it was open at a moment for a feature area.
    pub(super) fn concerns(&self, moment: Instant, area: Option<&str>) -> bool {
        let open = self.from <= moment && self.to.is_none_or(|to| moment < to);
        open && (self.full || area.is_some_and(|a| self.areas.contains(&word(a))))
    }

    /// The tag of its tickets.
    pub(super) fn tag(&self) -> String {
        format!("incident:{}", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Stamp;

    fn at(text: &str) -> Instant {
        Stamp::parse(text).unwrap().in_zone(chrono_tz::UTC)
    }

    fn incident(id: &str, to: Option<&str>, scope: &str, area: Option<&str>) -> Incident {
        Incident {
            at: At::default(),
            incident_id: id.into(),
            started_at: at("2026-11-01T10:00:00Z"),
            detected_at: None,
            classified_at: None,
            resolved_at: to.map(at),
            severity: None,
            scope: Some(scope.into()),
            feature_area: area.map(Into::into),
            title: None,
        }
    }

    fn issue(incident: &str, area: &str, to: Option<&str>) -> KnownIssue {
        KnownIssue {
            at: At::default(),
            issue_id: "ki".into(),
            feature_area: Some(area.into()),
            started_at: at("2026-11-01T10:00:00Z"),
            ended_at: to.map(at),
            incident_id: Some(incident.into()),
        }
    }

    fn met(list: &[Outage], moment: &str, area: Option<&str>) -> Vec<String> {
        list.iter().filter(|o| o.concerns(at(moment), area)).map(Outage::tag).collect()
    }

    #[test]
    fn an_incident_is_open_from_its_start_until_it_is_resolved() {
        let list =
            outages(&[incident("i", Some("2026-11-01T12:00:00Z"), "partial", Some("CSV Export"))], &[]);
        let area = Some("csv_export");
        assert_eq!(met(&list, "2026-11-01T09:59:59Z", area), [""; 0]);
        assert_eq!(met(&list, "2026-11-01T10:00:00Z", area), ["incident:i"]);
        assert_eq!(met(&list, "2026-11-01T11:59:59Z", area), ["incident:i"]);
        assert_eq!(met(&list, "2026-11-01T12:00:00Z", area), [""; 0]);
        assert_eq!(met(&list, "2026-11-01T11:00:00Z", Some("reports")), [""; 0]);
        assert_eq!(met(&list, "2026-11-01T11:00:00Z", None), [""; 0]);
    }

    #[test]
    fn a_full_outage_concerns_every_area_and_an_unresolved_one_stays_open() {
        let list = outages(&[incident("i", None, "full", Some("login"))], &[]);
        assert_eq!(met(&list, "2027-11-01", Some("reports")), ["incident:i"]);
        assert_eq!(met(&list, "2027-11-01", None), ["incident:i"]);
    }

    #[test]
    fn a_known_issue_lends_an_area_or_stands_for_its_incident() {
        let lent = outages(&[incident("i", None, "partial", None)], &[issue("i", "export", None)]);
        assert_eq!(met(&lent, "2026-11-02", Some("export")), ["incident:i"]);
        let named =
            outages(&[incident("i", None, "partial", Some("reports"))], &[issue("i", "export", None)]);
        assert_eq!(met(&named, "2026-11-02", Some("export")), [""; 0]);
        let alone = outages(&[], &[issue("i", "export", Some("2026-11-01T12:00:00Z"))]);
        assert_eq!(met(&alone, "2026-11-01T11:00:00Z", Some("export")), ["incident:i"]);
        assert_eq!(met(&alone, "2026-11-01T12:00:00Z", Some("export")), [""; 0]);
    }
}

//! Findings in words and figures.

use super::{
    assess::{Assessment, Stale, told_end},
    ends::End,
    inputs::Known,
    policy::Policy,
    references::Referenced,
    verdict::{Ruling, Verdict},
};
use crate::{
    data::Data,
    model::{
        decimal::{self, Decimal},
        text::counted,
        time::{Instant, rfc3339},
    },
    report::{Diff, Finding, Severity, Subject},
};

/// Places that a message lists; the row has all.
const LISTED: usize = 3;

/// Makes the findings of one flag.
pub(super) struct Teller<'t, 'd> {
    pub(super) data: &'t Data<'d>,
    pub(super) policy: &'t Policy,
    pub(super) known: &'t Known,
    pub(super) found: &'t Assessment,
    pub(super) ruling: &'t Ruling,
    pub(super) referenced: Option<&'t Referenced>,
    /// What was searched, and what could not be.
    pub(super) searched: &'t str,
}

fn days(n: i64) -> String {
    counted(n.unsigned_abs(), "day", "days")
}

impl Teller<'_, '_> {
    /// Everything that is the matter with the flag.
    pub(super) fn all(&self) -> Vec<Finding> {
        let found = self.found;
        let mut all = Vec::new();
        all.extend(self.expired());
        all.extend((found.no_owner == Some(true)).then(|| self.no_owner()));
        all.extend((found.extended_unjustified == Some(true)).then(|| self.extended()));
        all.extend((found.permanent_unjustified == Some(true)).then(|| self.permanent()));
        all.extend(self.finished());
        all.extend((found.unreferenced == Some(true)).then(|| self.unreferenced()));
        all.extend((found.archived_in_code == Some(true)).then(|| self.archived()));
        all.extend(found.stale.as_deref().filter(|s| !s.is_empty()).map(|s| self.stale(s)));
        all.extend(self.expiring());
        all
    }

    /// `fast-search (release, owner search)`.
    fn who(&self) -> String {
        let flag = &self.known.flag;
        let owner = flag.owner.as_deref().filter(|o| !o.trim().is_empty());
        let kind = flag.kind.as_deref().map(|k| k.replace('_', " "));
        let about: Vec<String> = kind.into_iter().chain(owner.map(|o| format!("owner {o}"))).collect();
        if about.is_empty() { flag.flag.to_string() } else { format!("{} ({})", flag.flag, about.join(", ")) }
    }

    fn finding(&self, code: &'static str, severity: Severity, message: String, action: &str) -> Finding {
        let subject = Subject { kind: "flag".to_owned(), id: self.known.flag.flag.to_string() };
        let mut f = Finding::new(code, severity, None, subject);
        f.message = message;
        action.clone_into(&mut f.action);
        f.owner = "product";
        f.evidence = vec![self.data.evidence("flags", self.known.flag.at)];
        f
    }

    /// With the row that tells of the environment.
    fn with_environment(&self, mut f: Finding) -> Finding {
        f.evidence.extend(self.known.environment_at.map(|at| self.data.evidence("flag_environments", at)));
        f
    }

    /// ` in production`, where the export tells environments apart.
    fn place(&self) -> String {
        match self.known.environment_at {
            Some(_) => format!(" in {}", self.policy.environment),
            None => String::new(),
        }
    }

    fn expired(&self) -> Option<Finding> {
        let (End::At(at, source), Some(overdue)) = (self.found.end, self.found.overdue_days()) else {
            return None;
        };
        let stands = match (self.known.rollout, self.known.changed_at) {
            (Some(r), Some(since)) => format!(
                "; it stands at {} %{} since {}",
                decimal::shortest(r),
                self.place(),
                since.date_naive()
            ),
            (Some(r), None) => format!("; it stands at {} %{}", decimal::shortest(r), self.place()),
            (None, _) => String::new(),
        };
        let message = format!(
            "{} is {} past its end of {} ({}){stands}.",
            self.who(),
            if overdue == 0 { "less than a day".to_owned() } else { days(overdue) },
            at.date_naive(),
            told_end(self.known, source)
        );
        let action = match self.ruling.verdict {
            Verdict::Remove => "Remove the flag and make its feature permanent.",
            Verdict::RemoveWithCare => {
                "Look at what the row warns of with the owner, then remove the flag and make its feature permanent."
            }
            Verdict::Extend | Verdict::Keep => {
                "Finish the rollout and remove the flag, or extend it with a date and a justification."
            }
        };
        let f = self.finding("flags-audit/expired", Severity::Error, message, action);
        let mut f = self.with_environment(f);
        f.diff = vec![Diff::decimals("overdue_days", Decimal::ZERO, overdue.into())];
        f.due = Some(at);
        Some(f)
    }

    fn expiring(&self) -> Option<Finding> {
        let (End::At(at, source), Some(left)) = (self.found.end, self.found.expiring) else { return None };
        let message = format!(
            "{} ends on {}, in {} ({}).",
            self.who(),
            at.date_naive(),
            days(left.num_days()),
            told_end(self.known, source)
        );
        let action = "Finish the rollout and remove the flag, or extend it with a date and a justification.";
        let mut f = self.finding("flags-audit/expiring", Severity::Info, message, action);
        f.due = Some(at);
        Some(f)
    }

    fn no_owner(&self) -> Finding {
        let message = format!("{} has no owner.", self.who());
        let action = "Name the team that decides on the flag.";
        let mut f = self.finding("flags-audit/no-owner", Severity::Error, message, action);
        f.diff = vec![Diff::texts("owner", None, None)];
        f
    }

    fn extended(&self) -> Finding {
        let until = self.known.flag.extended_until.map_or_else(String::new, |t| t.date_naive().to_string());
        let message = format!("{} is extended until {until}, without a justification.", self.who());
        let action = "Write down what the flag waits for, or remove it.";
        self.finding("flags-audit/extended-unjustified", Severity::Error, message, action)
    }

    fn permanent(&self) -> Finding {
        let message = format!("{} is permanent, without a justification.", self.who());
        let action = "Write down what the flag is kept for, or give it an end.";
        self.finding("flags-audit/permanent-unjustified", Severity::Warning, message, action)
    }

    fn finished(&self) -> Option<Finding> {
        let since = self.found.finished??;
        let rollout = self.known.rollout?;
        let message = format!(
            "{} stands at {} %{} unchanged since {}.",
            self.who(),
            decimal::shortest(rollout),
            self.place(),
            since.date_naive()
        );
        let action = if rollout >= Decimal::ONE_HUNDRED {
            "Make the feature permanent and remove the flag."
        } else {
            "Remove the flag, and the feature that nobody sees, or roll it out."
        };
        let mut f = self.finding("flags-audit/finished", Severity::Warning, message, action);
        f.diff = vec![Diff::texts("rollout_percent", None, Some(&decimal::shortest(rollout)))];
        Some(self.with_environment(f))
    }

    fn unreferenced(&self) -> Finding {
        let message = format!(
            "{} stands nowhere in {}, in none of its spellings; other repositories, mobile releases or configuration \
             may still ask for it.",
            self.who(),
            self.searched
        );
        let action = "Search the repositories that were not given, then delete the flag.";
        self.finding("flags-audit/unreferenced", Severity::Warning, message, action)
    }

    fn archived(&self) -> Finding {
        let places = self.referenced.map_or(&[][..], |r| &r.places);
        let more = match places.len().saturating_sub(LISTED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let message = format!(
            "{} is archived, and still in the code at {}: {}{more}.",
            self.who(),
            counted(places.len() as u64, "place", "places"),
            places.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", ")
        );
        let action = "Remove the flag from the places that its row lists.";
        self.finding("flags-audit/archived-in-code", Severity::Error, message, action)
    }

    fn stale(&self, reasons: &[Stale]) -> Finding {
        let as_of = self.data.settings.as_of;
        let since = |at: &Instant| format!("{}, {} ago", rfc3339(*at), days((as_of - *at).num_days()));
        let age = self.found.age_days.map_or_else(String::new, days);
        let status = self.known.status.as_deref().unwrap_or("without a status");
        let told: Vec<String> = reasons
            .iter()
            .map(|reason| match reason {
                Stale::Evaluated(at) => format!("was last evaluated {}", since(at)),
                Stale::Never(at) => format!("was never evaluated since it was created {}", since(at)),
                Stale::LaunchDarkly(most) => format!(
                    "is stale by LaunchDarkly's rule: temporary, {age} old (over {most}) and {status}"
                ),
                Stale::Unleash(most) => {
                    format!("is stale by Unleash's rule: {age} old, where {} are expected", days(*most))
                }
            })
            .collect();
        let message = format!("{} {}.", self.who(), told.join("; it "));
        let action = "Remove the flag, from the code first.";
        self.finding("flags-audit/stale", Severity::Warning, message, action)
    }
}

//! Audit feature flags: each has an owner and an end, and those past it can be told from those still needed.

mod assess;
mod ends;
mod findings;
mod inputs;
mod judge;
mod policy;
mod references;
mod rows;
mod verdict;

use crate::{
    check::{CheckInfo, Field, Opt, OptKind, Reads, Rule, Shape},
    engine::Check,
    report::Severity,
};

/// The check.
pub(super) const CHECK: Check = Check { info: &INFO, run: judge::run };

const fn lifespan(name: &'static str, help: &'static str) -> Field {
    Field { name, kind: OptKind::Days, needed: false, help }
}

static LIFESPAN: Shape = Shape {
    fields: &[
        lifespan("release", "Days that a flag lives that releases a feature step by step; 0: it has no end"),
        lifespan("experiment", "Days of an experiment"),
        lifespan("operational", "Days of a flag that operates the product"),
        lifespan("kill_switch", "Days of a kill switch"),
        lifespan("permission", "Days of a flag that gives customers what they bought"),
        lifespan("other", "Days of a flag whose kind is not known"),
    ],
    others: None,
    distinct: "",
};

const LIFESPANS: &str = "[lifespan]\nrelease = 90\nexperiment = 90\noperational = 90\nkill_switch = 0\n\
                         permission = 0\nother = 90\n";

const fn days(name: &'static str, default: &'static str, help: &'static str) -> Opt {
    Opt { name, kind: OptKind::Days, default, help }
}

const AN_END: &[&str] = &["flags.created_at|flags.expires_at|flags.extended_until"];

static INFO: CheckInfo = CheckInfo {
    name: "flags-audit",
    about: "feature flags with an owner and an end; which can be deleted today",
    doc: "Each feature flag against its end: extended_until, else expires_at, else 90 days after it was created. \
          Permanent flags, kill switches and permission flags have none. The rows say which flags can be deleted \
          today, and why; --code looks for them in source trees. Without it 200 of 347 flags stand for features \
          that shipped 8 months ago, nobody knows which are safe to remove, and one that is toggled by accident \
          breaks billing for a tenth of the customers.",
    searches: false,
    reads: &[
        Reads { dataset: "flags", needed: true },
        Reads { dataset: "flag_environments", needed: false },
        Reads { dataset: "flag_references", needed: false },
    ],
    rules: &[
        Rule {
            code: "flags-audit/expired",
            severity: Severity::Error,
            what: "The flag is past its end: extended_until, else expires_at, else created_at and the lifespan of its \
                   kind. Archived flags are spared, and those without an end.",
            why: "A flag that outlives its feature doubles what must be tested, and whoever toggles it by accident \
                  switches off what customers rely on.",
            remedy: "Remove the flag and make its feature permanent, or extend it with a justification.",
            needs: AN_END,
        },
        Rule {
            code: "flags-audit/no-owner",
            severity: Severity::Error,
            what: "Nobody owns the flag. A team is an owner.",
            why: "Without an owner nobody knows whether it is safe to remove, so nobody does.",
            remedy: "Name a team that decides on it.",
            needs: &["flags.owner"],
        },
        Rule {
            code: "flags-audit/extended-unjustified",
            severity: Severity::Error,
            what: "The flag's end was put off, and no justification says why.",
            why: "An end that moves without a reason is none.",
            remedy: "Write down what the flag waits for, or remove it.",
            needs: &["flags.extended_until", "flags.justification"],
        },
        Rule {
            code: "flags-audit/permanent-unjustified",
            severity: Severity::Warning,
            what: "The flag is permanent, and no justification says why.",
            why: "Permanent is what a forgotten flag is called when the audit asks.",
            remedy: "Write down what the flag is kept for, or give it an end.",
            needs: &["flags.permanent", "flags.justification"],
        },
        Rule {
            code: "flags-audit/finished",
            severity: Severity::Warning,
            what: "The flag stands at 0 or 100 % in the environment that counts, and has not changed for 30 days. Kill \
                   switches, operational, permission and permanent flags are spared.",
            why: "It decides nothing any more, but every developer must still read both sides of it.",
            remedy: "At 100 % make the feature permanent and remove the flag; at 0 % remove the feature with it.",
            needs: &[
                "flags.rollout_percent|flag_environments.rollout_percent",
                "flags.last_changed_at|flag_environments.last_changed_at",
            ],
        },
        Rule {
            code: "flags-audit/unreferenced",
            severity: Severity::Warning,
            what: "The flag stands nowhere in the folders given by --code, nor in the code references that were given, \
                   in none of its spellings. Judged only where either was given.",
            why: "What no code asks for can be deleted; but other repositories, mobile releases and configuration may \
                  still ask, so it is never called safe.",
            remedy: "Search the repositories that were not given, then delete the flag.",
            needs: &[],
        },
        Rule {
            code: "flags-audit/archived-in-code",
            severity: Severity::Error,
            what: "The flag is archived, and the code given by --code, or the code references, still name it.",
            why: "Code that asks for an archived flag gets its default, which nobody has tested for long.",
            remedy: "Remove it from the places named.",
            needs: &[],
        },
        Rule {
            code: "flags-audit/stale",
            severity: Severity::Warning,
            what: "The flag has not been evaluated for 30 days; or by --preset another system would call it stale: \
                   launchdarkly a temporary flag over 90 days old that is inactive or launched, unleash a release or \
                   experiment flag over 40 days old and an operational one over 7.",
            why: "Nothing asks for it any more, or nothing depends on the answer.",
            remedy: "Remove it, from the code first.",
            needs: &["flags.last_evaluated_at|flag_environments.last_evaluated_at|flags.created_at"],
        },
        Rule {
            code: "flags-audit/expiring",
            severity: Severity::Info,
            what: "The flag's end is within 14 days.",
            why: "There is still time to finish the rollout.",
            remedy: "Finish it and remove the flag, or extend it with a justification.",
            needs: AN_END,
        },
    ],
    options: &[
        Opt {
            name: "code",
            kind: OptKind::Paths,
            default: "",
            help: "Search this source tree for the flags, in all spellings; ignore files are honoured (repeatable)",
        },
        Opt {
            name: "environment",
            kind: OptKind::Text,
            default: "production",
            help: "The environment whose rollout counts, where the export tells them apart",
        },
        Opt {
            name: "preset",
            kind: OptKind::Choice(&["none", "launchdarkly", "unleash"]),
            default: "none",
            help: "Also call stale what that system would",
        },
        days("finished-after", "30", "Days at 0 or 100 % after which a flag is finished"),
        days("stale-after", "30", "Days without evaluation after which a flag is stale"),
        days("expiring-within", "14", "Days before its end from which a flag is expiring"),
        days("settled-after", "30", "Days after a change of the rollout before which a removal needs care"),
        Opt {
            name: "careful",
            kind: OptKind::Texts,
            default: "billing,auth,authentication,authorization,security",
            help: "Words in a flag's key, its tags or the paths of its code that make its removal need care",
        },
        Opt {
            name: "lifespan",
            kind: OptKind::Table(&LIFESPAN),
            default: LIFESPANS,
            help: "The lifespan of a flag, by its kind; also written [flags.lifespan]",
        },
    ],
    columns: rows::COLUMNS,
};

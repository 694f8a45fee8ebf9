//! What Meta says of the account, its numbers and templates, and of people's choices.

use serde_json::Value;
use time::OffsetDateTime;

use super::{
    fields::{moment, number, text},
    people::Person,
};
use crate::Bsuid;

/// A template that an event speaks of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template {
    /// Meta's id: a JSON number.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its language, such as `es` or `es_MX`.
    pub language: Option<String>,
}

/// An event that is no message and no status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A template was approved, rejected, paused…
    TemplateStatus {
        /// Which.
        template: Template,
        /// `APPROVED`, `REJECTED`, `PAUSED`, `DISABLED`…
        event: String,
        /// Why, when refused.
        reason: Option<String>,
    },
    /// A template's quality changed.
    TemplateQuality {
        /// Which.
        template: Template,
        /// `GREEN`, `YELLOW`, `RED`, `UNKNOWN` before.
        previous: Option<String>,
        /// And now.
        current: Option<String>,
    },
    /// A template was, or will be, put into another category (and price).
    TemplateCategory {
        /// Which.
        template: Template,
        /// Before.
        previous: Option<String>,
        /// Now.
        current: Option<String>,
        /// What Meta thinks right, when it announces the change.
        correct: Option<String>,
    },
    /// A template's parts were edited.
    TemplateComponents {
        /// Which.
        template: Template,
    },
    /// A number's quality or throughput changed.
    PhoneQuality {
        /// Which number, as shown to people.
        display_phone_number: Option<String>,
        /// `FLAGGED`, `UPGRADE`, `THROUGHPUT_UPGRADE`…
        event: Option<String>,
        /// The messaging limit, such as `TIER_10K`.
        limit: Option<String>,
    },
    /// A number's display name was decided on.
    PhoneName {
        /// Which number.
        display_phone_number: Option<String>,
        /// `APPROVED`, `REJECTED`…
        decision: Option<String>,
    },
    /// What the account may do changed.
    Capability {
        /// People it may write to first, per day.
        daily_conversations: Option<i64>,
        /// Numbers it may have.
        phone_numbers: Option<i64>,
    },
    /// The account was restricted, banned, reviewed, alerted…
    Account {
        /// `DISABLED_UPDATE`, `ACCOUNT_RESTRICTION`, `ACCOUNT_VIOLATION`…
        event: Option<String>,
    },
    /// A person stopped or resumed marketing messages.
    Preference {
        /// Who.
        person: Person,
        /// `marketing_messages`.
        category: Option<String>,
        /// `stop` or `resume`.
        value: Option<String>,
        /// When.
        at: Option<OffsetDateTime>,
    },
    /// A person's business-scoped id changed.
    UserIdChanged {
        /// Who, with the new id where it is known.
        person: Person,
        /// The id before.
        previous: Option<Bsuid>,
        /// The id from now on.
        current: Option<Bsuid>,
        /// When.
        at: Option<OffsetDateTime>,
    },
}

/// Events of an account after which all that could be done can be done (Meta, account_update and account_review_update).
const HARMLESS: [&str; 12] = [
    "ACCOUNT_RECONNECTED",
    "AD_ACCOUNT_LINKED",
    "APPROVED",
    "AUTH_INTL_PRICE_ELIGIBILITY_UPDATE",
    "BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE",
    "MM_LITE_TERMS_SIGNED",
    "PARTNER_ADDED",
    "PARTNER_APP_INSTALLED",
    "PARTNER_CLIENT_CERTIFICATION_STATUS_UPDATE",
    "REINSTATE",
    "VERIFIED_ACCOUNT",
    "VOLUME_BASED_PRICING_TIER_UPDATE",
];

/// A ban is lifted under the same event that tells of one.
fn reinstated(value: &Value) -> Option<String> {
    text(value.get("ban_info")?, "waba_ban_state").filter(|state| state == "REINSTATE")
}

impl Event {
    /// Whether an operator must look: the account or a number can no longer do what it did.
    #[must_use]
    pub fn is_alarming(&self) -> bool {
        match self {
            Self::Account { event } => event.as_deref().is_none_or(|event| !HARMLESS.contains(&event)),
            // It costs more from now on, and needs another consent.
            Self::TemplateCategory { current, correct, .. } => {
                [current, correct].into_iter().flatten().any(|category| category == "MARKETING")
            }
            Self::TemplateStatus { event, .. } => {
                matches!(event.as_str(), "REJECTED" | "PAUSED" | "DISABLED" | "FLAGGED" | "LOCKED")
            }
            Self::PhoneQuality { event, .. } => {
                matches!(event.as_deref(), Some("FLAGGED" | "DOWNGRADE" | "THROUGHPUT_DOWNGRADE"))
            }
            _ => false,
        }
    }

    /// Reads the value of a change that holds one event, by its shape and then by its field: Meta's own
    /// sample of a quality update carries the field of a status update.
    pub(super) fn read(field: &str, value: &Value) -> Option<Self> {
        let has = |key: &str| value.get(key).is_some();
        let template = || Template {
            id: text(value, "message_template_id"),
            name: text(value, "message_template_name"),
            language: text(value, "message_template_language"),
        };
        if has("message_template_id") || has("message_template_name") {
            return Some(Self::of_template(field, value, template()));
        }
        let display_phone_number = text(value, "display_phone_number");
        Some(match field {
            "phone_number_quality_update" => Self::PhoneQuality {
                display_phone_number,
                event: text(value, "event"),
                limit: text(value, "max_daily_conversations_per_business")
                    .or_else(|| text(value, "current_limit")),
            },
            "phone_number_name_update" => {
                Self::PhoneName { display_phone_number, decision: text(value, "decision") }
            }
            "account_update" | "account_alerts" | "account_review_update" | "security" => Self::Account {
                event: reinstated(value)
                    .or_else(|| ["event", "decision", "alert_type"].iter().find_map(|key| text(value, key))),
            },
            _ if has("max_phone_numbers_per_waba") || field == "business_capability_update" => {
                Self::Capability {
                    daily_conversations: number(value, "max_daily_conversations_per_business")
                        .or_else(|| number(value, "max_daily_conversation_per_phone")),
                    phone_numbers: number(value, "max_phone_numbers_per_waba")
                        .or_else(|| number(value, "max_phone_numbers_per_business")),
                }
            }
            _ => return None,
        })
    }

    fn of_template(field: &str, value: &Value, template: Template) -> Self {
        let has = |key: &str| value.get(key).is_some();
        if has("new_quality_score") {
            Self::TemplateQuality {
                template,
                previous: text(value, "previous_quality_score"),
                current: text(value, "new_quality_score"),
            }
        } else if has("new_category") || has("correct_category") {
            Self::TemplateCategory {
                template,
                previous: text(value, "previous_category"),
                current: text(value, "new_category"),
                correct: text(value, "correct_category"),
            }
        } else if let Some(event) = text(value, "event") {
            let refusal = value.get("rejection_info").unwrap_or(&Value::Null);
            let reason = text(refusal, "reason").or_else(|| text(value, "reason"));
            Self::TemplateStatus { template, event, reason }
        } else if field == "message_template_status_update" {
            Self::TemplateStatus { template, event: String::new(), reason: text(value, "reason") }
        } else {
            Self::TemplateComponents { template }
        }
    }

    pub(super) fn preference(value: &Value, contacts: &[Person]) -> Self {
        Self::Preference {
            person: Person::read(value, "wa_id", "user_id", "parent_user_id").completed(contacts),
            category: text(value, "category"),
            value: text(value, "value"),
            at: value.get("timestamp").and_then(moment),
        }
    }

    pub(super) fn user_id_changed(value: &Value) -> Self {
        let ids = value.get("user_id").unwrap_or(&Value::Null);
        let id = |key: &str| text(ids, key).and_then(|s| s.parse::<Bsuid>().ok());
        // The contacts beside it still show the old id: they would contradict the new one.
        let mut person = Person::read(value, "wa_id", "current_user_id", "parent_user_id");
        person.user_id = id("current");
        Self::UserIdChanged {
            person,
            previous: id("previous"),
            current: id("current"),
            at: value.get("timestamp").and_then(moment),
        }
    }
}

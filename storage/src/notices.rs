//! Notices: news that we send of our own accord, by a template that Meta approved and to whom agreed to it. Each ends
//! read, delivered, failed with a reason, expired or withdrawn, and those who follow the feed hear which.

mod list;
mod outcome;
mod queue;

use acuse_whatsapp::template::Unfit;
use serde::Serialize;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    consents::Category,
    names::{ContactId, NoticeId, words},
};

pub(crate) use outcome::moved;

words! {
    /// Where a notice stands.
    NoticeState, "notice state" {
        /// It waits for its time or its turn.
        Queued = "queued",
        /// The channel accepted it.
        Sent = "sent",
        /// A device of theirs has it.
        Delivered = "delivered",
        /// They looked at it.
        Read = "read",
        /// It will not arrive; an incident tells a person of it.
        Failed = "failed",
        /// Its time was over before it could leave.
        Expired = "expired",
        /// They agreed no more when it was to leave.
        Withdrawn = "withdrawn",
    }
}

/// How long a notice is worth sending, where nobody says.
pub const NOTICE_LIFE: Duration = Duration::days(3);
const T: &str = "notices";

/// A notice to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotice {
    /// To whom.
    pub contact: ContactId,
    /// From which of our numbers; none: the one that they wrote to last.
    pub phone_number_id: Option<String>,
    /// By which template.
    pub template: String,
    /// In which of its languages; none: theirs.
    pub language: Option<String>,
    /// What stands for `{{1}}`, `{{2}}`… in it.
    pub params: Vec<String>,
    /// What stands in its header: words; or the id of a document of ours, a link (https) to its file or Meta's id of one,
    /// and the file beside the template where there is none.
    pub header: Option<String>,
    /// What its buttons take, in their order; empty where one takes nothing.
    pub buttons: Vec<String>,
    /// To what they must have agreed.
    pub category: Category,
    /// What makes it the same when whoever hands it in does so again; others may use the same of theirs.
    pub idempotency_key: String,
    /// Not before then.
    pub not_before: Option<OffsetDateTime>,
    /// Worth sending until then.
    pub expires_at: Option<OffsetDateTime>,
}

/// A notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// Its id.
    pub id: NoticeId,
    /// To whom.
    pub contact_id: ContactId,
    /// From which of our numbers.
    pub phone_number_id: String,
    /// By which template.
    pub template: String,
    /// In which of its languages.
    pub language: String,
    /// What stands in it.
    pub params: Vec<String>,
    /// What stands in its header.
    pub header: Option<String>,
    /// What its buttons take.
    pub buttons: Vec<String>,
    /// To what they agreed.
    pub category: Category,
    /// What makes it the same when it is handed in again.
    pub idempotency_key: String,
    /// Not before then; quiet hours of theirs are kept.
    #[serde(with = "time::serde::rfc3339::option")]
    pub not_before: Option<OffsetDateTime>,
    /// Worth sending until then.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
    /// Where it stands.
    pub state: NoticeState,
    /// What it waits for, beside its time: `tier` (its number has written to as many people first in a day as Meta lets it),
    /// `template` (it is paused), `tomorrow` (Meta holds such messages back for a day), `confirmation` (they go by another
    /// name), `morning` (it is night where they are), `assessment` (Meta took it, and looks first how others are received).
    pub waits_for: Option<String>,
    /// When that is looked at again.
    #[serde(with = "time::serde::rfc3339::option")]
    pub waits_until: Option<OffsetDateTime>,
    /// Why it failed.
    pub error: Option<String>,
    /// With which others it was handed in.
    pub batch: Option<Uuid>,
    /// When it was handed in.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// What became of a notice that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noticed {
    /// It will be sent.
    Queued(Box<Notice>),
    /// It was handed in before, and is this one.
    Before(Box<Notice>),
    /// There is no such contact for this caller.
    NoContact,
    /// None of our numbers is known to them, or it is none of ours.
    NoNumber,
    /// They never agreed to it, or no more.
    NoConsent,
    /// Meta has not approved that template in a language of theirs, or paused it.
    NoTemplate,
    /// What was given does not fit that template.
    Unfit(Unfit),
    /// Its time would be over before it may leave.
    TooLate,
    /// They used the same key for another one.
    OtherKey,
}

/// Which notices.
#[derive(Debug, Clone, Default)]
pub struct NoticeFilter {
    /// Only those that were handed in together.
    pub batch: Option<Uuid>,
    /// Only of this state.
    pub state: Option<NoticeState>,
    /// Only to this contact.
    pub contact: Option<ContactId>,
    /// Those after this one.
    pub after: Option<NoticeId>,
}

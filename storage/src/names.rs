//! What every noun shares: ids, closed lists of words, the clock, and the conversions between rows and types.

mod clock;
mod closed;
mod ids;
mod rows;

pub use acuse_pipeline::document::DocumentId;

pub use clock::now;
pub(crate) use clock::{kept, micros};
pub(crate) use closed::words;
pub use closed::{AliasKind, Source, Stage, WaitsFor};
pub use ids::{
    ApprovalId, AttachmentId, CaseId, ContactId, CustomerId, EndpointId, EntityId, IncidentId, KeyId,
    MessageId, NewsId, NoticeId, ObligationId, OutboxId, ReviewId, RouteId, UserId, WebhookId,
};
pub(crate) use rows::{at, clean, clean_maybe, cut, json, maybe_at, number, sha256, to_json, word};

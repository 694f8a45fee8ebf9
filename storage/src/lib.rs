//! What Acuse keeps: the catalog (rows and jobs) and the objects (files).
//!
//! The data's way: a webhook's items enter through [`inbound`] (raw delivery, contact, message, document and its
//! `fetch` task in one transaction); workers move a document along with the guarded transitions of [`stages`],
//! each of which pushes the next task in its own transaction; what needs a person waits in [`reviews`]; what the
//! sender is told leaves through [`outbox`]. [`arrivals`] counts what came and [`ledger`] what became of it, each in one statement, off the counts
//! of [`tallies`], and [`sweep`] finds what a
//! crash left without a task. Files live in [`objects`], in any S3, under keys made of their content's hash.
//!
//! All SQL of the project is in this crate, one file a noun. It is written once for SQLite and PostgreSQL.

#[macro_use]
mod sql;

mod backfills;
mod merges;
mod words;

pub mod abstention;
pub mod access;
pub mod accounts;
pub mod alerts;
pub mod altered;
pub mod approvals;
pub mod arrivals;
pub mod attachments;
pub mod audit;
pub mod backup;
pub mod cases;
pub mod catalog;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod consents;
pub mod contacts;
pub mod conversation;
pub mod customers;
pub mod dispatch;
pub mod documents;
pub mod entities;
pub mod erasure;
pub mod error;
pub mod events;
pub mod export;
pub mod fair;
pub mod house;
pub mod inbound;
pub mod incidents;
pub mod key_file;
pub mod keys;
pub mod ledger;
pub mod message_ledger;
pub mod names;
pub mod notices;
pub mod numbers;
pub mod object_sweep;
pub mod objects;
pub mod obligations;
pub mod outbox;
pub mod parts;
pub mod periods;
pub mod quality;
pub mod queue;
pub mod retention;
pub mod reviews;
pub mod split;
pub mod stages;
pub mod sweep;
pub mod tallies;
pub mod throughput;
pub mod timeline;
pub mod uploads;
pub mod users;
pub mod vendors;
pub mod webhooks;

pub use access::{Access, Sensitivity};
pub use catalog::Catalog;
pub use documents::{Document, DocumentFilter, StoredObject};
pub use error::CatalogError;
pub use inbound::Intake;
pub use key_file::KeyFile;
pub use names::{
    CaseId, ContactId, CustomerId, DocumentId, IncidentId, MessageId, OutboxId, ReviewId, Stage,
};
pub use objects::{EmbeddedS3, ObjectKey, Objects, S3Config};

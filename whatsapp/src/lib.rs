//! The WhatsApp channel: what Meta sends, what Meta accepts, and how each can fail.
//!
//! The way of the data: a webhook's raw bytes are proven by [`signature`], then read item by item by
//! [`webhook`]; the media they name is looked up and streamed by [`graph`], which also sends the answers,
//! when [`policy`] says they may go; what stands in a template fits it by [`template`]. The subscription handshake is [`handshake`]; every number Meta
//! publishes is in [`limits`]. This crate knows nothing of documents, storage or jobs.

pub mod graph;
pub mod handshake;
pub mod identity;
pub mod limits;
pub mod policy;
mod secret;
pub mod signature;
pub mod template;
pub mod webhook;

pub use graph::{ErrorClass, Graph, GraphConfig, GraphError};
pub use identity::{Bsuid, MediaId, Recipient, WaId};
pub use secret::Secret;

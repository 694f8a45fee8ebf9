//! The jobs that take a document down its road.
//!
//! See ARCHITECTURE.md for the picture. Strangers' files are opened in [`sandbox`] only.

pub mod sandbox;

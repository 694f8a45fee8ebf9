//! What happens to a document, without I/O.
//!
//! Bytes come in at [`intake`] (what is it, may we open it, make it upright pages), become text in
//! [`text`], and meaning in [`understand`]; [`reading`] is the whole road. The
//! vocabulary every other room speaks is in [`document`], [`fields`], [`reason`] and [`reading`].

pub mod checks;
pub mod diagnostic;
pub mod document;
pub mod engine;
pub mod entities;
pub mod fields;
pub mod intake;
pub mod knowledge;
pub mod limits;
pub mod linking;
pub mod memory;
pub mod page;
pub mod part;
pub mod phone;
pub mod reading;
pub mod reason;
pub mod signature;
pub mod text;
pub mod understand;

//! Formats that say outright what paper only shows.

pub mod einvoice;

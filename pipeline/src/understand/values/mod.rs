//! Values as they are written: money and its currencies, accounts.

pub mod currency;
pub mod iban;
pub mod money;
pub(super) mod words;

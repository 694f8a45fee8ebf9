//! Who somebody is, and who may see what: one room for the API and the desk, which know it and are not known here.
//!
//! A [`Caller`] asks, with what they may: by a [`key`], by a link, or as a [`Person`] who signed in. That is a [`session`], begun with
//! a [`password`] or at an identity provider, as far as the [`login_guard`] lets somebody try ([`failed_sign_ins`] tells the trail), and a
//! role has [`rights`]. [`look`] and [`look_at`] ask the catalog's predicate whether a document exists for the caller, write
//! into the audit trail that they are shown what others may not see (a page in one transaction, before anything is said), and
//! take away what is withheld, and whom a reason names beyond somebody's reach (`candidates`). What comes out is a [`Sight`]:
//! whoever renders one cannot tell more than it holds. Content that is dangerous is in [`quarantine`].

pub mod audit;
pub mod caller;
mod candidates;
pub mod failed_sign_ins;
pub mod key;
pub mod login_guard;
pub mod password;
pub mod person;
pub mod quarantine;
pub mod rights;
pub mod session;
pub mod sight;

pub use audit::{list, look, look_at, open, permit, quoting, reach, showing};
pub use caller::Caller;
pub use person::Person;
pub use sight::Sight;

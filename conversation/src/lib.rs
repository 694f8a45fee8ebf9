//! What is said to whom, and when. Pure: no I/O, no clock, no chance of its own.
//!
//! A [`Case`] is one open matter between a contact and one of our numbers. It expects at most one thing, by one
//! deadline. What happens to it is [`step`]: an event goes in, the case as it is afterwards and what is to be done come
//! out. How long it waits and what ends it are data ([`Policy`]), what it says too ([`said`]), and what somebody means
//! by a word ([`Intent`]). In which words a sender is told what became of a document is in [`wording`].

mod book;
mod case;
mod intent;
pub mod language;
mod mend;
mod policy;
pub mod said;
mod step;
pub mod wording;
mod zone;

pub use case::{Case, Effect, End, Event, Expects, Happened, Kind, Say, State, Who};
pub use intent::Intent;
pub use mend::{MOST_ASKS, mended_by};
pub use policy::{AtEnd, BadPolicy, Policies, Policy};
pub use step::step;
pub use zone::zone_of_phone;

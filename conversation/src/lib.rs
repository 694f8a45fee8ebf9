//! What is said to whom, and when. Pure: no I/O, no clock, no chance of its own.
//!
//! A [`Case`] is one open matter between a contact and one of our numbers. It expects at most one thing, by one
//! deadline. What happens to it is [`step`]: an event goes in, the case as it is afterwards and what is to be done come
//! out. How long it waits and what ends it are data ([`Policy`]).
//!
//! Nothing drives it yet: the rows of cases, their timers and the routing of messages to them are to come.
//!
//! In which words a sender is told what became of a document is in [`wording`].

mod case;
pub mod language;
mod policy;
mod step;
pub mod wording;

pub use case::{Case, Effect, End, Event, Expects, Happened, Kind, Say, State, Who};
pub use policy::{AtEnd, BadPolicy, Policy};
pub use step::step;

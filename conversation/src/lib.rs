//! What is said to whom, and when. Pure: no I/O, no clock, no chance of its own.
//!
//! A [`Case`] is one open matter between a contact and one of our numbers. It expects at most one thing, by one
//! deadline. What happens to it is [`step`]: an event goes in, the case as it is afterwards and what is to be done come
//! out. How long it waits and what ends it are data ([`Policy`]), what it says too ([`said`]), and what somebody means
//! by a word ([`Intent`]). What the house itself decides, such as its hours and teams, is data of its own ([`House`]). In which words a sender is told what became of a document is in [`wording`].

mod book;
mod case;
mod choice;
mod collect;
mod hours;
mod house;
mod intent;
pub mod language;
mod mend;
mod opening;
mod policy;
mod privacy;
pub mod said;
mod step;
mod templates;
mod topic;
pub mod wording;
mod zone;

pub use case::{Came, Case, Effect, End, Event, Expects, Happened, Kind, Say, State, Who};
pub use choice::{Choice, Judged, MOST_BUTTONS, MOST_CHOICES, Offer, Stands, TITLE_CHARS, Tap, judge};
pub use collect::{Collecting, Doubt, Next, Owed, Paid, Payee, Slip, pays, stands_as};
pub use hours::{Clock, Hours, Summer, Week};
pub use house::{Answer, Approve, BadRules, EXAMPLE as EXAMPLE_RULES, Facts, House, Sum, Team};
pub use intent::Intent;
pub use mend::{ASKS, Lacking, MOST_ASKS, TRIED, asks_of, mended_by, needs};
pub use opening::opening;
pub use policy::{AtEnd, BadPolicy, Policies, Policy};
pub use privacy::{Privacy, needs_authorization};
pub use step::step;
pub use templates::stand_ins;
pub use topic::Topic;
pub use zone::{Zone, day_of};

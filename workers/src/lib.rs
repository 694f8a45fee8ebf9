//! The jobs that take a document down its road.
//!
//! [`run`] starts the lanes: `fetch` brings the media from Meta into S3, `read` has it opened in the [`sandbox`],
//! `link` finds its customer and decides, `reply` tells the sender. Each job is a function over an [`Env`] that
//! ends in a guarded step of the catalog's; leaving the straight road is a [`Halt`]. [`schedules`] sweeps up what
//! a crash left behind; [`trace`] ties what is said of one document together.

pub mod dispatch;
pub mod env;
pub mod halt;
pub mod jobs;
pub mod lanes;
pub mod outgoing;
pub mod parts;
pub mod sandbox;
pub mod scan;
pub mod schedules;
pub mod told;
pub mod trace;
pub mod watch;

pub use env::{Env, Policy};
pub use halt::{Cause, Halt, Wait};
pub use lanes::{Lanes, run};
pub use schedules::Schedules;

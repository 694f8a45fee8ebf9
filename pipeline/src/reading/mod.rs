//! The reading of one file, from bytes to a [`Reading`], without I/O.
//!
//! The road ([`read_with`]): `open` (upright pixels, a PDF's own text) → evidence (text and codes found) → [`escalate`](mod@escalate) (its
//! meaning, and a closer look where the first does not settle it) → [`verify`] (digits that would be filed are read once
//! more) → `finish`; all within a [`budget`].

mod answer;
pub mod budget;
pub mod escalate;
mod evidence;
mod finish;
mod open;
mod received;
mod road;
pub mod verify;

pub use answer::{Fingerprint, Outcome, PagePicture, Reading, SeenWord, StageTime, Understanding};
pub use evidence::{
    Attachment, Barcode, Declared, Evidence, Line, Normalized, PagePixels, PageText, Word, is_unread,
};
pub use open::open;
pub use road::{read, read_with};

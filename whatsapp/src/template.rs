//! What a template takes in its header, its body and its buttons, as Meta tells of it, and whether what somebody gives it
//! fits: Meta says so only once it is sent, and then shuts nothing but the message.

mod components;
mod fill;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

pub use components::places;

/// What the header of a template takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Header {
    /// Words in its one place, which has this name (`1` where it has a number).
    Text(String),
    /// A picture.
    Image,
    /// A video.
    Video,
    /// A file.
    Document,
}

/// What a button of a template takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Button {
    /// Nothing.
    Nothing,
    /// What comes back when it is tapped; its title, where nobody says.
    Reply,
    /// The end of its link.
    Link,
    /// The code that it copies.
    Code,
}

/// What a template takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Takes {
    /// Its header; none: there is none, or it takes nothing.
    #[serde(default)]
    pub header: Option<Header>,
    /// Names of the places of its body in the order in which they are given; `1`, `2`… where they have numbers.
    #[serde(default)]
    pub body: Vec<String>,
    /// Its buttons, in their order.
    #[serde(default)]
    pub buttons: Vec<Button>,
    /// It has a part that nothing here sends: a place on a map, cards, products, an offer that ends.
    #[serde(default)]
    pub is_beyond: bool,
}

/// A file that was uploaded for the header of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderFile<'a> {
    /// Meta's id of it.
    pub media_id: &'a str,
    /// What a document is called on their telephone.
    pub filename: Option<&'a str>,
}

impl HeaderFile<'static> {
    /// One that is yet to be uploaded: to see whether it fits.
    pub const YET: Self = Self { media_id: "0", filename: None };
}

/// What somebody gives a template.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Given<'a> {
    /// The words of its header; or a link (https) to its file, or Meta's id of one.
    pub header: Option<&'a str>,
    /// A file that was uploaded for its header.
    pub file: Option<HeaderFile<'a>>,
    /// What stands in the places of its body.
    pub body: &'a [String],
    /// What each of its buttons takes, in their order; empty where one takes nothing.
    pub buttons: &'a [String],
}

/// What stands in a template, in the parts in which Meta takes it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Filled(Vec<Value>);

impl std::fmt::Debug for Filled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Words to a person belong in no log.
        write!(f, "Filled({} parts)", self.0.len())
    }
}

/// Why what was given does not fit a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unfit {
    /// Its body has so many places, and was given others.
    #[error("params: that template takes {0}, one for each place in its body")]
    Body(usize),
    /// Its header takes words, and there are none.
    #[error("header: that template has a place in its header, and nothing stands there")]
    HeaderWords,
    /// Its header is a file, and there is none.
    #[error(
        "header: that template begins with {0}: say the id of a document of ours, its link (https) or Meta's id of it"
    )]
    HeaderFile(&'static str),
    /// Of the document that was named nothing may stand there.
    #[error(
        "header: of that document nothing is sent as {0}: there is none, it is not for everybody's eyes, or it is no such file"
    )]
    NoDocument(&'static str),
    /// Its header takes nothing, and was given something.
    #[error("header: that template takes nothing there")]
    NoHeader,
    /// Its header would be too long.
    #[error("header: at most 60 characters")]
    HeaderLong,
    /// It has so many buttons, and was given more.
    #[error("buttons: that template has {0}")]
    Buttons(usize),
    /// That button takes something, and was given nothing.
    #[error("buttons: button {0} of that template takes {1}, and nothing was given")]
    ButtonEmpty(usize, &'static str),
    /// That button takes nothing, and was given something.
    #[error("buttons: button {0} of that template takes nothing")]
    ButtonFull(usize),
    /// What was given for that button cannot be sent.
    #[error("buttons: button {0} takes {1}")]
    ButtonWrong(usize, &'static str),
    /// It has a part that nothing here sends.
    #[error(
        "template: it has a part that is not sent from here (a place on a map, cards, products or an offer)"
    )]
    Beyond,
    /// Meta has not told yet what it takes.
    #[error("template: what its header and its buttons take is not known yet; ask again in an hour")]
    NotKnown,
}

impl Header {
    /// What a header is that is a file, in words; none where it is words.
    #[must_use]
    pub fn as_file(&self) -> Option<&'static str> {
        self.file().map(|(_, said)| said)
    }

    fn file(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Text(_) => None,
            Self::Image => Some(("image", "a picture")),
            Self::Video => Some(("video", "a video")),
            Self::Document => Some(("document", "a file")),
        }
    }
}

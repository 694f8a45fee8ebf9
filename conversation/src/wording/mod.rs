//! What a sender is told. Pure: an outcome goes in, a short text comes out; the sentences are data, a file a language.
//!
//! It repeats what was read, so that the sender can see a wrong amount; of an ID it repeats nothing. What was read is a
//! stranger's text: it is cut, and stripped of everything but plain characters.

pub(crate) mod particulars;
#[cfg(test)]
mod tests;

use acuse_pipeline::{
    document::Kind,
    fields::Fields,
    reason::{LETTERS, Reason, ReasonCode},
};
use minijinja::context;
use time::Date;

use crate::{TRIED, asks_of, book::say, case::Expects, language::Language, mended_by};
use particulars::date_in_words;
pub use particulars::{in_short, particulars};

/// What became of a document, as its sender is told.
#[derive(Debug, Clone, Copy)]
pub enum Telling<'a> {
    /// It is filed.
    Filed {
        /// What it is.
        kind: Kind,
        /// What was read.
        fields: &'a Fields,
    },
    /// A person will look at it.
    InReview,
    /// It is of no use as it is: please send another.
    SendAgain(ReasonCode),
    /// Something is missing that they have: the other side, a page, a password.
    Needs(Expects),
    /// The password that they sent opens nothing.
    WrongPassword,
    /// Next to no text was found on it: no document, or one that is too blurred or too far away. A person looks.
    NoText,
    /// It came from them before.
    Duplicate {
        /// When the first came.
        first_on: Date,
        /// Whether that was the very same file, and not another picture of the same paper.
        same_file: bool,
    },
    /// It is kept, and nobody asks them for more; of what it was found to be the same as, they are told nothing.
    Kept,
    /// A person asks for another, in their own words or in the sentence of the reason.
    Asked {
        /// Why; none where no reason is theirs to hear.
        code: Option<ReasonCode>,
        /// What the person wrote; empty for the sentence.
        words: &'a str,
    },
    /// The very same file came again, though another was asked for.
    SameAgain,
    /// A person refused it.
    Rejected,
    /// Its content is withheld from us (a photo to be viewed once).
    SendNormally,
    /// They send very much at once.
    ManyFiles,
    /// It is nothing that can be read: a voice note, a video. A person sees it.
    NotAFile,
    /// It is a sticker: nobody need see it.
    Sticker,
}

impl Telling<'_> {
    /// What the reasons of a review mean for the sender: whether another file would help, or a person looks.
    #[must_use]
    pub fn of_reasons(reasons: &[Reason]) -> Telling<'static> {
        match reasons.first().map(|reason| (reason, asks_of(reason))) {
            Some((reason, Some(Expects::File))) => Telling::SendAgain(reason.code),
            Some((reason, Some(Expects::Password))) if reason.detail.contains_key(TRIED) => {
                Telling::WrongPassword
            }
            Some((_, Some(expects))) => Telling::Needs(expects),
            Some((reason, None))
                if reason.code == ReasonCode::NotADocument && reason.detail.contains_key(LETTERS) =>
            {
                Telling::NoText
            }
            _ => Telling::InReview,
        }
    }

    /// The text.
    #[must_use]
    pub fn text(self, language: Language) -> String {
        let plainly = |key: &str| say(language, key, context! {});
        match self {
            Self::Filed { kind, fields } => filed(kind, fields, language),
            Self::InReview => plainly("in_review"),
            Self::SendAgain(code) if can_be_mended_by_sender(code) => plainly(&format!("send_again.{code}")),
            Self::SendAgain(code) => asked(Some(code), "", language),
            Self::Needs(expects) => plainly(&format!("needs.{}", expects.as_str())),
            Self::WrongPassword => plainly("needs.password_again"),
            Self::NoText => plainly("no_text"),
            Self::Duplicate { first_on, same_file } => {
                let key = if same_file { "duplicate" } else { "duplicate.paper" };
                say(language, key, context! { date => date_in_words(first_on, language) })
            }
            Self::Kept => plainly("kept"),
            Self::Asked { code, words } => asked(code, words, language),
            Self::SameAgain => plainly("same_again"),
            Self::Rejected => plainly("rejected"),
            Self::SendNormally => plainly("send_normally"),
            Self::ManyFiles => plainly("many_files"),
            Self::NotAFile => plainly("not_a_file"),
            Self::Sticker => plainly("sticker"),
        }
    }
}

/// Whether the sender can mend it by sending another file. Each such reason has its sentence `send_again.…`.
fn can_be_mended_by_sender(code: ReasonCode) -> bool {
    mended_by(code.as_str()).is_some()
}

/// What is asked for, truly: the sentence of the reason, or the reviewer's words as they stand.
fn asked(code: Option<ReasonCode>, words: &str, language: Language) -> String {
    let words = words.trim();
    if words.is_empty() {
        let key = code.map_or_else(|| "asked.plainly".to_owned(), |code| format!("asked.{code}"));
        return say(language, &key, context! {});
    }
    let stop = if words.ends_with(['.', '!', '?']) { "" } else { "." };
    say(language, "asked", context! { words => format!("{words}{stop}") })
}

fn filed(kind: Kind, fields: &Fields, language: Language) -> String {
    let read = if kind == Kind::Id { Vec::new() } else { particulars(fields, language) };
    if read.is_empty() {
        return say(language, &format!("filed.{kind}"), context! {});
    }
    say(language, &format!("filed.{kind}.read"), context! { read => read.join(", ") })
}

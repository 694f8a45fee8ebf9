//! What a person has said of a document before its page: a draft offered again, or a decision that was refused, with
//! what is wrong at each field.

use acuse_pipeline::{checks::Warning, fields::FieldName};
use acuse_storage::{Document, reviews::drafts::Draft};
use time::OffsetDateTime;

use super::{
    decide,
    language::Tongue,
    sentence,
    timed::{Moment, Timed},
    typed::Typed,
};
use crate::review::Refusal;

/// What speaks against the decision, with a way to the field.
pub(super) struct Warned {
    pub(super) message: String,
    pub(super) field: String,
    /// What the form calls it.
    pub(super) name: String,
}

/// What the person has said of the document before this page.
pub(super) enum Said<'a> {
    Nothing,
    Draft(Draft),
    Refused(&'a Typed, &'a Refusal),
}

impl Said<'_> {
    pub(super) fn typed(&self) -> Typed {
        match self {
            Self::Nothing => Typed::default(),
            Self::Draft(draft) => Typed(draft.form.clone()),
            Self::Refused(typed, _) => (*typed).clone(),
        }
    }

    /// What was said with the decision that was refused.
    pub(super) fn refused(&self) -> Option<&Typed> {
        if let Self::Refused(typed, _) = self { Some(*typed) } else { None }
    }

    pub(super) fn faults(&self) -> Vec<String> {
        match self {
            Self::Refused(_, refusal) => decide::general(refusal),
            _ => Vec::new(),
        }
    }

    pub(super) fn warnings(&self) -> Vec<Warned> {
        let Self::Refused(_, Refusal::Warnings(warnings)) = self else { return Vec::new() };
        let field = |w: &Warning| w.field.map(|f| f.as_str().to_owned()).unwrap_or_default();
        let warned = |w: &Warning| Warned { message: w.message.clone(), field: field(w), name: w.name() };
        warnings.iter().map(warned).collect()
    }

    /// What is wrong with a field.
    pub(super) fn fault(&self, name: FieldName) -> String {
        match self {
            Self::Refused(_, Refusal::Faults(faults)) => faults
                .iter()
                .find(|f| f.field == Some(name))
                .map(|f| sentence(&f.message))
                .unwrap_or_default(),
            Self::Refused(_, Refusal::Warnings(warnings)) => {
                warnings.iter().find(|w| w.field == Some(name)).map(|w| w.message.clone()).unwrap_or_default()
            }
            _ => String::new(),
        }
    }

    /// That something is offered again, and of when it is.
    pub(super) fn draft(&self, document: &Document, tongue: Tongue, now: OffsetDateTime) -> Option<Timed> {
        let Self::Draft(draft) = self else { return None };
        if !self.typed().differs(document) {
            return None;
        }
        let at = Moment::near(draft.saved_at, now);
        let mut again = Timed::said(tongue, "What you typed at {} is filled in again.", &[], at);
        if draft.document_version != document.version {
            again.after.push(' ');
            again.after.push_str(tongue.t("The document has changed since: look at what differs."));
        }
        Some(again)
    }
}

//! Why a decision was not made, so that whoever asks can say it better.

use acuse_pipeline::{checks::Warning, fields::FieldName};
use acuse_storage::CatalogError;

use crate::problem::Problem;

/// A value that cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// At which field; none where it is about the decision.
    pub field: Option<FieldName>,
    /// What to do differently.
    pub message: String,
}

/// Why a decision was not made. Nothing changed.
#[derive(Debug)]
pub enum Refusal {
    /// As things stand it cannot be.
    Problem(Problem),
    /// Something that was said cannot be kept.
    Faults(Vec<Fault>),
    /// Something speaks against it; said again with a reason, it is done.
    Warnings(Vec<Warning>),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<CatalogError> for Refusal {
    fn from(error: CatalogError) -> Self {
        Self::Problem(error.into())
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Problem(problem) => problem,
            Refusal::Faults(faults) => {
                let said = faults.into_iter().map(|fault| match fault.field {
                    Some(field) => format!("fields.{field}: {}", fault.message),
                    None => fault.message,
                });
                Self::Unprocessable(said.collect::<Vec<_>>().join("; "))
            }
            Refusal::Warnings(warnings) => Self::Unproven(warnings),
        }
    }
}

pub(super) fn fault(message: impl Into<String>) -> Vec<Fault> {
    vec![Fault { field: None, message: message.into() }]
}

//! Whether Meta lets a template go, and with what.

use acuse_whatsapp::template::{Filled, Given, Takes, Unfit};

use super::ADVERTISING;
use crate::{
    consents::Category,
    error::CatalogError,
    names::{json as parsed, micros},
    sql::Tx,
};

/// A template that Meta lets go now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Approved {
    /// For what kind of message.
    pub category: Category,
    /// In which language.
    pub language: String,
    /// What it takes; none: not known.
    pub takes: Option<Takes>,
}

impl Approved {
    /// Why what is given does not fit it; of one of which nothing is known, only what every one takes can be judged.
    pub(crate) fn unfit(&self, given: Given<'_>) -> Option<Unfit> {
        let filled: Result<Filled, Unfit> = match &self.takes {
            Some(takes) => takes.fill(given),
            None if given.header.is_some() || given.file.is_some() || !given.buttons.is_empty() => {
                Err(Unfit::NotKnown)
            }
            None => return None,
        };
        filled.err()
    }
}

/// What a template takes, out of its row.
pub(crate) fn taken(takes: Option<&str>) -> Result<Option<Takes>, CatalogError> {
    takes.map(|takes| parsed("templates", "takes", takes)).transpose()
}

/// Whether, and as what, Meta lets a template go now, in this language or its base; none: it does not.
pub(crate) async fn approved(
    tx: &mut Tx,
    number: &str,
    template: &str,
    language: &str,
) -> Result<Option<Approved>, CatalogError> {
    let base = language.split(['_', '-']).next().unwrap_or_default().to_owned();
    let present = micros(tx.now());
    // The one that goes comes first: of the language, else the first of its base.
    let kinds = all!(
        tx,
        (String, Option<String>, String),
        "SELECT t.category, t.takes, t.language FROM templates t JOIN numbers n ON n.phone_number_id = $1 \
         WHERE t.waba_id = COALESCE(n.waba_id, t.waba_id) AND t.name = $2 AND t.status = 'APPROVED' \
           AND (t.paused_until IS NULL OR t.paused_until <= $3) \
           AND (t.language = $4 OR t.language = $5 OR t.language LIKE $6) \
         ORDER BY CASE WHEN t.language = $4 THEN 0 ELSE 1 END, t.language LIMIT 50",
        number,
        template,
        present,
        language,
        base.as_str(),
        format!("{base}_%")
    )?;
    let Some((_, takes, language)) = kinds.first() else { return Ok(None) };
    let advertises = kinds.iter().any(|(kind, ..)| kind == ADVERTISING);
    let category = if advertises { Category::Marketing } else { Category::Utility };
    Ok(Some(Approved { category, language: language.clone(), takes: taken(takes.as_deref())? }))
}

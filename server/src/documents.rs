//! The list of documents, as the API and the desk ask for it.

use acuse_storage::{
    Access, CustomerId, Document, DocumentFilter, DocumentId,
    documents::{DocumentCursor, NotACursor, Page},
    names::{ContactId, EntityId},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    access::Caller,
    extract::{cursor, day, limit, time, word},
    problem::Problem,
    state::App,
};

/// Query of the list.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    /// A status, or `duplicate`; a duplicate is listed under no other.
    pub status: Option<String>,
    /// A kind.
    pub kind: Option<String>,
    /// A customer's id.
    pub customer_id: Option<String>,
    /// The id of a firm of ours.
    pub entity_id: Option<String>,
    /// `payable` or `receivable`.
    pub direction: Option<String>,
    /// A contact's id.
    pub contact_id: Option<String>,
    /// How it came.
    pub source: Option<String>,
    /// The first document of a file: all of that file.
    pub part_of: Option<String>,
    /// Received at or after.
    pub from: Option<String>,
    /// Received before.
    pub to: Option<String>,
    /// Changed at or after.
    pub updated_from: Option<String>,
    /// Changed before.
    pub updated_to: Option<String>,
    /// Its own date at or after.
    pub date_from: Option<String>,
    /// Its own date before.
    pub date_to: Option<String>,
    /// The issuer's name begins so.
    pub issuer: Option<String>,
    /// The issuer's tax id.
    pub tax_id: Option<String>,
    /// Its number.
    pub number: Option<String>,
    /// Its total or more.
    pub amount_from: Option<String>,
    /// Its total or less.
    pub amount_to: Option<String>,
    /// Its currency.
    pub currency: Option<String>,
    /// In file name, caption, fields or text.
    pub q: Option<String>,
    /// The order.
    pub sort: Option<String>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Page size.
    pub limit: Option<u32>,
    /// Only these members of each document, comma separated.
    pub fields: Option<String>,
}

impl Query {
    /// What narrows and orders the list, as it was asked; not which page of it is shown, and how. It is read off the
    /// query itself, so that no filter is forgotten.
    #[must_use]
    pub fn narrowing(&self) -> Vec<(String, String)> {
        let Ok(Value::Object(all)) = serde_json::to_value(self) else { return Vec::new() };
        let asked =
            all.into_iter().filter(|(name, _)| !matches!(name.as_str(), "after" | "limit" | "fields"));
        let said = asked.filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
        let mut said: Vec<_> = said.filter(|(_, value)| !value.trim().is_empty()).collect();
        said.sort();
        said
    }

    fn filter(&self, access: Access) -> Result<DocumentFilter, Problem> {
        let text = |value: &Option<String>| value.clone().filter(|v| !v.trim().is_empty());
        let duplicates = self.status.as_deref() == Some("duplicate");
        Ok(DocumentFilter {
            status: if duplicates { None } else { word("status", self.status.as_deref())? },
            duplicates,
            held: None,
            kind: word("kind", self.kind.as_deref())?,
            customer_id: word::<CustomerId>("customer_id", self.customer_id.as_deref())?,
            entity_id: word::<EntityId>("entity_id", self.entity_id.as_deref())?,
            direction: word("direction", self.direction.as_deref())?,
            contact_id: word::<ContactId>("contact_id", self.contact_id.as_deref())?,
            source: word("source", self.source.as_deref())?,
            part_of: word::<DocumentId>("part_of", self.part_of.as_deref())?,
            from: time("from", self.from.as_deref())?,
            to: time("to", self.to.as_deref())?,
            updated_from: time("updated_from", self.updated_from.as_deref())?,
            updated_to: time("updated_to", self.updated_to.as_deref())?,
            date_from: day("date_from", self.date_from.as_deref())?,
            date_to: day("date_to", self.date_to.as_deref())?,
            issuer: text(&self.issuer),
            tax_id: text(&self.tax_id),
            number: text(&self.number),
            amount_from: word("amount_from", self.amount_from.as_deref())?,
            amount_to: word("amount_to", self.amount_to.as_deref())?,
            currency: text(&self.currency),
            q: text(&self.q),
            sort: word("sort", self.sort.as_deref())?.unwrap_or_default(),
            access,
        })
    }
}

/// One page of documents for a caller. What is withheld is not found, and not sorted, by what it says.
///
/// # Errors
/// 400 for a filter that cannot be.
pub async fn find(
    app: &App,
    caller: &Caller,
    query: Query,
) -> Result<Page<Document, DocumentCursor>, Problem> {
    let filter = query.filter(caller.access().clone())?;
    let after = cursor::<DocumentCursor>(query.after.as_deref())?;
    if after.as_ref().is_some_and(|after| !after.is_of(&filter)) {
        return Err(Problem::Unprocessable(format!("after: {NotACursor}")));
    }
    Ok(app.catalog.documents(&filter, after.as_ref(), limit(query.limit)?).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> Result<Query, String> {
        let uri = format!("/v1/documents?{query}").parse().unwrap();
        axum::extract::Query::<Query>::try_from_uri(&uri).map(|q| q.0).map_err(|e| e.body_text())
    }

    #[test]
    fn what_narrows_a_list_is_known_by_its_name() {
        let all = serde_json::to_value(Query::default()).unwrap();
        let names: Vec<&String> = all.as_object().unwrap().keys().collect();
        let page = ["after", "limit", "fields"];
        let said = names.iter().filter(|name| !page.contains(&name.as_str()));
        let query: Vec<String> = said.map(|name| format!("{name}=x")).collect();
        let asked = asked(&format!("{}&after=y&limit=3&fields=id", query.join("&"))).unwrap();
        assert_eq!(asked.narrowing().len(), names.len() - page.len());
        assert!(Query::default().narrowing().is_empty());
    }

    #[test]
    fn what_cannot_be_is_refused_and_what_is_empty_is_absent() {
        let filter = |query: &str| asked(query).unwrap().filter(Access::default());
        for bad in ["amount_from=12,5", "date_to=2026-13-01", "sort=size", "status=open", "source=fax"] {
            assert!(matches!(filter(bad), Err(Problem::BadRequest(_))), "{bad}");
        }
        let found =
            filter("issuer=+&status=duplicate&sort=-amount&amount_to=-5.50&number=&date_from=").unwrap();
        assert!(
            found.duplicates && found.status.is_none() && found.issuer.is_none() && found.number.is_none()
        );
        assert_eq!((found.sort.as_str(), found.amount_to), ("-amount", "-5.5".parse().ok()));
    }
}

//! What those who follow the feed hear of a case: that it began, and how it ended. With whom and of what kind, and no word of
//! what is said in it. It is told to whoever the case itself exists for.

use std::collections::HashSet;

use acuse_conversation::{End, Kind, State};
use serde_json::json;
use uuid::Uuid;

use super::{Held, OPEN, subject_of, unknown};
use crate::{
    access::{Access, literal},
    catalog::Catalog,
    conversation,
    error::CatalogError,
    events::{self, Event, NewEvent},
    names::{CaseId, ContactId, CustomerId},
    sql::{Bind, Tx},
};

const OPENED: &str = "case.opened";
const CLOSED: &str = "case.closed";

/// A case, as far as it is told of.
pub(crate) struct Matter<'a> {
    pub id: CaseId,
    /// With whom; none where that is not to be said.
    pub contact: Option<ContactId>,
    pub kind: Kind,
    pub subject: &'a str,
}

impl<'a> From<&'a Held> for Matter<'a> {
    fn from(held: &'a Held) -> Self {
        Self { id: held.id, contact: Some(held.contact), kind: held.case.kind, subject: &held.subject }
    }
}

/// A case began.
pub(super) async fn tell_opened(tx: &mut Tx, matter: Matter<'_>) -> Result<(), CatalogError> {
    tell(tx, matter, None).await
}

/// A case is over.
pub(crate) async fn tell_closed(tx: &mut Tx, matter: Matter<'_>, end: End) -> Result<(), CatalogError> {
    tell(tx, matter, Some(end)).await
}

/// Of the open cases of which `which` (SQL of `$1`) holds: an erasure is about to end them. With whom they were is not said any
/// more.
pub(crate) async fn tell_erased(tx: &mut Tx, which: &str, of: Bind) -> Result<(), CatalogError> {
    let text = format!("SELECT id, kind, subject FROM cases WHERE {which} AND state IN {OPEN} ORDER BY id");
    for (id, kind, subject) in all_of!(tx, (Uuid, String, String), text, vec![of])? {
        let kind = Kind::of(&kind).ok_or_else(|| unknown("kind", &kind))?;
        let matter = Matter { id: CaseId(id), contact: None, kind, subject: &subject };
        tell_closed(tx, matter, End::Stopped).await?;
    }
    Ok(())
}

async fn tell(tx: &mut Tx, matter: Matter<'_>, ended: Option<End>) -> Result<(), CatalogError> {
    let mut data = json!({ "case_id": matter.id, "kind": matter.kind.as_str() });
    if let Some(contact) = matter.contact {
        data["contact_id"] = json!(contact);
    }
    if let Some(customer) = whose(tx, &matter).await? {
        data["customer_id"] = json!(customer);
    }
    if let Some(end) = ended {
        data["state"] = json!(State::Closed(end).as_str());
    }
    let kind = if ended.is_some() { CLOSED } else { OPENED };
    // Boxed, for a case begins and ends in the midst of whatever else is written.
    Box::pin(events::write(tx, &[NewEvent { kind, document: None, data }])).await
}

/// Who owes what it is about, or for whom its contact writes.
async fn whose(tx: &mut Tx, matter: &Matter<'_>) -> Result<Option<CustomerId>, CatalogError> {
    if matter.kind == Kind::Collection {
        return Ok(subject_of(matter.subject).parse().ok());
    }
    let Some(contact) = matter.contact else { return Ok(None) };
    let sql = "SELECT customer_id FROM contacts WHERE id = $1";
    let row = optional!(tx, (Option<Uuid>,), sql, contact.0)?;
    Ok(row.and_then(|(customer,)| customer).map(CustomerId))
}

/// The case that an event is about, where it is about one; of an emptied one nobody knows.
pub(crate) fn case_of(event: &Event) -> Option<Uuid> {
    let is_of_case = [OPENED, CLOSED].contains(&event.kind.as_str());
    event.data.get("case_id").filter(|_| is_of_case)?.as_str()?.parse().ok()
}

impl Catalog {
    /// Those of these cases that exist for a caller.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn cases_within(
        &self,
        access: &Access,
        ids: &[Uuid],
    ) -> Result<HashSet<Uuid>, CatalogError> {
        let mut tx = self.reading().await?;
        let mut found = HashSet::new();
        for some in ids.chunks(500) {
            let list = some.iter().map(|id| literal(&tx, *id)).collect::<Vec<_>>().join(", ");
            let text = format!(
                "SELECT s.id FROM cases s JOIN contacts c ON c.id = s.contact_id WHERE s.id IN ({list}) AND {}",
                conversation::reach(access, &tx)
            );
            let rows = all!(tx, (Uuid,), sqlx::AssertSqlSafe(text.clone()))?;
            found.extend(rows.into_iter().map(|(id,)| id));
        }
        Ok(found)
    }
}

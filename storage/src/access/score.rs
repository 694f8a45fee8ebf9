//! How sensitive a document is: a pure rule over what was read, and what stands around it in the catalog.

use acuse_pipeline::{
    document::Kind,
    intake::fingerprint::distance,
    reading::Fingerprint,
    reason::{Reason, ReasonCode},
};
use uuid::Uuid;

use super::Sensitivity;
use crate::{
    documents::{self, Document},
    error::CatalogError,
    names::DocumentId,
    sql::Tx,
};

/// When a document that nobody decided on is `open`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Kinds that may be open.
    pub kinds: Vec<Kind>,
    /// The calibrated probability that it is an ID must stay under this.
    pub most_id_probability: f64,
    /// Below this nobody vouches for the kind.
    pub least_confidence: f64,
    /// So many IDs that share a quarter of a fingerprint, or all of one but a bit, are compared with a document; among more,
    /// nobody vouches that it looks like none.
    pub most_alike: u32,
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            kinds: vec![Kind::Invoice, Kind::Receipt],
            most_id_probability: 0.001,
            least_confidence: 0.9,
            most_alike: 5000,
        }
    }
}

/// What the rule looks at.
#[derive(Debug, Clone, Copy)]
pub struct Scored<'a> {
    /// What it is taken for.
    pub kind: Option<Kind>,
    /// Probability that `kind` is right.
    pub confidence: Option<f64>,
    /// Probability that it is an ID; unknown of what was read before it was kept.
    pub id_probability: Option<f64>,
    /// Why the reader would not file it.
    pub findings: &'a [Reason],
    /// Whether its original holds an ID, or it looks like one that came before.
    pub beside_id: bool,
}

impl Rule {
    /// Doubt withholds: only what all of this speaks for is open.
    #[must_use]
    pub fn score(&self, seen: &Scored<'_>) -> Sensitivity {
        if seen.kind == Some(Kind::Id) {
            return Sensitivity::Id;
        }
        let vouched = seen.kind.is_some_and(|kind| kind != Kind::Id && self.kinds.contains(&kind))
            && seen.confidence.is_some_and(|c| c >= self.least_confidence)
            && !seen.findings.iter().any(|r| doubts_kind(r.code));
        let hardly_id = seen.id_probability.is_some_and(|p| p < self.most_id_probability);
        if vouched && hardly_id && !seen.beside_id { Sensitivity::Open } else { Sensitivity::Unknown }
    }
}

/// Reasons that say that the reader does not know what it holds.
fn doubts_kind(code: ReasonCode) -> bool {
    matches!(
        code,
        ReasonCode::NotADocument
            | ReasonCode::MultipleDocuments
            | ReasonCode::Unreadable
            | ReasonCode::Malware
    )
}

/// Pictures this near are looked at as one, as where duplicates are sought.
const NEAR: u32 = 6;

/// Sets a document's sensitivity by the rule, from its row; what turns out to be an ID closes what lies beside it.
/// What a person said of it stays said.
pub(crate) async fn settle(tx: &mut Tx, rule: &Rule, id: DocumentId) -> Result<(), CatalogError> {
    let document = documents::lookup(tx, id).await?.ok_or(CatalogError::Missing { what: "document" })?;
    let beside_id = is_beside_id(tx, rule, &document).await?;
    let sensitivity = rule.score(&Scored {
        kind: document.kind,
        confidence: document.confidence,
        id_probability: document.id_probability,
        findings: &document.findings,
        beside_id,
    });
    execute!(
        tx,
        "UPDATE documents SET sensitivity = $2 WHERE id = $1 AND sensitivity_by IS NULL",
        id.0,
        sensitivity.as_str()
    )?;
    if sensitivity == Sensitivity::Id { close_beside(tx, &document).await } else { Ok(()) }
}

/// The same once more as it comes to rest: of two that were read at the same moment neither saw that the other is an ID. What
/// is withheld stays so, and is compared with nothing again.
pub(crate) async fn settle_at_rest(tx: &mut Tx, rule: &Rule, id: DocumentId) -> Result<(), CatalogError> {
    let sql = "SELECT 1 FROM documents WHERE id = $1 AND sensitivity <> 'unknown'";
    match optional!(tx, (i32,), sql, id.0)? {
        Some(_) => settle(tx, rule, id).await,
        None => Ok(()),
    }
}

/// A person decided. Who sees IDs says with it that it is none; anybody else can only close. The row already has the
/// kind that they gave it.
pub(crate) async fn decided(
    tx: &mut Tx,
    id: DocumentId,
    who: &str,
    sees_ids: bool,
    before: Sensitivity,
) -> Result<(), CatalogError> {
    let document = documents::lookup(tx, id).await?.ok_or(CatalogError::Missing { what: "document" })?;
    let bill = matches!(document.kind, Some(Kind::Invoice | Kind::Receipt));
    let sensitivity = match (document.kind, before) {
        (Some(Kind::Id), _) => Sensitivity::Id,
        // What was read as an ID does not become everybody's by the word "other" alone.
        (Some(Kind::Other), Sensitivity::Id) => Sensitivity::Unknown,
        (Some(_), _) if sees_ids => Sensitivity::Open,
        (Some(_), Sensitivity::Open) if bill => Sensitivity::Open,
        _ => Sensitivity::Unknown,
    };
    execute!(
        tx,
        "UPDATE documents SET sensitivity = $2, sensitivity_by = $3 WHERE id = $1",
        id.0,
        sensitivity.as_str(),
        Some(who).filter(|_| sees_ids)
    )?;
    if sensitivity == Sensitivity::Id { close_beside(tx, &document).await } else { Ok(()) }
}

/// Whether it was read as an ID before: of a file in whose place another came since, what was said and done is told still.
async fn was_id(tx: &mut Tx, id: DocumentId) -> Result<bool, CatalogError> {
    let sql = "SELECT 1 FROM timeline WHERE document_id = $1 AND event = 'read' AND detail LIKE $2 LIMIT 1";
    let read_as = format!("%\"kind\":\"{}\"%", Kind::Id);
    Ok(optional!(tx, (i32,), sql, id.0, read_as)?.is_some())
}

/// Whether its file holds an ID, or an ID that came before looks like it, or may: with more of them than are compared; or
/// whether it was one itself.
async fn is_beside_id(tx: &mut Tx, rule: &Rule, document: &Document) -> Result<bool, CatalogError> {
    let in_file = optional!(
        tx,
        (i32,),
        "SELECT 1 FROM documents WHERE id <> $1 AND (id = $2 OR part_of = $2) \
         AND (kind = 'id' OR sensitivity = 'id') LIMIT 1",
        document.id.0,
        document.first_of_file().0
    )?;
    if in_file.is_some() || was_id(tx, document.id).await? {
        return Ok(true);
    }
    let most = i64::from(rule.most_alike);
    let alike = alike(tx, document, Sensitivity::Id, most.saturating_add(1)).await?;
    Ok(!alike.near.is_empty() || alike.looked_at > most)
}

/// Closes what the rule had opened beside this ID; what a person opened they have looked at.
async fn close_beside(tx: &mut Tx, document: &Document) -> Result<(), CatalogError> {
    execute!(
        tx,
        "UPDATE documents SET sensitivity = 'unknown' WHERE id <> $1 AND (id = $2 OR part_of = $2) \
         AND sensitivity = 'open' AND sensitivity_by IS NULL",
        document.id.0,
        document.first_of_file().0
    )?;
    // All of them, however many: what is not looked at would stay open.
    for other in alike(tx, document, Sensitivity::Open, i64::MAX).await?.near {
        execute!(
            tx,
            "UPDATE documents SET sensitivity = 'unknown' WHERE id = $1 AND sensitivity = 'open' \
             AND sensitivity_by IS NULL",
            other
        )?;
    }
    Ok(())
}

/// What looks like a document.
#[derive(Default)]
struct Alike {
    near: Vec<Uuid>,
    /// So many were compared.
    looked_at: i64,
}

/// Documents of this sensitivity whose first page looks like this one's, of at most so many that share a quarter of its
/// fingerprint, or all of one but a bit. IDs are looked up by indexes of their own, as each document asks for them.
async fn alike(
    tx: &mut Tx,
    document: &Document,
    sensitivity: Sensitivity,
    most: i64,
) -> Result<Alike, CatalogError> {
    let Some(own) = document.fingerprint.filter(|f| f.0 != 0) else { return Ok(Alike::default()) };
    // Each by itself: SQLite looks up no alternative by an index of some rows alone.
    let of_each = documents::quarters(own, &[0, 1]).map(|quarter| {
        format!(
            "SELECT * FROM (SELECT id, fingerprint FROM documents WHERE sensitivity = '{sensitivity}' AND id <> $1 \
             AND {quarter} LIMIT $2) q"
        )
    });
    let text = format!("SELECT id, fingerprint FROM ({}) alike LIMIT $2", of_each.join(" UNION "));
    let rows = all!(tx, (Uuid, i64), sqlx::AssertSqlSafe(text.clone()), document.id.0, most)?;
    let looked_at = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let near = |bits: i64| distance(own, Fingerprint(bits.cast_unsigned())) <= NEAR;
    let near = rows.into_iter().filter(|(_, bits)| near(*bits)).map(|(id, _)| id).collect();
    Ok(Alike { near, looked_at })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sure() -> Scored<'static> {
        Scored {
            kind: Some(Kind::Receipt),
            confidence: Some(0.97),
            id_probability: Some(0.0004),
            findings: &[],
            beside_id: false,
        }
    }

    #[test]
    fn a_bill_that_all_speaks_for_is_open() {
        assert_eq!(Rule::default().score(&sure()), Sensitivity::Open);
    }

    #[test]
    fn any_doubt_withholds() {
        let several = [Reason::new(ReasonCode::MultipleDocuments, "two")];
        for (why, seen) in [
            ("not classified", Scored { kind: None, ..sure() }),
            ("a passport misread as a receipt at 0.48", Scored { confidence: Some(0.48), ..sure() }),
            ("really perhaps an ID", Scored { id_probability: Some(0.001), ..sure() }),
            ("never scored", Scored { id_probability: None, ..sure() }),
            ("several in one file", Scored { findings: &several, ..sure() }),
            ("looks like an ID, or lies beside one", Scored { beside_id: true, ..sure() }),
            ("no bill", Scored { kind: Some(Kind::Other), ..sure() }),
        ] {
            assert_eq!(Rule::default().score(&seen), Sensitivity::Unknown, "{why}");
        }
        let id = Scored { kind: Some(Kind::Id), ..sure() };
        assert_eq!(Rule::default().score(&id), Sensitivity::Id);
        let lenient = Rule { kinds: Kind::ALL.to_vec(), ..Rule::default() };
        assert_eq!(lenient.score(&id), Sensitivity::Id, "no rule opens an ID");
    }
}

//! Retention: documents whose time is over, by their kind and by what became of them. Off until somebody says how long.

use std::{fmt, str::FromStr};

use acuse_pipeline::document::Kind;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::holds::HELD;
use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{DocumentId, micros},
};

/// How long documents of a kind with an end are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Of which kind; none for any that no other rule names.
    pub kind: Option<Kind>,
    /// `filed`, `rejected` or `duplicate`; none for any.
    pub status: Option<&'static str>,
    /// From the day they came.
    pub kept: Duration,
}

/// All rules, e.g. `id.filed=365,*.rejected=90`. The first that fits a document counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retention(pub Vec<Rule>);

/// What is no retention.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no rule: write KIND.STATUS=DAYS, of invoice, receipt, id, other or *, and of filed, rejected, duplicate \
     or *, with 1 to 36500 days; e.g. id.filed=365,*.rejected=90"
)]
pub struct NotARetention(String);

const STATUSES: [&str; 3] = ["filed", "rejected", "duplicate"];

fn rule(text: &str) -> Option<Rule> {
    let (what, days) = text.split_once('=')?;
    let (kind, status) = what.trim().split_once('.')?;
    let kind = if kind == "*" { None } else { Some(kind.parse().ok()?) };
    let status = if status == "*" { None } else { Some(*STATUSES.iter().find(|known| **known == status)?) };
    let days: i64 = days.trim().parse().ok().filter(|days| (1..=36_500).contains(days))?;
    Some(Rule { kind, status, kept: Duration::days(days) })
}

impl FromStr for Retention {
    type Err = NotARetention;

    fn from_str(text: &str) -> Result<Self, NotARetention> {
        let rules = text.split(',').map(str::trim).filter(|r| !r.is_empty());
        rules.map(|r| rule(r).ok_or_else(|| NotARetention(r.to_owned()))).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.map_or("*", Kind::as_str);
        write!(f, "{kind}.{}={}", self.status.unwrap_or("*"), self.kept.whole_days())
    }
}

impl Rule {
    /// SQL that holds for the documents `@` that the rule is of.
    fn condition(&self) -> String {
        let kind = self.kind.map_or_else(|| "1 = 1".to_owned(), |kind| format!("@.kind = '{kind}'"));
        let status = match self.status {
            None => "1 = 1".to_owned(),
            Some("duplicate") => "@.duplicate_of IS NOT NULL".to_owned(),
            Some(status) => format!("@.status = '{status}' AND @.duplicate_of IS NULL"),
        };
        format!("({kind} AND {status})")
    }
}

/// What something open needs of a document `@`: a decision that can be taken back, a case, an approval, a message on its
/// way, an event that somebody has yet to hear, a copy on its road.
const NEEDED: &str = "EXISTS (SELECT 1 FROM holds u WHERE u.document_id = @.id) \
     OR EXISTS (SELECT 1 FROM case_documents cd JOIN cases c ON c.id = cd.case_id WHERE cd.document_id = @.id \
        AND c.state IN ('gathering', 'working', 'waiting', 'human')) \
     OR EXISTS (SELECT 1 FROM approvals a WHERE a.document_id = @.id AND a.state = 'asked') \
     OR EXISTS (SELECT 1 FROM outbox o WHERE o.document_id = @.id \
        AND o.state IN ('queued', 'sending', 'sent', 'unknown', 'refused')) \
     OR EXISTS (SELECT 1 FROM webhook_deliveries w WHERE w.about = @.id AND w.state = 'queued') \
     OR EXISTS (SELECT 1 FROM documents k WHERE k.duplicate_of = @.id AND k.stage <> 'done')";

impl Retention {
    /// SQL that holds for the documents `alias` whose time is over at `present`, and that may go.
    fn over(&self, alias: &str, present: OffsetDateTime) -> String {
        let mut earlier = "1 = 0".to_owned();
        let mut times = Vec::with_capacity(self.0.len());
        for rule in &self.0 {
            let (of, before) = (rule.condition(), micros(present - rule.kept));
            times.push(format!("({of} AND NOT ({earlier}) AND @.received_at < {before})"));
            earlier = format!("{earlier} OR {of}");
        }
        let rests = "@.stage = 'done' AND @.status IN ('filed', 'rejected')";
        format!("{rests} AND ({}) AND NOT ({HELD}) AND NOT ({NEEDED})", times.join(" OR "))
            .replace('@', alias)
    }

    /// SQL of the documents whose time is over. Those of one file go together, when the time of all of them is over.
    fn sql(&self, present: OffsetDateTime) -> Option<String> {
        let shortest = self.0.iter().map(|rule| rule.kept).min()?;
        // IS TRUE, or SQLite takes the index of a state, which has all that was erased too, and sorts what it finds there.
        Some(format!(
            "SELECT d.id FROM documents d WHERE d.erased_at IS NULL AND d.stage = 'done' AND d.received_at < {} AND ({}) IS TRUE \
             AND NOT EXISTS (SELECT 1 FROM documents p WHERE d.part IS NOT NULL AND p.erased_at IS NULL \
               AND (p.id = COALESCE(d.part_of, d.id) OR p.part_of = COALESCE(d.part_of, d.id)) AND NOT ({})) \
             ORDER BY d.received_at, d.id LIMIT $1",
            micros(present - shortest),
            self.over("d", present),
            self.over("p", present)
        ))
    }
}

impl Catalog {
    /// Documents whose time is over at `present`, that nothing open needs and no hold keeps, at most `most`. Those that
    /// came in one file go together.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn due(
        &self,
        retention: &Retention,
        present: OffsetDateTime,
        most: u32,
    ) -> Result<Vec<DocumentId>, CatalogError> {
        let Some(text) = retention.sql(present) else { return Ok(Vec::new()) };
        let mut tx = self.reading().await?;
        let rows = all!(tx, (Uuid,), sqlx::AssertSqlSafe(text.clone()), i64::from(most))?;
        Ok(rows.into_iter().map(|(id,)| DocumentId(id)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_and_said_again() {
        let read: Retention = "id.filed=365, *.rejected=90,receipt.*=3650".parse().unwrap();
        let said: Vec<String> = read.0.iter().map(ToString::to_string).collect();
        assert_eq!(said, ["id.filed=365", "*.rejected=90", "receipt.*=3650"]);
        assert_eq!("".parse::<Retention>().unwrap(), Retention::default(), "off");
        for bad in
            ["id", "id.filed", "id.filed=0", "x.filed=3", "id.in_review=3", "id.filed=-1", "id.filed=36501"]
        {
            assert!(bad.parse::<Retention>().is_err(), "{bad}");
        }
    }
}

//! How much waits, read off counts that the database keeps with every change (migration 0076), so that a page's frame costs
//! the same however much does.

use acuse_pipeline::reason::ReasonCode;

use crate::{
    access::{Access, Hidden, Sensitivity},
    catalog::Catalog,
    error::CatalogError,
    names::word,
    sql::Tx,
    tallies::places,
};

const T: &str = "waiting_tallies";

/// What waits, for a caller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Documents that wait, of those that exist for them.
    pub documents: u64,
    /// What of all they do not get to see.
    pub hidden: Hidden,
}

/// A count. It may be less than none where counts and rows parted, until they are set right.
fn count(counted: i64) -> u64 {
    u64::try_from(counted).unwrap_or_default()
}

/// How many of these wait, and how many of them say nothing to this caller.
fn told(access: &Access, counted: Vec<(String, i64)>) -> Result<(u64, u64), CatalogError> {
    let (mut all, mut withheld) = (0, 0);
    for (sensitivity, counted) in counted {
        let sensitivity: Sensitivity = word(T, "value", &sensitivity)?;
        all += count(counted);
        if access.withholds(sensitivity) {
            withheld += count(counted);
        }
    }
    Ok((all, withheld))
}

/// What was counted of a member.
async fn tally(tx: &mut Tx, member: &str) -> Result<Vec<(String, i64)>, CatalogError> {
    all!(
        tx,
        (String, i64),
        "SELECT value, CAST(SUM(count) AS BIGINT) FROM waiting_tallies WHERE member = $1 \
         GROUP BY value HAVING SUM(count) > 0 ORDER BY value",
        member
    )
}

impl Catalog {
    /// How many documents wait for a person, and what of them this caller does not get to see. Who is bound has their own
    /// counted, one by one.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn waiting(&self, access: &Access) -> Result<Waiting, CatalogError> {
        let mut tx = self.reading().await?;
        let counted = tally(&mut tx, "sensitivity").await?;
        let (all, withheld) = told(access, counted)?;
        if !access.is_bound() {
            return Ok(Waiting { documents: all, hidden: Hidden { out_of_reach: 0, withheld } });
        }
        let text = format!(
            "SELECT d.sensitivity, COUNT(*) FROM {} WHERE d.status = 'in_review' AND {} GROUP BY d.sensitivity",
            access.waiting(&tx),
            access.reach(&tx, "d")
        );
        let (documents, withheld) =
            told(access, all!(tx, (String, i64), sqlx::AssertSqlSafe(text.clone()))?)?;
        let out_of_reach = all.saturating_sub(documents);
        Ok(Waiting { documents, hidden: Hidden { out_of_reach, withheld } })
    }

    /// How many wait with each reason, of what exists for a caller; one that waits with two is counted with both.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn count_reasons(&self, access: &Access) -> Result<Vec<(ReasonCode, u64)>, CatalogError> {
        let mut tx = self.reading().await?;
        let rows = if access.is_bound() {
            let text = format!(
                "SELECT x.code, COUNT(*) FROM {} JOIN reviews r ON r.document_id = d.id \
                 JOIN review_reasons x ON x.review_id = r.id \
                 WHERE d.status = 'in_review' AND r.resolved_at IS NULL AND {} GROUP BY x.code ORDER BY x.code",
                access.waiting(&tx),
                access.reach(&tx, "d")
            );
            all!(tx, (String, i64), sqlx::AssertSqlSafe(text.clone()))?
        } else {
            tally(&mut tx, "reason").await?
        };
        rows.into_iter().map(|(code, counted)| Ok((word(T, "value", &code)?, count(counted)))).collect()
    }

    /// Adds up what each connection counted for itself.
    pub(crate) async fn add_up_waiting(&self) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        if tx.is_sqlite() {
            return Ok(());
        }
        places::add_up(&mut tx, T, &["member", "value"]).await?;
        tx.commit().await
    }
}

/// A count that is not what waits, and how many are missing from it.
#[derive(Debug)]
pub(crate) struct Miscounted {
    member: String,
    /// A sensitivity, or a reason.
    pub value: String,
    /// Less than none: too many.
    pub missing: i64,
}

/// Counts that are not what waits. One statement sees both.
pub(crate) async fn miscounted(tx: &mut Tx) -> Result<Vec<Miscounted>, CatalogError> {
    let rows = all!(
        tx,
        (String, String, i64),
        "SELECT member, value, CAST(SUM(n) AS BIGINT) FROM ( \
             SELECT 'sensitivity' AS member, d.sensitivity AS value, CAST(COUNT(*) AS BIGINT) AS n \
             FROM reviews r JOIN documents d ON d.id = r.document_id WHERE r.resolved_at IS NULL GROUP BY d.sensitivity \
             UNION ALL SELECT 'reason', x.code, COUNT(*) FROM reviews r JOIN review_reasons x ON x.review_id = r.id \
             WHERE r.resolved_at IS NULL GROUP BY x.code \
             UNION ALL SELECT member, value, -count FROM waiting_tallies) counted \
         GROUP BY member, value HAVING SUM(n) <> 0 ORDER BY member, value"
    )?;
    Ok(rows.into_iter().map(|(member, value, missing)| Miscounted { member, value, missing }).collect())
}

/// Sets a count right: what is missing stays missing whatever was counted since, so it is added.
pub(crate) async fn add(tx: &mut Tx, wrong: &Miscounted) -> Result<(), CatalogError> {
    execute!(
        tx,
        "INSERT INTO waiting_tallies (member, value, lane, count) VALUES ($1, $2, 0, $3) \
         ON CONFLICT (member, value, lane) DO UPDATE SET count = waiting_tallies.count + excluded.count",
        wrong.member.as_str(),
        wrong.value.as_str(),
        wrong.missing
    )
    .map(drop)
}

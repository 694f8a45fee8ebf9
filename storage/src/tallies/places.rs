//! Counts that have places and no days (`message_tallies`, `tally_totals`, `arrival_totals`; [`add_up`] also for `waiting_tallies`): each connection has rows of its own, its lane,
//! so that none waits for another; lane 0 is what was added up.

use crate::{error::CatalogError, sql::Tx};

/// Adds up what each connection of PostgreSQL counted for itself, by what the rows are keyed by beside their lane. Rows that
/// somebody writes are for the next time.
pub(crate) async fn add_up(tx: &mut Tx, table: &str, key: &[&str]) -> Result<(), CatalogError> {
    let of = |row: &str| key.iter().map(|column| format!("{row}.{column}")).collect::<Vec<_>>();
    let same =
        of("t").iter().zip(of("o")).map(|(t, o)| format!("{t} = {o}")).collect::<Vec<_>>().join(" AND ");
    let (taken, key) = (of("t").join(", "), key.join(", "));
    let text = format!(
        "WITH of_lanes AS (SELECT {key}, lane FROM {table} WHERE lane <> 0 ORDER BY {key}, lane FOR UPDATE SKIP LOCKED), \
         gone AS (DELETE FROM {table} t USING of_lanes o WHERE {same} AND t.lane = o.lane RETURNING {taken}, t.count) \
         INSERT INTO {table} (lane, {key}, count) \
         SELECT 0, {key}, SUM(count)::bigint FROM gone GROUP BY {key} ORDER BY {key} \
         ON CONFLICT ({key}, lane) DO UPDATE SET count = {table}.count + excluded.count"
    );
    execute!(tx, sqlx::AssertSqlSafe(text.clone())).map(drop)
}

/// Sets a count right: what is missing stays missing whatever was counted since, so it is added.
pub(crate) async fn add(tx: &mut Tx, table: &str, place: &str, missing: i64) -> Result<(), CatalogError> {
    let text = format!(
        "INSERT INTO {table} (place, lane, count) VALUES ($1, 0, $2) \
         ON CONFLICT (place, lane) DO UPDATE SET count = {table}.count + excluded.count"
    );
    execute!(tx, sqlx::AssertSqlSafe(text.clone()), place, missing).map(drop)
}

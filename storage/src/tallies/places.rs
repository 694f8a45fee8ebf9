//! Counts that have places and no days (`message_tallies`, `tally_totals`): each connection has rows of its own, its lane,
//! so that none waits for another; lane 0 is what was added up.

use crate::{error::CatalogError, sql::Tx};

/// Adds up what each connection of PostgreSQL counted for itself. Rows that somebody writes are for the next time.
pub(crate) async fn add_up(tx: &mut Tx, table: &str) -> Result<(), CatalogError> {
    let text = format!(
        "WITH of_lanes AS (SELECT place, lane FROM {table} WHERE lane <> 0 ORDER BY place, lane FOR UPDATE SKIP LOCKED), \
         gone AS (DELETE FROM {table} t USING of_lanes o WHERE t.place = o.place AND t.lane = o.lane \
             RETURNING t.place, t.count) \
         INSERT INTO {table} (place, lane, count) \
         SELECT place, 0, SUM(count)::bigint FROM gone GROUP BY place ORDER BY place \
         ON CONFLICT (place, lane) DO UPDATE SET count = {table}.count + excluded.count"
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

//! How the database would go about what it is asked: by which index, and whether it walks a table whole.

use std::cell::RefCell;

use sqlx::{AssertSqlSafe, Row};

use crate::{
    Catalog,
    sql::{Both, HEARD},
};

/// What PostgreSQL is not to do with a small table, for which every plan is as good: what is asked is whether there is an index
/// to go by, or one that has the order.
pub(in crate::conformance) const LOOKS_UP: &[&str] = &["enable_seqscan"];
pub(super) const IN_ORDER: &[&str] = &["enable_seqscan", "enable_sort", "enable_incremental_sort"];

/// How the database would go about a statement, whatever its values; PostgreSQL without what is `off`, if it can.
pub(in crate::conformance) async fn plan(catalog: &Catalog, off: &[&str], text: &str) -> String {
    let values = (1..).take_while(|n| text.contains(&format!("${n}"))).count();
    let mut tx = catalog.reading().await.unwrap();
    let lines: Vec<String> = match tx.both() {
        Both::Sqlite(c) => {
            let explained = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"));
            let mut query = sqlx::query_as::<_, (i64, i64, i64, String)>(explained);
            for _ in 0..values {
                query = query.bind(None::<i64>);
            }
            query.fetch_all(c).await.unwrap().into_iter().map(|(.., line)| line).collect()
        }
        Both::Postgres(c) => {
            let nothing =
                if values == 0 { String::new() } else { format!("({})", vec!["NULL"; values].join(", ")) };
            let off = off.iter().map(|what| format!("SET LOCAL {what} = off"));
            for before in off.chain([
                "SET LOCAL plan_cache_mode = force_generic_plan".to_owned(),
                format!("PREPARE explained AS {text}"),
            ]) {
                let done = sqlx::raw_sql(AssertSqlSafe(before)).execute(&mut *c).await;
                assert!(done.is_ok(), "{done:?}: {text}");
            }
            let explained = AssertSqlSafe(format!("EXPLAIN EXECUTE explained{nothing}"));
            let rows = sqlx::raw_sql(explained).fetch_all(&mut *c).await.unwrap();
            sqlx::raw_sql("DEALLOCATE explained").execute(&mut *c).await.unwrap();
            rows.iter().map(|row| row.get(0)).collect()
        }
    };
    lines.join("\n")
}

/// Whether a line of a plan says that a table is walked whole, and no page that the statement itself made.
fn is_scan(line: &str, plan: &str) -> bool {
    let scans =
        |from: &str| ["USING ", "VIRTUAL TABLE", "CONSTANT ROW"].iter().all(|word| !from.contains(word));
    let made = |from: &str| {
        plan.lines().any(|line| {
            ["CO-ROUTINE ", "MATERIALIZE "].iter().any(|word| line.strip_prefix(word) == Some(from))
        })
    };
    line.contains("Seq Scan on") || line.strip_prefix("SCAN ").is_some_and(|from| scans(from) && !made(from))
}

/// What is asked of the database meanwhile.
pub(in crate::conformance) async fn listened(to: impl Future<Output = ()>) -> Vec<String> {
    let listening = async {
        to.await;
        HEARD.with(|all| all.borrow().clone())
    };
    HEARD.scope(RefCell::default(), listening).await
}

/// What a list reads goes by `index` (as SQLite says it, which has no better plan for a table that is empty), and scans
/// nothing; the plans.
pub(super) async fn goes_by(
    catalog: &Catalog,
    off: &[&str],
    (index, what): (&str, &str),
    list: impl Future<Output = ()>,
) -> String {
    let heard = listened(list).await;
    let mut plans = String::new();
    let reads = ["SELECT", "WITH", "UPDATE reviews"];
    for text in heard.iter().filter(|text| reads.iter().any(|word| text.starts_with(word))) {
        let plan = plan(catalog, off, text).await;
        assert!(!plan.lines().any(|line| is_scan(line, &plan)), "{what} scans a table:\n{text}\n{plan}");
        plans.push_str(&plan);
        plans.push('\n');
    }
    let goes = catalog.database() != "sqlite" || plans.contains(index);
    assert!(goes && !heard.is_empty(), "{what} does not go by {index}:\n{heard:#?}\n{plans}");
    plans
}

macro_rules! goes {
    ($catalog:ident, $index:literal, $list:expr) => {
        let what = ($index, stringify!($list));
        goes_by($catalog, LOOKS_UP, what, async { $list.await.map(drop).unwrap() }).await;
    };
}

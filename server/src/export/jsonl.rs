//! JSON Lines: a line of the books a line, and the control totals on the last. Those of a closed month are as they were
//! frozen, byte by byte: the month's SHA-256 is of these lines, without the last. A line that was erased since says less, and
//! its hash as it was (`erased_sha256`): from there on the one hash cannot be made any more, and that of the hashes can. One
//! that came late and was erased brings its hash along too: of its members without those that say how it came.

use acuse_storage::export::{Line, Totals};
use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    AsyncPage, Out, Place,
    source::{Row, Rows},
    streamed,
};
use crate::problem::Problem;

#[derive(Serialize)]
struct Entered<'a> {
    entry: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    erased_sha256: Option<String>,
    #[serde(flatten)]
    line: &'a Line,
}

#[derive(Serialize)]
struct Last<'a> {
    totals: &'a Totals,
}

fn written(out: &mut Vec<u8>, value: &impl Serialize) -> Result<(), Problem> {
    serde_json::to_writer(&mut *out, value).map_err(anyhow::Error::new)?;
    out.push(b'\n');
    Ok(())
}

fn stamp(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

fn write(out: &mut Vec<u8>, row: &Row) -> Result<(), Problem> {
    match (&row.frozen, row.entry) {
        (Some(text), _) => {
            out.extend_from_slice(text.as_bytes());
            out.push(b'\n');
            Ok(())
        }
        (None, Some(entry)) => written(
            out,
            &Entered {
                entry: entry.as_str(),
                entry_at: row.entry_at.map(stamp),
                erased_sha256: row.erased.map(|hash| hash.to_string()),
                line: &row.line,
            },
        ),
        (None, None) => written(out, &row.line),
    }
}

#[derive(Clone, Copy)]
struct Jsonl;

impl AsyncPage<(Rows, bool)> for Jsonl {
    async fn page(self, (rows, ended): &mut (Rows, bool)) -> Result<Option<Vec<u8>>, Problem> {
        if *ended {
            return Ok(None);
        }
        let mut out = Vec::new();
        match rows.next_page().await? {
            Some(page) => page.iter().try_for_each(|row| write(&mut out, row))?,
            None => {
                *ended = true;
                written(&mut out, &Last { totals: &rows.totals().await? })?;
            }
        }
        Ok(Some(out))
    }
}

pub(super) async fn body(place: Place, rows: Rows) -> Result<Out, Problem> {
    streamed(place, (rows, false), Jsonl).await
}

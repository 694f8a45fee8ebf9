//! What a case remembers of its own steps, as its row keeps it.

use acuse_conversation::Case;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    error::CatalogError,
    names::{at, json, micros, to_json},
};

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Memory {
    /// Microseconds since 1970.
    began_at: Option<i64>,
    files: u32,
    /// None: written before bursts were counted apart.
    burst: Option<u32>,
    left: u32,
    is_received: bool,
    is_told: bool,
    is_late: bool,
    turns: u32,
    is_quiet: bool,
    seen: Vec<Uuid>,
}

/// The memory as text.
pub(super) fn written(case: &Case) -> Result<String, CatalogError> {
    let memory = Memory {
        began_at: Some(micros(case.began_at)),
        files: case.files,
        burst: Some(case.burst),
        left: case.left,
        is_received: case.is_received,
        is_told: case.is_told,
        is_late: case.is_late,
        turns: case.turns,
        is_quiet: case.is_quiet,
        seen: case.seen.iter().map(|id| Uuid::from_u128(*id)).collect(),
    };
    to_json("memory", &memory)
}

/// Puts a memory back into its case.
pub(super) fn recall(case: &mut Case, text: &str) -> Result<(), CatalogError> {
    let memory: Memory = json("cases", "memory", text)?;
    if let Some(began) = memory.began_at {
        case.began_at = at("cases", "memory", began)?;
    }
    (case.files, case.left, case.turns) = (memory.files, memory.left, memory.turns);
    case.burst = memory.burst.unwrap_or(memory.files);
    (case.is_received, case.is_told, case.is_late) = (memory.is_received, memory.is_told, memory.is_late);
    case.is_quiet = memory.is_quiet;
    case.seen = memory.seen.into_iter().map(|id| id.as_u128()).collect();
    Ok(())
}

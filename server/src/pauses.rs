//! Which of our numbers are paused, in words: for whoever asks whether all is well.

use acuse_storage::{
    Catalog, CatalogError,
    numbers::{Direction, Pause},
};

/// Which of our numbers are paused, in which direction and why, in one line; `None` when none is.
///
/// # Errors
/// When the catalog fails.
pub async fn paused(catalog: &Catalog) -> Result<Option<String>, CatalogError> {
    let lines: Vec<String> = catalog
        .paused_numbers()
        .await?
        .into_iter()
        .flat_map(|n| {
            let told = |(direction, pause): (Direction, &Pause)| {
                let what = match direction {
                    Direction::Fetch => "fetching",
                    Direction::Send => "sending",
                };
                format!("number {}: {what} paused: {}", n.phone_number_id, pause.reason)
            };
            n.pauses().map(told).collect::<Vec<_>>()
        })
        .collect();
    Ok((!lines.is_empty()).then(|| lines.join("; ")))
}

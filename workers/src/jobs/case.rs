//! `case`: the deadline of a case has come, and whoever sent something sees at once that we have it.

use std::time::Instant;

use acuse_storage::{CaseId, CatalogError, cases::Nod};
use tracing::Instrument;

use crate::{
    env::Env,
    halt::chain,
    jobs::{Ended, boundary, measure},
};

/// Takes a case's turn.
pub async fn case(env: &Env, id: CaseId) -> Ended {
    let span = tracing::info_span!("job", stage = "case", case_id = %id);
    async {
        let started = Instant::now();
        let ended = turn(env, id).await.unwrap_or_else(|error| {
            tracing::error!(error = chain(&error), "the catalog failed; the sweep will find the case");
            Ended::Lost
        });
        measure("case", ended.as_str(), started);
        ended
    }
    .instrument(span)
    .await
}

async fn turn(env: &Env, id: CaseId) -> Result<Ended, CatalogError> {
    boundary::pass("case.taken");
    let turn = env.catalog.case_turn(id).await?;
    boundary::pass("case.stepped");
    if let Some(nod) = turn.nod {
        show(env, &nod).await?;
    }
    Ok(if turn.stepped { Ended::Moved } else { Ended::Stale })
}

/// Two ticks and that we write. Nothing depends on it: where it fails, the answer itself comes.
async fn show(env: &Env, nod: &Nod) -> Result<(), CatalogError> {
    let token_ref = env.catalog.token_ref(&nod.phone_number_id).await?;
    let Some(graph) = env.graph_of(&token_ref) else { return Ok(()) };
    match graph.mark_read(&nod.phone_number_id, &nod.wamid, true).await {
        Ok(()) => env.catalog.marked_read(nod.contact, &nod.phone_number_id, &nod.wamid).await,
        Err(error) => {
            tracing::info!(error = chain(&error), "the ticks were not shown");
            Ok(())
        }
    }
}

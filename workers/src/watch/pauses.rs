//! Pauses for which nothing waits. Whatever waits is the probe of a pause; where nothing does, the watch asks what failed,
//! at the same growing gaps, so that a pause that is over does not stand until the next file or message comes. What it asks
//! nobody notices: of sending, to mark as read what is marked already needs the same of Meta as a message does.

use acuse_storage::{
    CatalogError,
    numbers::{Direction, IdlePause, May},
    parts::Part,
};
use acuse_whatsapp::{ErrorClass, GraphError, MediaId};

use crate::{env::Env, halt::chain, parts};

/// Probes the pauses that are due and for which nothing waits.
///
/// # Errors
/// When the catalog fails.
pub(super) async fn look(env: &Env) -> Result<(), CatalogError> {
    let idle = env.catalog.idle_pauses(env.now()).await?;
    // Whether Meta is there at all is asked at its own pace.
    if idle.is_empty() || parts::closed(env, &[Part::Graph]).await?.is_some() {
        return Ok(());
    }
    for pause in idle {
        probe(env, &pause).await?;
    }
    Ok(())
}

async fn probe(env: &Env, pause: &IdlePause) -> Result<(), CatalogError> {
    let (number, direction) = (pause.number.as_str(), pause.direction);
    if env.catalog.may_go(number, direction, env.now()).await? != May::Probe {
        return Ok(());
    }
    match ask(env, pause).await? {
        Answer::Open { by_mark } => {
            // Something else may have closed sending while Meta was asked.
            let is_open = match direction {
                Direction::Fetch => env.catalog.resume(number, direction, env.now()).await?,
                Direction::Send => env.catalog.taken_again(number, by_mark, env.now()).await?,
            };
            if is_open {
                tracing::info!(number, direction = direction.as_str(), "what failed works again");
            }
            Ok(())
        }
        Answer::Closed(why) => env.catalog.still_paused(number, direction, &why, env.now()).await,
        Answer::None(why) => {
            tracing::warn!(number, error = why, "Meta does not say whether a number's pause is over");
            Ok(())
        }
    }
}

/// What Meta says.
enum Answer {
    /// What failed works.
    Open {
        /// A message could be marked as read once more.
        by_mark: bool,
    },
    /// It does not.
    Closed(String),
    /// Nothing: it could not be asked just now.
    None(String),
}

async fn ask(env: &Env, pause: &IdlePause) -> Result<Answer, CatalogError> {
    let number = pause.number.as_str();
    let Some(graph) = env.graph_of(&pause.token_ref) else {
        let why = format!("no access token with the reference {} is set", pause.token_ref);
        return Ok(Answer::Closed(why));
    };
    if let Some(wamid) = &pause.marked {
        match graph.mark_read(number, wamid, false).await {
            Ok(()) => return Ok(Answer::Open { by_mark: true }),
            // It is the message that may be marked no more, and the token can be asked otherwise.
            Err(error) if error.class == ErrorClass::Permanent && pause.by_token => {}
            Err(error) => return Ok(refused(&error)),
        }
    }
    if let Err(error) = graph.sees_number(number).await {
        return Ok(refused(&error));
    }
    let open = Answer::Open { by_mark: false };
    if pause.direction == Direction::Send {
        return Ok(open);
    }
    let last = env.catalog.last_media(number, env.now()).await?;
    let Some(media_id) = last.and_then(|id| id.parse::<MediaId>().ok()) else { return Ok(open) };
    Ok(match graph.media(&media_id, Some(number)).await {
        // What a token that sees the number does not find is gone, and no secret to it.
        Err(error) if error.class != ErrorClass::MediaGone => refused(&error),
        _ => open,
    })
}

fn refused(error: &GraphError) -> Answer {
    match error.class {
        ErrorClass::Retry | ErrorClass::Wait { .. } | ErrorClass::NumberThroughput | ErrorClass::Unknown => {
            Answer::None(chain(error))
        }
        _ => Answer::Closed(chain(error)),
    }
}

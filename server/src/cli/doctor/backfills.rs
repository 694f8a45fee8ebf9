//! How far what was there before an upgrade has been caught up with.

use acuse_storage::{
    Catalog,
    access::{Backfill, SENSITIVITY},
    documents::{LINES, SEARCH},
};

use super::{Report, State, within};

/// How far what was there before is scored: until then it is withheld like an ID.
pub(super) async fn sensitivity(catalog: &Catalog, report: &mut Report) {
    match within(async { Ok(catalog.backfill(SENSITIVITY).await?) }).await {
        Ok(None) => report.tell(State::Ok, "access", "every document is scored"),
        Ok(Some(Backfill { done, total, finished: true })) => {
            report.tell(State::Ok, "access", format!("{done} of {total} earlier documents scored"));
        }
        Ok(Some(Backfill { done, total, finished: false })) => {
            let what = "those that are not are shown only with ids:read; a worker goes on with them";
            report.tell(State::Note, "access", format!("{done} of {total} earlier documents scored; {what}"));
        }
        Err(error) => report.tell(State::Bad, "access", format!("{error:#}")),
    }
}

/// How far what was there before is found by its words, and by those of its lines.
pub(super) async fn searched(catalog: &Catalog, report: &mut Report) {
    let found = within(async {
        Ok(match catalog.backfill(SEARCH).await? {
            Some(unfinished) if !unfinished.finished => Some(unfinished),
            done => catalog.backfill(LINES).await?.or(done),
        })
    });
    match found.await {
        Ok(None) => report.tell(State::Ok, "search", "every document is found by its words"),
        Ok(Some(Backfill { done, total, finished: true })) => {
            report.tell(
                State::Ok,
                "search",
                format!("the words of {done} of {total} earlier documents kept"),
            );
        }
        Ok(Some(Backfill { done, total, finished: false })) => {
            let what = "the others are not found by their words yet; a worker goes on with them";
            report.tell(
                State::Note,
                "search",
                format!("the words of {done} of {total} earlier documents kept; {what}"),
            );
        }
        Err(error) => report.tell(State::Bad, "search", format!("{error:#}")),
    }
}

//! How far work on what was there before a version is.

use acuse_storage::{
    Catalog,
    access::{Backfill, SENSITIVITY},
    contacts::CONTACT_WORDS,
    customers::CUSTOMER_WORDS,
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

/// How far who was there before is in the index of names.
pub(super) async fn named(catalog: &Catalog, report: &mut Report) {
    for (words, who) in [(CUSTOMER_WORDS, "customers"), (CONTACT_WORDS, "contacts")] {
        match within(async { Ok(catalog.backfill(words).await?) }).await {
            Ok(Some(Backfill { done, total, finished: false })) => {
                let what = "until all are, whoever looks for one looks through the others; a worker goes on with them";
                report.tell(
                    State::Note,
                    "search",
                    format!("{done} of {total} earlier {who} in the index of names; {what}"),
                );
            }
            Ok(_) => {}
            Err(error) => report.tell(State::Bad, "search", format!("{error:#}")),
        }
    }
}

//! How sealing and erasing stand.

use acuse_storage::{Catalog, access::Backfill, objects::SEALING};

use super::{Report, State, within};
use crate::{config::Config, services::Services};

/// Whether documents are sealed, by which file, and how far what was there before is.
pub(super) async fn sealed(config: &Config, catalog: &Catalog, report: &mut Report) {
    let opened = within(Services::keys(config, catalog)).await;
    let opened = report.tell_result("key file", opened, |keys| match keys {
        Some(keys) => format!("{}, fingerprint {}", keys.path().display(), keys.fingerprint()),
        None => "none".to_owned(),
    });
    let Some(opened) = opened else { return };
    if opened.is_none() {
        let what = "documents are not sealed, and backups keep what is erased: set ACUSE_KEY_FILE";
        report.tell(State::Note, "key file", what);
    }
    match within(async { Ok(catalog.backfill(SEALING).await?) }).await {
        Ok(Some(Backfill { done, total, finished: false })) => {
            let what = format!("{done} of {total} earlier documents sealed; a worker goes on with them");
            report.tell(State::Note, "key file", what);
        }
        Ok(_) => {}
        Err(error) => report.tell(State::Bad, "key file", format!("{error:#}")),
    }
    let open = within(async { Ok(catalog.erasures(None, 1_000).await?) }).await;
    match open.map(|all| all.iter().filter(|receipt| receipt.finished_at.is_none()).count()) {
        Ok(0) => {}
        Ok(open) => {
            let what = format!("{open} are not finished; a worker goes on with them every minute");
            report.tell(State::Note, "erasures", what);
        }
        Err(error) => report.tell(State::Bad, "erasures", format!("{error:#}")),
    }
}

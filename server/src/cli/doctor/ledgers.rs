//! Whether all that came and all that goes is accounted for.

use acuse_storage::{Catalog, arrivals::Arrivals};

use super::{Report, State, within};
use crate::pauses;

/// Whether anything is paused, and whether both ledgers and the arrivals balance.
pub(super) async fn balanced(catalog: &Catalog, report: &mut Report) {
    match within(async { Ok(pauses::paused(catalog).await?) }).await {
        Ok(None) => {}
        Ok(Some(pause)) => {
            report.tell(State::Bad, "channel", format!("{pause}. Mend it at Meta; it goes on by itself"));
        }
        Err(error) => report.tell(State::Bad, "channel", format!("{error:#}")),
    }
    match within(async { Ok((catalog.ledger(None, None).await?, catalog.alerts(false).await?)) }).await {
        Ok((ledger, alerts)) => {
            let what = format!("{} received, {} in review", ledger.received, ledger.in_review);
            if ledger.balanced {
                report.tell(State::Ok, "ledger", format!("balanced: {what}"));
            } else {
                report.tell(
                    State::Bad,
                    "ledger",
                    format!("NOT balanced: {what}; keep the data as it is and tell us"),
                );
            }
            for alert in alerts.iter().take(10) {
                report.tell(
                    State::Note,
                    "incident",
                    format!("{} ({}×) {}", alert.kind, alert.count, alert.detail),
                );
            }
            if alerts.len() > 10 {
                report.tell(
                    State::Note,
                    "incident",
                    format!("{} more: GET /v1/incidents", alerts.len() - 10),
                );
            }
        }
        Err(error) => report.tell(State::Bad, "ledger", format!("{error:#}")),
    }
    arrivals(catalog, report).await;
    match within(async { Ok(catalog.message_ledger(catalog.now()).await?) }).await {
        Ok(messages) => {
            let what = format!(
                "{} messages queued, {} delivered, {} on their way, {} with a person",
                messages.queued, messages.delivered, messages.on_its_way, messages.told
            );
            let state = if messages.balanced { State::Ok } else { State::Bad };
            let head = if messages.balanced { "balanced" } else { "NOT balanced" };
            report.tell(state, "message ledger", format!("{head}: {what}"));
        }
        Err(error) => report.tell(State::Bad, "message ledger", format!("{error:#}")),
    }
}

/// Whether something stands for all that came; what does not, by name.
async fn arrivals(catalog: &Catalog, report: &mut Report) {
    match within(async { Ok(catalog.arrivals(None, None).await?) }).await {
        Ok(Arrivals { sums, lost_files }) => {
            let what = format!(
                "{} files came: {} documents, {} answers, {} no documents, {} lost",
                sums.files, sums.documents, sums.answers, sums.not_documents, sums.lost
            );
            if sums.balanced {
                report.tell(State::Ok, "arrivals", format!("balanced: {what}"));
            } else {
                report.tell(State::Bad, "arrivals", format!("NOT balanced: {what}; keep the data as it is"));
            }
            for lost in lost_files.iter().take(10) {
                let message = lost.message_id.map(|id| format!(" of message {id}"));
                let document = lost.document_id.map(|id| format!(" {id}"));
                let which = message.or(document).unwrap_or_default();
                report.tell(State::Note, "lost", format!("{} {}{which}", lost.at, lost.kind));
            }
        }
        Err(error) => report.tell(State::Bad, "arrivals", format!("{error:#}")),
    }
}

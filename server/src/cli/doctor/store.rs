//! Whether rows and objects have each other.

use acuse_storage::{Catalog, object_sweep::Direction};

use super::{Report, State, within};

/// What the comparison of rows and objects found.
pub(super) async fn compared(catalog: &Catalog, report: &mut Report) {
    let sweeps = match within(async { Ok(catalog.object_sweeps().await?) }).await {
        Ok(sweeps) => sweeps,
        Err(error) => return report.tell(State::Bad, "store", format!("{error:#}")),
    };
    if sweeps.is_empty() {
        report.tell(State::Note, "store", "rows and objects were never compared; a worker does it");
    }
    for sweep in sweeps {
        let pass = match sweep.ended_at {
            Some(ended) => format!("compared {}", ended.date()),
            None => format!("being compared since {}", sweep.started_at.date()),
        };
        let (looked_at, found) = (sweep.looked_at, sweep.found);
        match sweep.direction {
            Direction::Objects if sweep.deleted == 0 && sweep.ended_at.is_some() && found > 0 => {
                let what =
                    "no row names them, and they are too many for an accident: is this the right database?";
                report.tell(
                    State::Bad,
                    "store",
                    format!("{found} of {looked_at} objects: {what} Nothing was deleted"),
                );
            }
            Direction::Objects => {
                let deleted = sweep.deleted;
                let what =
                    format!("{looked_at} objects {pass}; {found} that no row names, {deleted} deleted");
                report.tell(State::Ok, "store", what);
            }
            Direction::Rows if found > 0 => {
                let what =
                    "miss an object that they name: GET /v1/incidents names them; put it back from a backup";
                report.tell(State::Bad, "store", format!("{found} of {looked_at} documents {what}"));
            }
            Direction::Rows => {
                report.tell(
                    State::Ok,
                    "store",
                    format!("{looked_at} documents {pass}; none misses an object"),
                );
            }
        }
    }
}

//! By which policy what is owed is collected.

use acuse_storage::Catalog;

use super::{Report, State, within};

/// The policy that is in force, and whose it is.
pub(super) async fn in_force(catalog: &Catalog, report: &mut Report) {
    match within(async { Ok((catalog.house_rules().await?, catalog.house().await?)) }).await {
        Ok((rules, house)) => {
            let whose = match rules.filter(|_| house.collects()) {
                Some(rules) => format!("the house's rules, version {}", rules.version),
                None => "Acuse's own; `acuse rules set` takes yours".to_owned(),
            };
            report.tell(State::Ok, "collecting", format!("{} ({whose})", house.collecting()));
        }
        Err(error) => report.tell(State::Bad, "collecting", format!("{error:#}")),
    }
}

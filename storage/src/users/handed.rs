//! What waits for somebody alone: once they can decide it no more it would be nobody's next.

use super::{Role, User, lookup};
use crate::{access, error::CatalogError, names::UserId, sql::Tx};

/// Leaves to the others what waits for somebody who decides nothing any more; of somebody who may see less than before
/// (`sees_less`), what they do not see.
pub(super) async fn leave_to_others(tx: &mut Tx, user: &User, sees_less: bool) -> Result<(), CatalogError> {
    let who = format!("user:{}", user.name);
    let decides = matches!(user.role, Role::Reviewer | Role::Supervisor | Role::Admin);
    if user.disabled_at.is_some() || !decides {
        execute!(
            tx,
            "UPDATE reviews SET handed_to = NULL WHERE handed_to = $1 AND resolved_at IS NULL",
            who.as_str()
        )?;
    } else if sees_less {
        let access = access::reach_of_user(tx, user).await?;
        let text = format!(
            "UPDATE reviews SET handed_to = NULL WHERE handed_to = $1 AND resolved_at IS NULL \
             AND document_id IN (SELECT d.id FROM documents d WHERE d.id = reviews.document_id \
               AND ({} AND {}) IS NOT TRUE)",
            access.reach(tx, "d"),
            access.told("d")
        );
        execute!(tx, sqlx::AssertSqlSafe(text.clone()), who.as_str())?;
    }
    Ok(())
}

/// Somebody is bound to something else than before, in the transaction that binds them.
pub(crate) async fn rebound(tx: &mut Tx, id: UserId) -> Result<(), CatalogError> {
    let Some(user) = lookup(tx, id).await? else { return Ok(()) };
    leave_to_others(tx, &user, true).await
}

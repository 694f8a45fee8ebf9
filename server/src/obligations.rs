//! What a person says of what is owed to us, from the API or the desk.

use acuse_storage::{
    DocumentId,
    documents::Amount,
    keys::Scope,
    names::ObligationId,
    obligations::{Obligation, Settled, Verdict},
};

use crate::{access::Caller, problem::Problem, state::App};

/// That a receipt pays: what it was proposed for, or so much.
///
/// # Errors
/// When that is no amount.
pub fn pays(amount: Option<&str>) -> Result<Verdict, Problem> {
    let Some(text) = amount else { return Ok(Verdict::Pays) };
    text.parse::<Amount>()
        .map(Verdict::PaysOf)
        .map_err(|error| Problem::Unprocessable(format!("amount: {error}")))
}

/// A person's word on a receipt, for the API and the desk.
///
/// # Errors
/// 403 where the receipt is withheld from them, 404 where nothing is proposed there for this caller, 409 where it is settled,
/// 422 without the amount where it is needed, or with one where it is not.
pub async fn settle(
    app: &App,
    caller: &Caller,
    about: (ObligationId, DocumentId),
    verdict: Verdict,
) -> Result<Obligation, Problem> {
    caller.require(Scope::MessagesWrite)?;
    let settled = app.catalog.settle_receipt(caller.access(), about, verdict, &caller.actor).await?;
    after(app, caller, about.0, settled).await
}

/// What is owed after what was said of it.
///
/// # Errors
/// That says why it was not done.
pub(crate) async fn after(
    app: &App,
    caller: &Caller,
    id: ObligationId,
    settled: Settled,
) -> Result<Obligation, Problem> {
    match settled {
        Settled::Missing => Err(Problem::NotFound("obligation")),
        Settled::Withheld => Err(Problem::Withheld),
        Settled::Over => Err(Problem::Conflict("it is settled already".to_owned())),
        Settled::NeedsAmount => Err(Problem::Unprocessable(
            "amount: the receipt is in another currency than what is owed, or says no amount: say how much of it it pays"
                .to_owned(),
        )),
        Settled::TakesNoAmount => Err(Problem::Unprocessable(
            "amount: more than nothing, and only of a receipt in another currency or without an amount".to_owned(),
        )),
        Settled::Done => {
            let now = app.catalog.obligation(caller.access(), id).await?;
            now.ok_or(Problem::NotFound("obligation"))
        }
    }
}

//! Which customer somebody means: searched for while it is typed, or, without the page's script, once it is asked for.

use acuse_storage::CustomerId;

use super::customers::named;
use crate::{access::Caller, extract::word, problem::Problem, state::App};

/// A customer that is meant, or what was typed of one.
#[derive(Debug, Default)]
pub struct Whose {
    /// What was typed and may be several, or nobody.
    pub typed: String,
    /// Who there is to choose from, by id and name.
    pub options: Vec<(String, String)>,
    /// Who of them is meant; nobody in particular where it is empty.
    pub id: String,
    /// Why it is not known who is meant.
    pub unclear: Option<&'static str>,
}

impl Whose {
    /// Who is meant by what is `typed` or, where nothing is, by an `id`.
    ///
    /// # Errors
    /// 400 for what is no id; when the catalog fails.
    pub async fn of(app: &App, caller: &Caller, typed: &str, id: &str) -> Result<Self, Problem> {
        let typed = typed.trim();
        if !typed.is_empty() {
            let options = named(app, caller, typed).await?;
            return Ok(match options.as_slice() {
                [(one, _)] => Self { id: one.clone(), options, ..Self::default() },
                several => {
                    let unclear = if several.is_empty() {
                        "No customer is known by that."
                    } else {
                        "Several customers are known by that: choose one."
                    };
                    Self { typed: typed.to_owned(), unclear: Some(unclear), options, ..Self::default() }
                }
            });
        }
        let Some(customer) = word::<CustomerId>("customer", Some(id))? else { return Ok(Self::default()) };
        let beyond = app.catalog.beyond_reach(caller.access(), &[customer.0]).await?;
        let found = if beyond.contains(&customer.0) { None } else { app.catalog.customer(customer).await? };
        let id = customer.to_string();
        let name = found.map_or_else(|| id.clone(), |found| found.name);
        Ok(Self { options: vec![(id.clone(), name)], id, ..Self::default() })
    }
}

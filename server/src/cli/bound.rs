//! `--customer`, `--entity`, `--team`: what a key or a person is bound to.

use acuse_storage::{CustomerId, access::Binding, names::EntityId};
use anyhow::Context;
use clap::Args;

/// To what; to nothing reaches everything. Several of one kind add up, several kinds narrow.
#[derive(Args, Default)]
pub struct BoundTo {
    /// Only documents of this customer (an id; may be repeated).
    #[arg(long = "customer", value_name = "ID")]
    customers: Vec<String>,
    /// Only documents of this entity of ours (an id; may be repeated).
    #[arg(long = "entity", value_name = "ID")]
    entities: Vec<String>,
    /// Only documents of cases that this team has (may be repeated).
    #[arg(long = "team", value_name = "NAME")]
    teams: Vec<String>,
}

impl BoundTo {
    /// As the catalog takes it.
    pub fn bindings(&self) -> anyhow::Result<Vec<Binding>> {
        let mut all = Vec::new();
        for text in &self.customers {
            let id: CustomerId =
                text.trim().parse().with_context(|| format!("--customer {text:?}: not an id"))?;
            all.push(Binding::Customer(id));
        }
        for text in &self.entities {
            let id: EntityId =
                text.trim().parse().with_context(|| format!("--entity {text:?}: not an id"))?;
            all.push(Binding::Entity(id));
        }
        all.extend(self.teams.iter().map(|t| Binding::Team(t.trim().to_owned())));
        Ok(all)
    }
}

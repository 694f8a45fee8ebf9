//! `acuse user set`: what of somebody is changed.

use acuse_storage::{
    Catalog,
    users::{Change, Role, Unchanged},
};
use anyhow::{anyhow, bail};
use clap::Args;
use serde_json::json;

use super::{ADMIN_IS_BOUND, address, tell_rules_left};
use crate::{access::password, cli::bound::BoundTo};

#[derive(Args)]
pub struct Changed {
    /// The name they sign in with.
    name: String,
    /// What they may do: reviewer, finance, supervisor, auditor or admin.
    #[arg(long)]
    role: Option<Role>,
    /// Sees IDs, and what may be one.
    #[arg(long, conflicts_with = "no_ids")]
    ids: bool,
    /// Does not see IDs, nor what may be one, and cannot decide on them.
    #[arg(long)]
    no_ids: bool,
    /// The address by which the identity provider knows them at their first sign-in there.
    #[arg(long)]
    email: Option<String>,
    /// Another password, read from standard input.
    #[arg(long)]
    password: bool,
    #[command(flatten)]
    bound: BoundTo,
    /// Bound to nothing any more.
    #[arg(long, conflicts_with_all = ["customers", "entities", "teams"])]
    unbound: bool,
}

impl Changed {
    pub async fn set(self, catalog: &Catalog) -> anyhow::Result<()> {
        let name = self.name.trim();
        let Some((was, _)) = catalog.user_by_name(name).await? else {
            bail!("there is nobody called {name}; `acuse user add {name}` adds them");
        };
        let bound = self.bound.bindings()?;
        let rebinds = self.unbound || !bound.is_empty();
        let is_bound = if rebinds { !bound.is_empty() } else { !catalog.is_bound_as(was.id, &[]).await? };
        // A password is changed of whoever came to be an admin and bound before that was refused.
        let becomes = rebinds || self.role.is_some();
        if becomes && is_bound && self.role.unwrap_or(was.role) == Role::Admin {
            bail!("{ADMIN_IS_BOUND}");
        }
        catalog.can_bind(&bound).await??;
        let sees_ids = (self.ids || self.no_ids).then_some(self.ids);
        let email = address(self.email.as_deref())?;
        if !becomes && !self.password && sees_ids.is_none() && email.is_none() {
            bail!("say what is to change of {name}; `acuse user set --help` lists what there is");
        }
        let typed = if self.password { Some(password::hash(super::password()?).await?) } else { None };
        // Given as it is, it ends nobody's session.
        let role = self.role.filter(|role| *role != was.role);
        let change = Change { role, sees_ids, email, password_hash: typed, ..Change::default() };
        let is = catalog.change_user(was.id, &change).await?.map_err(|why| anyhow!("{}", why_not(why)))?;
        if rebinds {
            catalog.bind_user(was.id, &bound).await??;
        }
        if self.password {
            catalog.audit("cli", "user_password_reset", None, &json!({ "user": name })).await?;
        }
        if rebinds || is != was {
            let detail = json!({
                "user": name,
                "role": { "from": was.role, "to": is.role },
                "sees_ids": { "from": was.sees_ids, "to": is.sees_ids },
                "email": { "from": was.email, "to": is.email },
                "bound_to": rebinds.then_some(bound.len()),
            });
            catalog.audit("cli", "user_changed", None, &detail).await?;
        }
        eprintln!("{name} is changed ({})", is.role.as_str());
        tell_rules_left(catalog).await
    }
}

fn why_not(why: Unchanged) -> &'static str {
    match why {
        Unchanged::Missing => "there is no such person any more",
        Unchanged::LastAdmin => "nobody would be left who may let people in; nothing is changed",
        Unchanged::EmailTaken => "somebody else has that e-mail address; nothing is changed",
        Unchanged::FourEyes => {
            "a rule for four eyes would be left with fewer than two people who can decide what it is about: add \
             somebody else first, or end the rule at /four-eyes; nothing is changed"
        }
    }
}

#[cfg(test)]
mod tests {
    use acuse_storage::{access::Binding, users::NO_PASSWORD};
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        changed: Changed,
    }

    #[tokio::test]
    async fn only_what_is_named_is_changed() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open_sqlite(&folder.path().join("acuse.db")).await.unwrap();
        let add = async |name: &str, role| {
            catalog.add_user(name, NO_PASSWORD, (role, true), None).await.unwrap().expect("a new name")
        };
        let (_, ana) = (add("boss", Role::Admin).await, add("ana", Role::Reviewer).await);
        let set = async |args: &[&str]| {
            let args = ["set"].iter().chain(args).copied();
            Alone::try_parse_from(args).unwrap().changed.set(&catalog).await
        };
        let north = [Binding::Team("north".to_owned())];
        set(&["ana", "--role", "supervisor", "--team", "north"]).await.unwrap();
        set(&["ana", "--no-ids", "--email", "Ana@example.org"]).await.unwrap();
        let (user, hash) = catalog.user_by_name("ana").await.unwrap().unwrap();
        assert_eq!(
            (user.role, user.sees_ids, user.email.as_deref()),
            (Role::Supervisor, false, Some("ana@example.org"))
        );
        assert!(hash == NO_PASSWORD && catalog.is_bound_as(ana, &north).await.unwrap());
        let refusals: [(&[&str], &str); 6] = [
            (&["ana", "--role", "admin"], "bound to nothing"),
            (&["boss", "--team", "north"], "bound to nothing"),
            (&["boss", "--role", "auditor"], "nobody would be left"),
            (&["boss", "--email", "ana@example.org"], "somebody else has"),
            (&["ana"], "say what is to change"),
            (&["eva", "--ids"], "`acuse user add eva`"),
        ];
        for (args, said) in refusals {
            let refused = set(args).await.unwrap_err().to_string();
            assert!(refused.contains(said), "{args:?}: {refused}");
        }
        assert_eq!(catalog.user_by_name("ana").await.unwrap().unwrap().0, user);
        set(&["ana", "--role", "admin", "--unbound", "--ids"]).await.unwrap();
        let (user, _) = catalog.user_by_name("ana").await.unwrap().unwrap();
        assert!(user.role == Role::Admin && user.sees_ids && catalog.is_bound_as(ana, &[]).await.unwrap());
    }
}

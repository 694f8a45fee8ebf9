//! `acuse user`: the people who sign in to the review desk.

mod set;

use std::{
    io::{BufRead, IsTerminal},
    process::ExitCode,
};

use acuse_storage::{
    Catalog,
    access::Binding,
    users::{NO_PASSWORD, Role, User, identities},
};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::json;

use super::bound::BoundTo;
use crate::{access::password, config::Config, services::Services};

#[derive(Subcommand)]
pub enum Users {
    /// Add a person. The password is read from standard input, unless they sign in elsewhere (--no-password). Whoever is
    /// there already stays as they are.
    Add(New),
    /// Change a person who is there: only what is named, the password where --password asks for one. What they have open
    /// ends with another role or password.
    Set(set::Changed),
    /// Show all people.
    List,
}

#[derive(Args)]
pub struct New {
    /// The name they sign in with.
    name: String,
    /// Also the operator's pages (queues, alerts): the role admin.
    #[arg(long, conflicts_with = "role")]
    admin: bool,
    /// What they may do: reviewer, finance, supervisor, auditor or admin.
    #[arg(long)]
    role: Option<Role>,
    /// Does not see IDs, nor what may be one, and cannot decide on them.
    #[arg(long)]
    no_ids: bool,
    /// The address by which the identity provider knows them at their first sign-in there.
    #[arg(long)]
    email: Option<String>,
    /// They sign in at the identity provider only.
    #[arg(long, requires = "email")]
    no_password: bool,
    #[command(flatten)]
    bound: BoundTo,
}

impl Users {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let catalog = Services::catalog(config).await?;
        match self {
            Self::Add(new) => new.add(&catalog).await?,
            Self::Set(changed) => changed.set(&catalog).await?,
            Self::List => {
                for user in catalog.users().await? {
                    let ids = if user.sees_ids { "sees IDs" } else { "no IDs" };
                    let off = if user.disabled_at.is_some() { "\tdisabled" } else { "" };
                    let email = user.email.map(|email| format!("\t{email}")).unwrap_or_default();
                    println!("{}\t{}\t{ids}{off}{email}", user.name, user.role.as_str());
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl New {
    async fn add(self, catalog: &Catalog) -> anyhow::Result<()> {
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > 80 {
            bail!("a name has 1 to 80 characters");
        }
        let email = address(self.email.as_deref())?;
        let has_it = |user: &User| user.name != name && user.email == email;
        if email.is_some() && catalog.users().await?.iter().any(has_it) {
            bail!("somebody else has that e-mail address; {name} is not added");
        }
        let role = self.role.unwrap_or(if self.admin { Role::Admin } else { Role::Reviewer });
        let bound = self.bound.bindings()?;
        if role == Role::Admin && !bound.is_empty() {
            bail!("{ADMIN_IS_BOUND}");
        }
        catalog.can_bind(&bound).await??;
        let new = Person { role, sees_ids: !self.no_ids, email: email.as_deref(), bound: &bound };
        if let Some((user, hash)) = catalog.user_by_name(name).await? {
            return new.is_as(catalog, &user, (hash.as_str(), self.no_password)).await;
        }
        let hash =
            if self.no_password { NO_PASSWORD.to_owned() } else { password::hash(password()?).await? };
        let Some(id) = catalog.add_user(name, &hash, (role, new.sees_ids), new.email).await? else {
            bail!("somebody else got that name or e-mail address at the same moment; {name} is not added");
        };
        catalog.bind_user(id, &bound).await??;
        let detail = json!({
            "user": name, "role": role.as_str(), "sees_ids": new.sees_ids, "bound_to": bound.len(),
            "email": new.email.is_some(),
        });
        catalog.audit("cli", "user_added", None, &detail).await?;
        eprintln!("{name} can sign in now ({})", role.as_str());
        tell_rules_left(catalog).await
    }
}

/// What somebody is to be.
struct Person<'a> {
    role: Role,
    sees_ids: bool,
    /// None says nothing of it.
    email: Option<&'a str>,
    bound: &'a [Binding],
}

impl Person<'_> {
    /// Somebody who is there already is this one, or it is said in what they are another. Nothing is changed.
    async fn is_as(
        &self,
        catalog: &Catalog,
        user: &User,
        (hash, no_password): (&str, bool),
    ) -> anyhow::Result<()> {
        let name = &user.name;
        if user.disabled_at.is_some() {
            bail!(
                "{name} is there already and may not sign in: nothing is changed; /people lets them in again"
            );
        }
        let mut others = Vec::new();
        let mut is_same = |same: bool, what: &'static str| {
            if !same {
                others.push(what);
            }
        };
        is_same(user.role == self.role, "another role");
        is_same(user.sees_ids == self.sees_ids, "another right to see IDs");
        is_same(self.email.is_none() || user.email.as_deref() == self.email, "another e-mail address");
        is_same(catalog.is_bound_as(user.id, self.bound).await?, "other bindings");
        // Nobody types one for what is refused anyway.
        if others.is_empty() {
            let same = if no_password {
                hash == NO_PASSWORD
            } else {
                password::is_right(password()?, Some(hash)).await
            };
            if !same {
                others.push("another password");
            }
        }
        if !others.is_empty() {
            bail!(
                "{name} is there already, with {}: nothing is changed; `acuse user set {name}` changes them",
                others.join(", ")
            );
        }
        eprintln!("{name} is there already, just so");
        Ok(())
    }
}

const ADMIN_IS_BOUND: &str =
    "an admin is bound to nothing: they operate what is everybody's; give them another role";

/// An e-mail address as it is kept.
fn address(said: Option<&str>) -> anyhow::Result<Option<String>> {
    said.map(|text| identities::email(text).context("that is no e-mail address")).transpose()
}

/// Says so where rules for four eyes are left that nobody can keep.
async fn tell_rules_left(catalog: &Catalog) -> anyhow::Result<()> {
    let left = catalog.four_eyes_left().await?;
    if left > 0 {
        eprintln!("rules for four eyes that fewer than two people can keep: {left}; see /four-eyes");
    }
    Ok(())
}

/// Typed unseen on a terminal, else one line of standard input.
fn password() -> anyhow::Result<String> {
    if std::io::stdin().is_terminal() {
        let prompt = format!("Password ({} characters or more): ", password::PASSWORD_CHARS);
        return rpassword::prompt_password(prompt).context("cannot read the password from the terminal");
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("cannot read the password from standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use acuse_storage::users::Change;
    use clap::Parser;

    use super::*;
    use crate::config::Settings;

    #[derive(Parser)]
    struct Alone {
        #[command(subcommand)]
        users: Users,
    }

    #[tokio::test]
    async fn an_admin_is_bound_to_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { data_dir: Some(folder.path().to_owned()), ..Settings::default() };
        let config = Config::try_from(settings).unwrap();
        let add = async |name: &str, role: &[&str]| {
            let email = format!("{name}@example.org");
            let begins = ["user", "add", name, "--email", email.as_str(), "--no-password", "--team", "north"];
            let args = begins.iter().chain(role).copied();
            Alone::try_parse_from(args).unwrap().users.run(&config).await
        };
        for role in [&["--admin"][..], &["--role", "admin"]] {
            let refused = add("ana", role).await.unwrap_err().to_string();
            assert!(refused.contains("bound to nothing"), "{refused}");
        }
        add("ben", &["--role", "supervisor"]).await.unwrap();
        let people = Services::catalog(&config).await.unwrap().users().await.unwrap();
        assert_eq!(people.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), ["ben"]);
    }

    #[tokio::test]
    async fn an_address_that_somebody_has_adds_nobody_and_changes_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { data_dir: Some(folder.path().to_owned()), ..Settings::default() };
        let config = Config::try_from(settings).unwrap();
        let add = |name: &str, email: &str, role| {
            Users::Add(New {
                name: name.to_owned(),
                admin: false,
                role,
                no_ids: false,
                email: Some(email.to_owned()),
                no_password: true,
                bound: BoundTo::default(),
            })
        };
        for name in ["ana", "ben", "ana"] {
            add(name, &format!("{name}@example.org"), None).run(&config).await.unwrap();
        }
        for name in ["ben", "eva"] {
            let refused = add(name, "Ana@example.org", Some(Role::Auditor)).run(&config).await;
            assert!(refused.unwrap_err().to_string().contains("is not added"));
        }
        let people = Services::catalog(&config).await.unwrap().users().await.unwrap();
        let people: Vec<_> = people.iter().map(|user| (user.name.as_str(), user.role)).collect();
        assert_eq!(people, [("ana", Role::Reviewer), ("ben", Role::Reviewer)]);
    }

    #[tokio::test]
    async fn whoever_is_there_already_is_not_altered_by_adding() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { data_dir: Some(folder.path().to_owned()), ..Settings::default() };
        let config = Config::try_from(settings).unwrap();
        let add = async |more: &[&str]| {
            let begins = ["user", "add", "ana", "--no-password"];
            let args = begins.iter().chain(more).copied();
            Alone::try_parse_from(args).unwrap().users.run(&config).await
        };
        let email = ["--email", "ana@example.org"];
        let catalog = Services::catalog(&config).await.unwrap();
        add(&email).await.unwrap();
        let (before, hash) = catalog.user_by_name("ana").await.unwrap().unwrap();
        add(&email).await.unwrap();
        let differing: [(&[&str], &str); 4] = [
            (&["--role", "auditor"], "another role"),
            (&["--admin"], "another role"),
            (&["--no-ids"], "another right to see IDs"),
            (&["--team", "north"], "other bindings"),
        ];
        for (more, said) in differing {
            let refused = add(&[&email[..], more].concat()).await.unwrap_err().to_string();
            assert!(refused.contains(said) && refused.contains("`acuse user set ana`"), "{refused}");
        }
        let elsewhere = add(&["--email", "ana@example.com"]).await.unwrap_err().to_string();
        assert!(elsewhere.contains("another e-mail address"), "{elsewhere}");
        let other = Change { password_hash: Some("$h".to_owned()), ..Change::default() };
        catalog.change_user(before.id, &other).await.unwrap().unwrap();
        let refused = add(&email).await.unwrap_err().to_string();
        assert!(refused.contains("another password"), "{refused}");
        let (after, kept) = catalog.user_by_name("ana").await.unwrap().unwrap();
        assert_eq!((after, hash.as_str(), kept.as_str()), (before, NO_PASSWORD, "$h"));
    }
}

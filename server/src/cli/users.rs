//! `acuse user`: the people who sign in to the review desk.

use std::{
    io::{BufRead, IsTerminal},
    process::ExitCode,
};

use acuse_storage::users::{Change, NO_PASSWORD, Role, User, identities};
use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::json;

use super::bound::BoundTo;
use crate::{access::password, config::Config, services::Services};

#[derive(Subcommand)]
pub enum Users {
    /// Add a person, or give one a new password. The password is read from standard input, unless they sign in elsewhere
    /// (--no-password).
    Add {
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
    },
    /// Show all people.
    List,
}

impl Users {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let catalog = Services::catalog(config).await?;
        match self {
            Self::Add { name, admin, role, no_ids, email, no_password, bound } => {
                let name = name.trim().to_owned();
                if name.is_empty() || name.chars().count() > 80 {
                    bail!("a name has 1 to 80 characters");
                }
                let email = email.map(|text| identities::email(&text).context("that is no e-mail address"));
                let email = email.transpose()?;
                let has_it = |user: &User| user.name != name && user.email == email;
                if email.is_some() && catalog.users().await?.iter().any(has_it) {
                    bail!("somebody else has that e-mail address; {name} is not added");
                }
                let role = role.unwrap_or(if admin { Role::Admin } else { Role::Reviewer });
                let bound = bound.bindings()?;
                if role == Role::Admin && !bound.is_empty() {
                    bail!(
                        "an admin is bound to nothing: they operate what is everybody's; give them another role"
                    );
                }
                catalog.can_bind(&bound).await??;
                let hash =
                    if no_password { NO_PASSWORD.to_owned() } else { password::hash(password()?).await? };
                let id = catalog.put_user(&name, &hash, role).await?;
                catalog.set_sees_ids(id, !no_ids).await?;
                catalog.bind_user(id, &bound).await??;
                let known_by = email.is_some();
                let detail = json!({
                    "user": name, "role": role.as_str(), "sees_ids": !no_ids, "bound_to": bound.len(), "email": known_by,
                });
                catalog.audit("cli", "user_put", None, &detail).await?;
                if known_by && catalog.change_user(id, &Change { email, ..Change::default() }).await?.is_err()
                {
                    bail!("{name} is added; somebody else got that e-mail address at the same moment");
                }
                eprintln!("{name} can sign in now ({})", role.as_str());
                let left = catalog.four_eyes_left().await?;
                if left > 0 {
                    eprintln!(
                        "rules for four eyes that fewer than two people can keep: {left}; see /four-eyes"
                    );
                }
            }
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
        let add = |name: &str, email: &str, role| Users::Add {
            name: name.to_owned(),
            admin: false,
            role,
            no_ids: false,
            email: Some(email.to_owned()),
            no_password: true,
            bound: BoundTo::default(),
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
}

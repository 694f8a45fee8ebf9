//! `acuse user`: the people who sign in to the review desk.

use std::{
    io::{BufRead, IsTerminal},
    process::ExitCode,
};

use acuse_storage::users::{Change, NO_PASSWORD, Role, identities};
use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::json;

use super::bound::BoundTo;
use crate::{config::Config, desk::session, parts::Parts};

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
        #[arg(long, conflicts_with = "admin")]
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
        let catalog = Parts::catalog(config).await?;
        match self {
            Self::Add { name, admin, role, no_ids, email, no_password, bound } => {
                let name = name.trim().to_owned();
                if name.is_empty() || name.chars().count() > 80 {
                    bail!("a name has 1 to 80 characters");
                }
                let email = email.map(|text| identities::email(&text).context("that is no e-mail address"));
                let email = email.transpose()?;
                let hash =
                    if no_password { NO_PASSWORD.to_owned() } else { session::hash(password()?).await? };
                let role = role.unwrap_or(if admin { Role::Admin } else { Role::Reviewer });
                let bound = bound.bindings()?;
                catalog.can_bind(&bound).await??;
                let id = catalog.put_user(&name, &hash, role).await?;
                catalog.set_sees_ids(id, !no_ids).await?;
                let known_by = email.is_some();
                if known_by && catalog.change_user(id, &Change { email, ..Change::default() }).await?.is_err()
                {
                    bail!("{name} is added; somebody else has that e-mail address");
                }
                catalog.bind_user(id, &bound).await??;
                let detail = json!({
                    "user": name, "role": role.as_str(), "sees_ids": !no_ids, "bound_to": bound.len(), "email": known_by,
                });
                catalog.audit("cli", "user_put", None, &detail).await?;
                eprintln!("{name} can sign in now ({})", role.as_str());
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
        let prompt = format!("Password ({} characters or more): ", session::PASSWORD_CHARS);
        return rpassword::prompt_password(prompt).context("cannot read the password from the terminal");
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("cannot read the password from standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

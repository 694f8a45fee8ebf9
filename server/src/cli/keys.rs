//! `acuse key`: make, list and revoke API keys. Works while `serve` runs.

use std::process::ExitCode;

use acuse_pipeline::document::Sha256;
use acuse_storage::keys::{KeyMade, Scope};
use anyhow::bail;
use clap::Subcommand;
use serde_json::json;

use super::bound::BoundTo;
use crate::{
    access::key::{new_key, new_sandbox_key},
    config::Config,
    services::Services,
};

#[derive(Subcommand)]
pub enum Keys {
    /// Make a key; it is printed once, alone on the last line.
    Create {
        /// A name to know it by.
        name: String,
        #[arg(
            long = "scope",
            value_name = "SCOPE",
            num_args = 1..,
            value_delimiter = ',',
            required = true,
            help = "What it may do; --help lists the scopes",
            long_help = format!("What it may do:\n{}", told()),
        )]
        scopes: Vec<String>,
        #[command(flatten)]
        bound: BoundTo,
    },
    /// Show all keys.
    List,
    /// Void a key.
    Revoke {
        /// Its name.
        name: String,
    },
}

impl Keys {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let catalog = Services::catalog(config).await?;
        match self {
            Self::Create { name, scopes, bound } => {
                let scopes = scopes.iter().map(|s| s.trim().parse::<Scope>()).collect::<Result<Vec<_>, _>>();
                let scopes = scopes.map_err(|e| anyhow::anyhow!("{e}; scopes are:\n{}", told()))?;
                let name = name.trim();
                if name.is_empty() || name.chars().count() > 80 {
                    bail!("a key's name has 1 to 80 characters");
                }
                let bound = bound.bindings()?;
                if scopes.contains(&Scope::Admin) && !bound.is_empty() {
                    bail!(
                        "a key with admin is bound to nothing: it operates what is everybody's; name other scopes"
                    );
                }
                // Before it is made: a key that could not be bound would reach everything.
                catalog.can_bind(&bound).await??;
                let sandbox = scopes.contains(&Scope::Sandbox);
                if sandbox && scopes.len() > 1 {
                    bail!("a sandbox key has no other scope: it answers fixtures alone");
                }
                let key = if sandbox { new_sandbox_key() } else { new_key() };
                match catalog.create_bound_key(name, &Sha256::of(key.as_bytes()), &scopes, &bound).await?? {
                    KeyMade::Made(_) => {}
                    KeyMade::NameTaken => {
                        bail!("there is a key named {name:?} already; revoked names stay taken")
                    }
                }
                let words: Vec<_> = scopes.iter().map(|s| s.as_str()).collect();
                catalog
                    .audit(
                        "cli",
                        "key_created",
                        None,
                        &json!({ "name": name, "scopes": words, "bound_to": bound.len() }),
                    )
                    .await?;
                eprintln!("made the key {name:?} ({}); it is shown only now", words.join(", "));
                println!("{key}");
            }
            Self::List => {
                for key in catalog.keys().await? {
                    let scopes: Vec<_> = key.scopes.iter().map(|s| s.as_str()).collect();
                    let state = if key.revoked_at.is_some() { "revoked" } else { "valid" };
                    println!("{}\t{state}\t{}", key.name, scopes.join(" "));
                }
            }
            Self::Revoke { name } => {
                if !catalog.revoke_key(&name).await? {
                    bail!("there is no valid key named {name:?}");
                }
                catalog.audit("cli", "key_revoked", None, &json!({ "name": name })).await?;
                eprintln!("the key {name:?} is void");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What each scope lets a key do.
const SCOPES: &str = include_str!("scopes.tsv");

/// All of it, a scope a line.
fn told() -> String {
    let lines = SCOPES.lines().filter_map(|line| line.split_once('\t'));
    lines.map(|(scope, meaning)| format!("  {scope:<16} {meaning}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::config::Settings;

    #[derive(Parser)]
    struct Alone {
        #[command(subcommand)]
        keys: Keys,
    }

    #[tokio::test]
    async fn a_key_with_admin_is_bound_to_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { data_dir: Some(folder.path().to_owned()), ..Settings::default() };
        let config = Config::try_from(settings).unwrap();
        let create = async |scope: &str| {
            let args = ["key", "create", scope, "--scope", scope, "--team", "north"];
            Alone::try_parse_from(args).unwrap().keys.run(&config).await
        };
        let refused = create("admin").await.unwrap_err().to_string();
        assert!(refused.contains("bound to nothing"), "{refused}");
        create("documents:read").await.unwrap();
        let keys = Services::catalog(&config).await.unwrap().keys().await.unwrap();
        let names: Vec<_> = keys.iter().map(|key| key.name.as_str()).collect();
        assert_eq!(names, ["documents:read"]);
    }

    #[test]
    fn every_scope_is_told_with_a_word_on_it() {
        let told: Vec<&str> = SCOPES.lines().filter_map(|line| line.split('\t').next()).collect();
        let all: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        assert_eq!(told, all);
        let mut command = Alone::command();
        let create = command.find_subcommand_mut("create").unwrap();
        let help = create.render_long_help().to_string();
        for line in SCOPES.lines() {
            let (scope, meaning) = line.split_once('\t').unwrap();
            assert!(help.contains(scope) && help.contains(meaning), "{line}: {help}");
        }
    }
}

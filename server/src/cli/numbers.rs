//! `acuse numbers`: our numbers, which token each uses, and how long Meta keeps what comes to it.

use std::{process::ExitCode, time::Duration};

use acuse_storage::{Catalog, numbers::Removed};
use acuse_workers::env::DEFAULT_TOKEN;
use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::json;

use crate::{
    config::Config,
    services::{self, Services},
};

/// Meta's longest: a media id of a webhook lives a week.
const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);
/// Meta's shortest: a number with No Storage keeps media for at most an hour.
const LEAST: Duration = Duration::from_secs(60);

#[derive(Subcommand)]
pub enum Numbers {
    /// Show all numbers.
    List,
    /// Make a number known before its first webhook does. Meta is asked whether the token sees it and its account.
    Add {
        /// Meta's id of the number (`phone_number_id`).
        number: String,
        /// Meta's id of the business account (WABA) that it belongs to.
        #[arg(long, value_name = "WABA")]
        account: String,
        /// The reference of its token (`ACUSE_WHATSAPP_TOKEN_{REF}`); `default` for `ACUSE_WHATSAPP_ACCESS_TOKEN`.
        #[arg(long, value_name = "REF", default_value = DEFAULT_TOKEN)]
        token: String,
        /// Do not ask Meta: from here it cannot be reached.
        #[arg(long)]
        unasked: bool,
    },
    /// Change what Acuse cannot ask Meta for.
    Set {
        /// Meta's id of the number (`phone_number_id`).
        number: String,
        /// The reference of its token (`ACUSE_WHATSAPP_TOKEN_{REF}`); `default` for `ACUSE_WHATSAPP_ACCESS_TOKEN`.
        #[arg(long, value_name = "REF")]
        token: Option<String>,
        /// How long Meta keeps media: 1h where the number uses No Storage, else 7d.
        #[arg(long, value_name = "TIME")]
        media_retention: Option<String>,
        /// Do not ask Meta whether the token sees the number: from here it cannot be reached.
        #[arg(long)]
        unasked: bool,
    },
    /// Forget a number that is ours no more, or was mistyped; what came to it stays.
    Remove {
        /// Meta's id of the number (`phone_number_id`).
        number: String,
    },
}

/// `90m`, `1h`, `7d`.
fn retention(text: &str) -> anyhow::Result<Duration> {
    let read = || {
        let (count, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let secs = match unit {
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return None,
        };
        let time = Duration::from_secs(count.parse::<u64>().ok()?.checked_mul(secs)?);
        (LEAST..=WEEK).contains(&time).then_some(time)
    };
    match read() {
        Some(time) => Ok(time),
        None => bail!("{text:?}: write a time from 1m to 7d, e.g. 1h"),
    }
}

fn is_id(what: &str, id: &str) -> anyhow::Result<()> {
    if id.is_empty() || id.len() > 64 || !id.bytes().all(|b| b.is_ascii_digit()) {
        bail!("{id:?} is no {what}: it is its id in Meta's app, all digits");
    }
    Ok(())
}

/// Asks Meta, with the token of this reference, for the number and its account.
async fn sees(config: &Config, token: &str, number: &str, account: Option<&str>) -> anyhow::Result<()> {
    let graph = if token == DEFAULT_TOKEN {
        services::graph(&config.whatsapp)?
    } else {
        services::graphs(&config.whatsapp)?.remove(token)
    };
    let Some(graph) = graph else {
        let name = if token == DEFAULT_TOKEN {
            "ACCESS_TOKEN".to_owned()
        } else {
            format!("TOKEN_{}", token.to_uppercase())
        };
        bail!("no token is called {token}: set ACUSE_WHATSAPP_{name}, or say --unasked");
    };
    let why = |what: &str, id: &str| {
        format!(
            "Meta does not show {what} {id} to the token {token}: mistyped, or not its own? (--unasked takes it as it is)"
        )
    };
    graph.number(number).await.with_context(|| why("number", number))?;
    if let Some(account) = account {
        graph.subscribed_apps(account).await.with_context(|| why("account", account))?;
    }
    Ok(())
}

impl Numbers {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let catalog = Services::catalog(config).await?;
        match self {
            Self::List => list(&catalog).await?,
            Self::Add { number, account, token, unasked } => {
                let token = token.to_ascii_lowercase();
                is_id("phone_number_id", &number)?;
                is_id("account", &account)?;
                if !unasked {
                    sees(config, &token, &number, Some(&account)).await?;
                }
                if !catalog.add_number(&number, &account, &token).await? {
                    bail!("{number} is known already: change it with acuse numbers set");
                }
                let detail = json!({ "number": number, "account": account, "token": token });
                catalog.audit("cli", "number_added", None, &detail).await?;
                println!("{number} is added");
            }
            Self::Set { number, token, media_retention, unasked } => {
                is_known(&catalog, &number).await?;
                let token = token.map(|token| token.to_ascii_lowercase());
                let kept = media_retention.as_deref().map(retention).transpose()?;
                if let Some(token) = token.as_deref().filter(|_| !unasked) {
                    sees(config, token, &number, None).await?;
                }
                set(&catalog, &number, token.as_deref(), kept).await?;
            }
            Self::Remove { number } => remove(&catalog, &number).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn list(catalog: &Catalog) -> anyhow::Result<()> {
    for n in catalog.numbers().await? {
        let word = |word: &Option<String>| word.clone().unwrap_or_else(|| "-".to_owned());
        let hours = n.media_retention.whole_minutes() as f64 / 60.0;
        println!(
            "{}  {}  account {}  token {}  media {hours} h  {} quality {} tier {}",
            n.phone_number_id,
            word(&n.display_number),
            word(&n.waba_id),
            n.token_ref,
            word(&n.status),
            word(&n.quality),
            word(&n.tier)
        );
    }
    Ok(())
}

async fn is_known(catalog: &Catalog, number: &str) -> anyhow::Result<()> {
    is_id("phone_number_id", number)?;
    if !catalog.numbers().await?.iter().any(|n| n.phone_number_id == number) {
        bail!(
            "there is no number {number}: see acuse numbers list. One is known from its first webhook, or from acuse \
             numbers add"
        );
    }
    Ok(())
}

async fn set(
    catalog: &Catalog,
    number: &str,
    token: Option<&str>,
    media_retention: Option<Duration>,
) -> anyhow::Result<()> {
    if token.is_none() && media_retention.is_none() {
        bail!("say what to change: --token REF, --media-retention 1h");
    }
    if let Some(token) = token {
        catalog.set_token_ref(number, token).await?;
    }
    if let Some(time) = media_retention {
        catalog.set_media_retention(number, time).await?;
    }
    let detail = json!({ "number": number, "token": token,
        "media_retention_secs": media_retention.map(|time| time.as_secs()) });
    catalog.audit("cli", "number_changed", None, &detail).await?;
    println!("{number} changed");
    Ok(())
}

async fn remove(catalog: &Catalog, number: &str) -> anyhow::Result<()> {
    match catalog.remove_number(number).await? {
        Removed::Gone => {
            catalog.audit("cli", "number_removed", None, &json!({ "number": number })).await?;
            println!("{number} is forgotten; a webhook that names it brings it back");
            Ok(())
        }
        Removed::Unknown => bail!("there is no number {number:?}: see acuse numbers list"),
        Removed::Needed { documents, messages } => bail!(
            "{documents} documents wait to be fetched by number {number} and {messages} messages to be sent from it: \
             settle them first"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_or_refused() {
        assert_eq!(retention("1h").unwrap(), Duration::from_secs(3_600));
        assert_eq!(retention("7d").unwrap(), WEEK);
        for bad in ["", "h", "8d", "0m", "1 h", "1w", "-1h", "ñ", "99999999999999999999d"] {
            assert!(retention(bad).is_err(), "{bad}");
        }
    }
}

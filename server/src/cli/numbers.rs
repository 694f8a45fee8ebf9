//! `acuse numbers`: our numbers, which token each uses, and how long Meta keeps what comes to it.

use std::{process::ExitCode, time::Duration};

use acuse_storage::numbers::Removed;
use anyhow::bail;
use clap::Subcommand;
use serde_json::json;

use crate::{config::Config, parts::Parts};

/// Meta's longest: a media id of a webhook lives a week.
const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);
/// Meta's shortest: a number with No Storage keeps media for at most an hour.
const LEAST: Duration = Duration::from_secs(60);

#[derive(Subcommand)]
pub enum Numbers {
    /// Show all numbers.
    List,
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

impl Numbers {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let catalog = Parts::catalog(config).await?;
        match self {
            Self::List => {
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
            }
            Self::Set { number, token, media_retention } => {
                if number.is_empty() || number.len() > 64 || !number.bytes().all(|b| b.is_ascii_digit()) {
                    bail!(
                        "{number:?} is no phone_number_id: it is the number's id in Meta's app, all digits"
                    );
                }
                let media_retention = media_retention.as_deref().map(retention).transpose()?;
                if token.is_none() && media_retention.is_none() {
                    bail!("say what to change: --token REF, --media-retention 1h");
                }
                if let Some(token) = &token {
                    catalog.set_token_ref(&number, &token.to_ascii_lowercase()).await?;
                }
                if let Some(time) = media_retention {
                    catalog.set_media_retention(&number, time).await?;
                }
                let detail = json!({ "number": number, "token": token,
                    "media_retention_secs": media_retention.map(|time| time.as_secs()) });
                catalog.audit("cli", "number_changed", None, &detail).await?;
                println!("{number} changed");
            }
            Self::Remove { number } => match catalog.remove_number(&number).await? {
                Removed::Gone => {
                    catalog.audit("cli", "number_removed", None, &json!({ "number": number })).await?;
                    println!("{number} is forgotten; a webhook that names it brings it back");
                }
                Removed::Unknown => bail!("there is no number {number:?}: see acuse numbers list"),
                Removed::Needed { documents, messages } => bail!(
                    "{documents} documents wait to be fetched by number {number} and {messages} messages to be sent \
                     from it: settle them first"
                ),
            },
        }
        Ok(ExitCode::SUCCESS)
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

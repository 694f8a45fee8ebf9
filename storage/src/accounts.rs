//! Meta's business accounts behind our numbers, and their templates as Meta last told of them.
//!
//! An account is known from the first webhook of one of its numbers. Its templates are asked for anew every hour, and
//! as soon as a webhook says that one changed; what dispatch sends by is what stands here.

mod sendable;

use std::collections::BTreeSet;

use acuse_whatsapp::template::Takes;
use time::{Duration, OffsetDateTime};

pub(crate) use sendable::{Approved, approved, taken};

use crate::{
    catalog::Catalog,
    error::CatalogError,
    inbound::Changed,
    names::{clean, clean_maybe, cut, maybe_at, micros, to_json},
    outbox::{HeldFor, release},
    sql::Tx,
};

/// How often the channel is asked how it is.
pub const CHECKED_EVERY: Duration = Duration::minutes(5);
/// How often an account's templates are asked for, unless a webhook says that they changed.
pub const SYNCED_EVERY: Duration = Duration::hours(1);
/// What a template is that dispatch or Meta's answer to a send blocked; only another verdict of Meta's ends it.
const BLOCKED: &str = "BLOCKED";
/// Longest body of a template (Meta), characters.
const BODY_CHARS: usize = 1_024;
/// Meta's word for a template that advertises.
pub(crate) const ADVERTISING: &str = "MARKETING";

/// A template, as Meta tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its name.
    pub name: String,
    /// Meta's language tag, e.g. `es` or `pt_BR`.
    pub language: String,
    /// `UTILITY`, `MARKETING` or `AUTHENTICATION`.
    pub category: String,
    /// `APPROVED`, `PENDING`, `REJECTED`, `PAUSED`, …
    pub status: String,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    pub quality: Option<String>,
    /// Why it was refused.
    pub rejected_reason: Option<String>,
    /// Hash of its text, so that an edit is seen.
    pub body_sha256: [u8; 32],
    /// The words of its body, with its places.
    pub body: Option<String>,
    /// What it takes; none: not known.
    pub takes: Option<Takes>,
}

/// Which template of ours, and Meta's word on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurTemplate {
    /// The account (WABA).
    pub account: String,
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// `APPROVED`, `PENDING`, `PAUSED`, …; `BLOCKED` when a send was refused for it.
    pub status: String,
    /// Whether Meta takes it for advertising by now: then it goes only to whoever agreed to that.
    pub advertises: bool,
}

/// A template as it stands, with its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The account (WABA).
    pub account: String,
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// `UTILITY`, `MARKETING` or `AUTHENTICATION`, as Meta has it now.
    pub category: String,
    /// `APPROVED`, `PENDING`, `PAUSED`, …; `BLOCKED` when a send was refused for it.
    pub status: String,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    pub quality: Option<String>,
    /// Why it was refused.
    pub rejected_reason: Option<String>,
    /// Until when it is paused.
    pub paused_until: Option<OffsetDateTime>,
}

/// A template that somebody may pick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pickable {
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// The words of its body, with its places; empty where Meta has not told.
    pub body: String,
}

type StandingRow = (String, String, String, String, String, Option<String>, Option<String>, Option<i64>);

/// How one of our numbers is, as Meta tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NumberHealth {
    /// The number, as people see it.
    pub display_number: Option<String>,
    /// `CONNECTED`, `FLAGGED`, …
    pub status: Option<String>,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    pub quality: Option<String>,
    /// E.g. `TIER_10K`.
    pub tier: Option<String>,
}

/// Webhooks said that something changed: it is asked for at the next look.
pub(crate) async fn changed(tx: &mut Tx, what: &BTreeSet<&Changed>) -> Result<(), CatalogError> {
    for change in what {
        match change {
            Changed::Nothing => {}
            Changed::Templates(account) => {
                execute!(
                    tx,
                    "INSERT INTO accounts (waba_id) VALUES ($1) \
                     ON CONFLICT (waba_id) DO UPDATE SET templates_due_at = 0",
                    cut(account, 64)
                )?;
            }
            Changed::Account => {
                execute!(tx, "UPDATE marks SET at = 0 WHERE name = 'channel_check_due'")?;
            }
        }
    }
    Ok(())
}

/// Keeps one of an account's templates as Meta tells of it.
async fn keep_template(tx: &mut Tx, account: &str, t: &Template, present: i64) -> Result<(), CatalogError> {
    execute!(
        tx,
        "INSERT INTO templates (waba_id, name, language, category, status, quality, body_sha256, \
           rejected_reason, synced_at, places, takes, body) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $11, $12, $13) \
         ON CONFLICT (waba_id, name, language) DO UPDATE SET category = excluded.category, \
           status = CASE WHEN templates.status = $10 AND excluded.status = 'APPROVED' \
             AND templates.body_sha256 = excluded.body_sha256 THEN templates.status ELSE excluded.status END, \
           rejected_reason = CASE WHEN templates.status = $10 AND excluded.status = 'APPROVED' \
             AND templates.body_sha256 = excluded.body_sha256 THEN templates.rejected_reason \
             ELSE excluded.rejected_reason END, \
           paused_until = CASE WHEN excluded.status = 'APPROVED' THEN templates.paused_until END, \
           quality = excluded.quality, body_sha256 = excluded.body_sha256, synced_at = excluded.synced_at, \
           places = excluded.places, takes = excluded.takes, body = excluded.body",
        account,
        cut(&t.name, 512),
        cut(&t.language, 16),
        cut(&t.category, 32),
        cut(&t.status, 32),
        clean_maybe(t.quality.as_deref()),
        t.body_sha256.to_vec(),
        clean_maybe(t.rejected_reason.as_deref()),
        present,
        BLOCKED,
        t.takes.as_ref().and_then(|takes| i64::try_from(takes.body.len()).ok()),
        t.takes.as_ref().map(|takes| to_json("what a template takes", takes)).transpose()?,
        t.body.as_deref().map(|body| cut(body, BODY_CHARS))
    )
    .map(drop)
}

impl Catalog {
    /// Whether it is time to ask the channel how it is: of all that ask, one is told so each time.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_channel_check(&self) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let mine = execute!(
            tx,
            "UPDATE marks SET at = $2 WHERE name = 'channel_check_due' AND at <= $1",
            micros(present),
            micros(present + CHECKED_EVERY)
        )?;
        tx.commit().await?;
        Ok(mine == 1)
    }

    /// The accounts whose templates are to be asked for now, with the reference of a token that sees them. Who is told
    /// of one has it for a while.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_template_syncs(&self) -> Result<Vec<(String, String)>, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        execute!(
            tx,
            "INSERT INTO accounts (waba_id) SELECT DISTINCT n.waba_id FROM numbers n WHERE n.waba_id IS NOT NULL \
             ON CONFLICT (waba_id) DO NOTHING"
        )?;
        let due = all!(
            tx,
            (String, String),
            "SELECT a.waba_id, MIN(n.token_ref) FROM accounts a JOIN numbers n ON n.waba_id = a.waba_id \
             WHERE a.templates_due_at <= $1 GROUP BY a.waba_id ORDER BY a.waba_id LIMIT 100",
            micros(present)
        )?;
        let mut mine = Vec::new();
        for (account, token_ref) in due {
            let taken = execute!(
                tx,
                "UPDATE accounts SET templates_due_at = $3 WHERE waba_id = $1 AND templates_due_at <= $2",
                account.as_str(),
                micros(present),
                micros(present + SYNCED_EVERY)
            )?;
            if taken == 1 {
                mine.push((account, token_ref));
            }
        }
        tx.commit().await?;
        Ok(mine)
    }

    /// When an account's templates were last heard of.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn templates_synced_at(&self, account: &str) -> Result<Option<OffsetDateTime>, CatalogError> {
        let mut tx = self.reading().await?;
        let row = optional!(
            tx,
            (Option<i64>,),
            "SELECT templates_synced_at FROM accounts WHERE waba_id = $1",
            account
        )?;
        maybe_at("accounts", "templates_synced_at", row.and_then(|(at,)| at))
    }

    /// Keeps an account's templates as Meta tells of them; those that Meta no longer has are gone. One that was
    /// refused when sent stays blocked until Meta tells of another text or verdict.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_templates(&self, account: &str, templates: &[Template]) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let present = micros(tx.now());
        let account = cut(account, 64);
        let paused = all!(
            tx,
            (String, String),
            "SELECT name, language FROM templates WHERE waba_id = $1 AND status = 'PAUSED'",
            account.as_str()
        )?;
        for t in templates {
            keep_template(&mut tx, &account, t, present).await?;
        }
        execute!(
            tx,
            "DELETE FROM templates WHERE waba_id = $1 AND synced_at < $2",
            account.as_str(),
            present
        )?;
        execute!(
            tx,
            "UPDATE accounts SET templates_synced_at = $2 WHERE waba_id = $1",
            account.as_str(),
            present
        )?;
        let back = |t: &Template| {
            t.status == "APPROVED" && paused.iter().any(|(name, tag)| *name == t.name && *tag == t.language)
        };
        if templates.iter().any(back) {
            // Dispatch looks at each anew, and sets aside again what still waits.
            release(&mut tx, HeldFor::Template, None).await?;
        }
        tx.commit().await
    }

    /// Keeps how a number is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_number_health(&self, number: &str, health: &NumberHealth) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let was = optional!(
            tx,
            (Option<String>,),
            "SELECT tier FROM numbers WHERE phone_number_id = $1",
            clean(number)
        )?;
        execute!(
            tx,
            "UPDATE numbers SET display_number = COALESCE($2, display_number), status = $3, quality = $4, tier = $5, \
             checked_at = $6 WHERE phone_number_id = $1",
            clean(number),
            clean_maybe(health.display_number.as_deref()),
            clean_maybe(health.status.as_deref()),
            clean_maybe(health.quality.as_deref()),
            clean_maybe(health.tier.as_deref()),
            micros(present)
        )?;
        if was.is_some_and(|(tier,)| tier != health.tier) {
            // Dispatch counts anew how many may go, and sets the others aside again.
            release(&mut tx, HeldFor::Tier, Some(number)).await?;
        }
        tx.commit().await
    }

    /// Every template of every account, as it stands.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn templates(&self) -> Result<Vec<Standing>, CatalogError> {
        let mut tx = self.reading().await?;
        let rows = all!(
            tx,
            StandingRow,
            "SELECT waba_id, name, language, category, status, quality, rejected_reason, paused_until FROM templates \
             ORDER BY waba_id, name, language LIMIT 10000"
        )?;
        rows.into_iter()
            .map(|(account, name, language, category, status, quality, rejected_reason, paused)| {
                Ok(Standing {
                    account,
                    name,
                    language,
                    category,
                    status,
                    quality,
                    rejected_reason,
                    paused_until: maybe_at("templates", "paused_until", paused)?,
                })
            })
            .collect()
    }

    /// The templates by which a number may write now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn templates_of_number(&self, number: &str) -> Result<Vec<Pickable>, CatalogError> {
        let mut tx = self.reading().await?;
        let present = micros(tx.now());
        let rows = all!(
            tx,
            (String, String, Option<String>),
            "SELECT t.name, t.language, t.body FROM templates t JOIN numbers n ON n.phone_number_id = $1 \
             WHERE t.waba_id = COALESCE(n.waba_id, t.waba_id) AND t.status = 'APPROVED' \
               AND (t.paused_until IS NULL OR t.paused_until <= $2) ORDER BY t.name, t.language LIMIT 200",
            number,
            present
        )?;
        let picked = |(name, language, body): (_, _, Option<String>)| Pickable {
            name,
            language,
            body: body.unwrap_or_default(),
        };
        Ok(rows.into_iter().map(picked).collect())
    }

    /// The templates of ours (`acuse_…`), whatever Meta says of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn our_templates(&self) -> Result<Vec<OurTemplate>, CatalogError> {
        let mut tx = self.reading().await?;
        let rows = all!(
            tx,
            (String, String, String, String, String),
            "SELECT waba_id, name, language, status, category FROM templates WHERE SUBSTR(name, 1, 6) = 'acuse_' \
             ORDER BY waba_id, name, language LIMIT 1000"
        )?;
        let named = |(account, name, language, status, category): (_, _, _, _, String)| {
            let advertises = category == ADVERTISING;
            OurTemplate { account, name, language, status, advertises }
        };
        Ok(rows.into_iter().map(named).collect())
    }
}

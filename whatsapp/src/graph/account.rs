//! How the channel is: a number, a token, an account's webhooks and its templates, as Meta tells of them.

use reqwest::Method;
use serde_json::Value;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::{Call, Graph, GraphError, new_template::outline, not_understood};
use crate::{Secret, template::Takes};

/// Templates of one page of an answer.
const PAGE: usize = 100;
/// Most pages: Meta allows 6,000 templates an account.
const PAGES: usize = 60;
/// Meta's code for a field that it does not know.
const BAD_FIELD: i64 = 100;

/// One of our numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NumberInfo {
    /// As people see it.
    pub display_number: Option<String>,
    /// `CONNECTED`, `FLAGGED`, `RESTRICTED`, …
    pub status: Option<String>,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    pub quality: Option<String>,
    /// How many people it may write to first in a day, e.g. `TIER_10K`.
    pub tier: Option<String>,
}

/// The token in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenInfo {
    /// Whether Meta still takes it.
    pub is_valid: bool,
    /// When it ends; `None`: never.
    pub expires_at: Option<OffsetDateTime>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// The app that it is of.
    pub app_id: Option<String>,
}

/// The kinds of events that Acuse lives on, as `docs/whatsapp.md` names them: our app is subscribed to each.
pub const WEBHOOK_FIELDS: [&str; 7] = [
    "messages",
    "message_template_status_update",
    "template_category_update",
    "message_template_quality_update",
    "phone_number_quality_update",
    "account_update",
    "user_preferences",
];

/// What our app gets of WhatsApp accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subscription {
    /// Where it is delivered.
    pub callback_url: Option<String>,
    /// Whether it is.
    pub is_active: bool,
    /// Kinds of events: `messages`, `account_update`, …
    pub fields: Vec<String>,
}

/// A template of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateInfo {
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
    /// Hash of its components, as Meta writes them.
    pub body_sha256: [u8; 32],
    /// Meta's id of it.
    pub id: Option<String>,
    /// What it takes; none where that is not told.
    pub takes: Option<Takes>,
    /// What people see of it: its texts and buttons, without examples.
    pub outline: Value,
}

impl TemplateInfo {
    /// The words of its body, with its places.
    #[must_use]
    pub fn body(&self) -> Option<String> {
        let parts = self.outline.as_array().into_iter().flatten();
        parts
            .filter(|part| part.get("type").is_some_and(|kind| kind == "BODY"))
            .find_map(|part| text(part, "text"))
    }
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned)
}

/// A moment in Unix seconds, where 0 stands for never.
fn moment(value: &Value, key: &str) -> Option<OffsetDateTime> {
    let secs = value.get(key).and_then(Value::as_i64).filter(|secs| *secs > 0)?;
    OffsetDateTime::from_unix_timestamp(secs).ok()
}

impl Graph {
    /// How one of our numbers is.
    ///
    /// # Errors
    /// By class, when Meta refuses or cannot be asked.
    pub async fn number(&self, phone_number_id: &str) -> Result<NumberInfo, GraphError> {
        const FIELDS: &str = "id,display_phone_number,quality_rating,status";
        let ask = async |fields: &str| {
            let request = self.request(Method::GET, [phone_number_id]).query(&[("fields", fields)]);
            self.call(Call::Probe, request).await
        };
        let answer = match ask(&format!("{FIELDS},messaging_limit_tier")).await {
            // The tier moves from the number to the portfolio: without it the rest is still worth knowing.
            Err(error) if error.code() == Some(BAD_FIELD) => ask(FIELDS).await?,
            other => other?,
        };
        Ok(NumberInfo {
            display_number: text(&answer, "display_phone_number"),
            status: text(&answer, "status"),
            quality: text(&answer, "quality_rating"),
            tier: text(&answer, "messaging_limit_tier"),
        })
    }

    /// What Meta says of our own token.
    ///
    /// # Errors
    /// By class, when Meta refuses or cannot be asked.
    pub async fn token(&self) -> Result<TokenInfo, GraphError> {
        let token = self.config.access_token.expose();
        let request = self.request(Method::GET, ["debug_token"]).query(&[("input_token", token)]);
        let answer = self.call(Call::Probe, request).await?;
        let data = answer.get("data").ok_or_else(|| not_understood(Call::Probe, "no data"))?;
        let scopes = data.get("scopes").and_then(Value::as_array).into_iter().flatten();
        Ok(TokenInfo {
            is_valid: data.get("is_valid").and_then(Value::as_bool).unwrap_or(false),
            expires_at: moment(data, "expires_at"),
            scopes: scopes.filter_map(Value::as_str).map(str::to_owned).collect(),
            app_id: text(data, "app_id"),
        })
    }

    /// What our app gets of WhatsApp accounts, asked with its own secret; none: no webhook is set up.
    ///
    /// # Errors
    /// By class, when Meta refuses (the secret is another app's) or cannot be asked.
    pub async fn subscription(
        &self,
        app_id: &str,
        app_secret: &Secret,
    ) -> Result<Option<Subscription>, GraphError> {
        let token = format!("{app_id}|{}", app_secret.expose());
        let request = self.request_as(&token, Method::GET, [app_id, "subscriptions"]);
        let answer = self.call(Call::Probe, request).await?;
        let all = answer.get("data").and_then(Value::as_array);
        let all = all.ok_or_else(|| not_understood(Call::Probe, "no data"))?;
        let of_accounts =
            |one: &&Value| one.get("object").is_some_and(|object| object == "whatsapp_business_account");
        Ok(all.iter().find(of_accounts).map(|one| {
            let fields = one.get("fields").and_then(Value::as_array).into_iter().flatten();
            Subscription {
                callback_url: text(one, "callback_url"),
                is_active: one.get("active").and_then(Value::as_bool).unwrap_or(false),
                fields: fields.filter_map(|field| text(field, "name")).collect(),
            }
        }))
    }

    /// How many apps get the webhooks of an account (WABA): with none, nothing ever comes.
    ///
    /// # Errors
    /// By class, when Meta refuses or cannot be asked.
    pub async fn subscribed_apps(&self, waba_id: &str) -> Result<usize, GraphError> {
        let request = self.request(Method::GET, [waba_id, "subscribed_apps"]);
        let answer = self.call(Call::Probe, request).await?;
        let apps = answer.get("data").and_then(Value::as_array);
        apps.map(Vec::len).ok_or_else(|| not_understood(Call::Probe, "no data"))
    }

    /// All templates of an account (WABA).
    ///
    /// # Errors
    /// By class, when Meta refuses or cannot be asked, or has more than it says it allows.
    pub async fn templates(&self, waba_id: &str) -> Result<Vec<TemplateInfo>, GraphError> {
        const FIELDS: &str = "id,name,language,category,status,quality_score,rejected_reason,components";
        let mut found = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..PAGES {
            let mut request = self
                .request(Method::GET, [waba_id, "message_templates"])
                .query(&[("fields", FIELDS), ("limit", &PAGE.to_string())]);
            if let Some(after) = &after {
                request = request.query(&[("after", after)]);
            }
            let answer = self.call(Call::Probe, request).await?;
            let data = answer.get("data").and_then(Value::as_array);
            let data = data.ok_or_else(|| not_understood(Call::Probe, "no data"))?;
            found.extend(data.iter().filter_map(template));
            let more = answer.pointer("/paging/next").is_some();
            after = answer.pointer("/paging/cursors/after").and_then(Value::as_str).map(str::to_owned);
            if !more || after.is_none() {
                return Ok(found);
            }
        }
        Err(not_understood(Call::Probe, "the templates do not end"))
    }
}

fn template(value: &Value) -> Option<TemplateInfo> {
    let components = value.get("components").map(Value::to_string).unwrap_or_default();
    let reason = text(value, "rejected_reason").filter(|reason| reason != "NONE");
    Some(TemplateInfo {
        name: text(value, "name")?,
        language: text(value, "language")?,
        category: text(value, "category").unwrap_or_default(),
        status: text(value, "status")?,
        quality: value.get("quality_score").and_then(|q| text(q, "score")),
        rejected_reason: reason,
        body_sha256: Sha256::digest(components).into(),
        id: text(value, "id"),
        takes: value.get("components").and_then(Takes::of),
        outline: outline(value.get("components").unwrap_or(&Value::Null)),
    })
}

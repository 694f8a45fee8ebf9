//! The channel's own health, as Meta tells of it: numbers, tokens, who gets the webhooks, templates.

use std::collections::BTreeSet;

use acuse_storage::{
    Catalog, CatalogError,
    accounts::{NumberHealth, Template},
    numbers::Number,
};
use acuse_whatsapp::{
    ErrorClass, Graph,
    graph::{GraphError, TokenInfo},
};
use time::{Duration, OffsetDateTime};

use super::Finding;
use crate::{env::Env, halt::chain};

/// Meta restricts a number, or has flagged it.
const NUMBER_UNWELL: &str = "number_unwell";
/// People complain of what a number sends.
const NUMBER_QUALITY: &str = "number_quality";
/// A token ends soon.
const TOKEN_EXPIRING: &str = "token_expiring";
/// Meta does not take a token, or it may not do what it must.
const TOKEN_UNWELL: &str = "token_unwell";
/// No app gets an account's webhooks.
const UNSUBSCRIBED: &str = "webhooks_unsubscribed";
/// A template of ours cannot be sent, or only to whoever agreed to advertising.
const TEMPLATE_UNUSABLE: &str = "template_unusable";

/// So long before its end a token is told of.
const TOKEN_WARNING: Duration = Duration::days(14);
/// What a token must be allowed to do.
const SCOPES: [&str; 2] = ["whatsapp_business_messaging", "whatsapp_business_management"];

/// Asks Meta how the channel is, and keeps what it says of numbers. What Meta could not be asked is no finding: that
/// Meta is away is another's to tell.
///
/// # Errors
/// When the catalog fails.
pub async fn findings<'a>(
    catalog: &Catalog,
    graph_of: impl Fn(&str) -> Option<&'a Graph>,
    default_token: &str,
    now: OffsetDateTime,
) -> Result<Vec<Finding>, CatalogError> {
    let numbers = catalog.numbers().await?;
    let mut found = Vec::new();
    let mut tokens: BTreeSet<&str> = numbers.iter().map(|n| n.token_ref.as_str()).collect();
    tokens.insert(default_token);
    for token_ref in tokens {
        if let Some(graph) = graph_of(token_ref) {
            found.extend(token(graph.token().await, token_ref, now));
        }
    }
    for number in &numbers {
        if let Some(graph) = graph_of(&number.token_ref) {
            found.extend(of_number(catalog, graph, number).await?);
        }
    }
    let accounts: BTreeSet<(&str, &str)> =
        numbers.iter().filter_map(|n| Some((n.waba_id.as_deref()?, n.token_ref.as_str()))).collect();
    for (account, token_ref) in accounts {
        if let Some(graph) = graph_of(token_ref) {
            found.extend(subscription(graph, account).await);
        }
    }
    found.extend(templates(catalog).await?);
    Ok(found)
}

fn token(answer: Result<TokenInfo, GraphError>, token_ref: &str, now: OffsetDateTime) -> Vec<Finding> {
    let unwell = |what: String| Finding::new(TOKEN_UNWELL, token_ref, true, what);
    match answer {
        Ok(token) if !token.is_valid => {
            vec![unwell(format!("token {token_ref}: Meta says that it is not valid"))]
        }
        Ok(token) => {
            let missing: Vec<&str> =
                SCOPES.into_iter().filter(|scope| !token.scopes.iter().any(|has| has == scope)).collect();
            let what = match missing.as_slice() {
                [] => format!("token {token_ref} is valid"),
                _ => format!("token {token_ref} lacks {}", missing.join(" and ")),
            };
            let expiring = token.expires_at.is_some_and(|at| at - now < TOKEN_WARNING);
            let until = token.expires_at.map_or_else(
                || format!("token {token_ref} does not expire"),
                |at| format!("token {token_ref} expires on {}", at.date()),
            );
            vec![
                Finding::new(TOKEN_UNWELL, token_ref, !missing.is_empty(), what),
                Finding::new(TOKEN_EXPIRING, token_ref, expiring, until),
            ]
        }
        Err(error) if error.class == ErrorClass::TokenExpired => {
            vec![unwell(format!("token {token_ref}: {}", chain(&error)))]
        }
        Err(error) => {
            tracing::warn!(token_ref, error = chain(&error), "Meta does not say how a token is");
            Vec::new()
        }
    }
}

async fn of_number(catalog: &Catalog, graph: &Graph, number: &Number) -> Result<Vec<Finding>, CatalogError> {
    let id = number.phone_number_id.as_str();
    let info = match graph.number(id).await {
        Ok(info) => info,
        Err(error) if is_refusal(&error) => {
            let what = format!("number {id}: {}", chain(&error));
            return Ok(vec![Finding::new(NUMBER_UNWELL, id, true, what)]);
        }
        Err(error) => {
            tracing::warn!(number = id, error = chain(&error), "Meta does not say how a number is");
            return Ok(Vec::new());
        }
    };
    let word = |word: &Option<String>| word.clone().unwrap_or_else(|| "unknown".to_owned());
    let (status, quality, tier) = (word(&info.status), word(&info.quality), word(&info.tier));
    let shown = info.display_number.clone().unwrap_or_else(|| id.to_owned());
    let is_well = info.status.as_deref().is_none_or(|status| status == "CONNECTED");
    let is_low = matches!(info.quality.as_deref(), Some("YELLOW" | "RED"));
    let health = NumberHealth {
        display_number: info.display_number,
        status: info.status,
        quality: info.quality,
        tier: info.tier,
    };
    catalog.keep_number_health(id, &health).await?;
    Ok(vec![
        Finding::new(NUMBER_UNWELL, id, !is_well, format!("number {shown} is {status}")),
        Finding::new(NUMBER_QUALITY, id, is_low, format!("number {shown}: quality {quality}, tier {tier}")),
    ])
}

async fn subscription(graph: &Graph, account: &str) -> Option<Finding> {
    match graph.subscribed_apps(account).await {
        Ok(apps) => {
            let what = format!("account {account}: {apps} apps get its webhooks");
            Some(Finding::new(UNSUBSCRIBED, account, apps == 0, what))
        }
        Err(error) => {
            tracing::warn!(
                account,
                error = chain(&error),
                "Meta does not say who gets an account's webhooks"
            );
            None
        }
    }
}

async fn templates(catalog: &Catalog) -> Result<Vec<Finding>, CatalogError> {
    let ours = catalog.our_templates().await?;
    Ok(ours
        .into_iter()
        .map(|t| {
            let is_bad = t.advertises || !matches!(t.status.as_str(), "APPROVED" | "PENDING");
            let taken = if t.advertises { ", and Meta takes it for advertising" } else { "" };
            let subject = format!("{}/{}/{}", t.account, t.name, t.language);
            let what = format!("template {} ({}) is {}{taken}", t.name, t.language, t.status);
            Finding::new(TEMPLATE_UNUSABLE, subject, is_bad, what)
        })
        .collect())
}

/// Meta was asked and said no; anything else may be the way there.
fn is_refusal(error: &GraphError) -> bool {
    !matches!(error.class, ErrorClass::Retry | ErrorClass::Wait { .. } | ErrorClass::Unknown)
}

/// Asks Meta when it is time to, and keeps templates that are to be asked for; incidents open and end by it.
///
/// # Errors
/// When the catalog fails.
pub(super) async fn look(env: &Env) -> Result<(), CatalogError> {
    sync_templates(env).await?;
    if !env.catalog.take_channel_check().await? {
        return Ok(());
    }
    let graph_of = |token_ref: &str| env.graph_of(token_ref);
    let found = findings(&env.catalog, graph_of, crate::env::DEFAULT_TOKEN, env.now()).await?;
    for finding in &found {
        super::settle(env, finding).await?;
    }
    // A template that is no more has no finding, and no trouble.
    let ours = found.iter().filter(|f| f.kind == TEMPLATE_UNUSABLE).map(|f| f.subject.as_str());
    env.catalog.resolve_incidents_beside(TEMPLATE_UNUSABLE, &ours.collect::<Vec<_>>()).await.map(drop)
}

async fn sync_templates(env: &Env) -> Result<(), CatalogError> {
    for (account, token_ref) in env.catalog.take_template_syncs().await? {
        let Some(graph) = env.graph_of(&token_ref) else { continue };
        match graph.templates(&account).await {
            Ok(all) => {
                let all: Vec<Template> = all
                    .into_iter()
                    .map(|t| Template {
                        body: t.body(),
                        takes: t.takes,
                        name: t.name,
                        language: t.language,
                        category: t.category,
                        status: t.status,
                        quality: t.quality,
                        rejected_reason: t.rejected_reason,
                        body_sha256: t.body_sha256,
                    })
                    .collect();
                tracing::debug!(account, templates = all.len(), "templates were asked for");
                env.catalog.keep_templates(&account, &all).await?;
            }
            Err(error) => {
                // What stands is what Meta said last; the next hour asks again.
                tracing::warn!(
                    account,
                    error = chain(&error),
                    "Meta does not tell of an account's templates"
                );
            }
        }
    }
    Ok(())
}

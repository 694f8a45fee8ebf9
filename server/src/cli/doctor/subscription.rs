//! Whether Meta delivers what Acuse lives on: the webhook that was entered in the app, and the kinds of events that it is
//! subscribed to.

use acuse_whatsapp::{
    Graph, Secret,
    graph::{Subscription, WEBHOOK_FIELDS},
};
use anyhow::Context;

use super::{Report, State, within};
use crate::{config::Whatsapp, services};

/// Where webhooks are taken.
const PATH: &str = "/webhooks/whatsapp";

/// Asks with the first secret, which is the app's own. Without a token or a secret that is told already.
pub(super) async fn asked(whatsapp: &Whatsapp, report: &mut Report) {
    let (Ok(Some(graph)), Some(secret)) = (services::graph(whatsapp), whatsapp.app_secrets.first()) else {
        return;
    };
    match within(subscription(&graph, &Secret::new(secret.expose()))).await {
        Ok(found) => match missing(found.as_ref()) {
            None => report.tell(State::Ok, "webhook", "Meta delivers all that is needed"),
            Some(missing) => report.tell(State::Bad, "webhook", missing),
        },
        Err(error) => report.tell(
            State::Bad,
            "webhook",
            format!("{error:#}. Is ACUSE_WHATSAPP_APP_SECRET that of the app whose token is in use?"),
        ),
    }
}

async fn subscription(graph: &Graph, secret: &Secret) -> anyhow::Result<Option<Subscription>> {
    let token = graph.token().await?;
    let app = token.app_id.context("Meta does not say of which app the token is")?;
    Ok(graph.subscription(&app, secret).await?)
}

/// What is to be mended about it.
fn missing(found: Option<&Subscription>) -> Option<String> {
    let place = "enter it in the app under WhatsApp, Configuration";
    let Some(found) = found else { return Some(format!("the app has no webhook: {place}")) };
    let address = found.callback_url.as_deref().unwrap_or_default();
    if !found.is_active || !address.ends_with(PATH) {
        return Some(format!("the app's webhook is {address:?}, and not https://YOUR-HOST{PATH}: {place}"));
    }
    let lacks: Vec<&str> =
        WEBHOOK_FIELDS.into_iter().filter(|field| !found.fields.iter().any(|has| has == field)).collect();
    (!lacks.is_empty()).then(|| format!("the app is not subscribed to {}: {place}", lacks.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_that_is_missing_is_named() {
        let whole = Subscription {
            callback_url: Some("https://acuse.example/webhooks/whatsapp".into()),
            is_active: true,
            fields: WEBHOOK_FIELDS.map(str::to_owned).to_vec(),
        };
        assert_eq!(missing(Some(&whole)), None);
        let elsewhere = Subscription { callback_url: Some("https://acuse.example/".into()), ..whole.clone() };
        let some = Subscription { fields: vec!["messages".into()], ..whole.clone() };
        for (found, says) in [
            (None, "no webhook"),
            (Some(&elsewhere), "https://acuse.example/"),
            (Some(&Subscription { is_active: false, ..whole.clone() }), "YOUR-HOST/webhooks/whatsapp"),
            (Some(&some), "user_preferences"),
        ] {
            let told = missing(found).unwrap();
            assert!(told.contains(says) && told.contains("Configuration"), "{told}");
        }
    }
}

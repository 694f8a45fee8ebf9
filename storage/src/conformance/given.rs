//! What promises begin with: a template that Meta approved, somebody's word, a customer, one of us.

use acuse_whatsapp::template::Takes;
use uuid::Uuid;

use crate::{
    Catalog, ContactId, CustomerId,
    accounts::Template,
    consents::{Category, NewConsent, Word},
    entities::{Entity, NewEntity},
    names::now,
};

/// A word that nobody had before.
pub(super) fn fresh(prefix: &str) -> String {
    format!("{prefix}{}", Uuid::now_v7().simple())
}

/// A template that Meta approved, as it tells of it.
pub(super) fn template(name: &str, takes: Takes) -> Template {
    Template {
        name: name.into(),
        language: "es".into(),
        category: "UTILITY".into(),
        status: "APPROVED".into(),
        quality: None,
        rejected_reason: None,
        body_sha256: [7; 32],
        body: Some("Hola {{1}}.".into()),
        takes: Some(takes),
    }
}

/// A number is of this account, which has this template and no other.
pub(super) async fn has_template(catalog: &Catalog, (number, account): (&str, &str), template: Template) {
    let mut tx = catalog.writing().await.unwrap();
    let sql = "UPDATE numbers SET waba_id = $2 WHERE phone_number_id = $1";
    execute!(tx, sql, number, account).unwrap();
    tx.commit().await.unwrap();
    catalog.keep_templates(account, &[template]).await.unwrap();
}

/// A contact's word on messages from a number.
pub(super) async fn says(
    catalog: &Catalog,
    contact: ContactId,
    number: &str,
    (category, word): (Category, Word),
) {
    let consent = NewConsent {
        contact,
        phone_number_id: number,
        category,
        word,
        source: "form",
        text_version: None,
        said_by: None,
        at: now(),
    };
    catalog.write_consent(&consent).await.unwrap();
}

/// A customer of whom nothing more is known.
pub(super) async fn customer(catalog: &Catalog) -> CustomerId {
    let id = CustomerId::generate();
    let mut tx = catalog.writing().await.unwrap();
    let sql = "INSERT INTO customers (id, name, name_key, created_at, updated_at) VALUES ($1, $2, $2, 0, 0)";
    execute!(tx, sql, id.0, id.to_string()).unwrap();
    tx.commit().await.unwrap();
    id
}

/// One of us, by a tax id.
pub(super) async fn one_of_us(catalog: &Catalog, tax_id: &str) -> Entity {
    let us = NewEntity {
        name: format!("Nuestra {tax_id}"),
        tax_ids: vec![tax_id.to_owned()],
        ..NewEntity::default()
    };
    catalog.save_entity(None, &us, "user:ana").await.unwrap().expect("added")
}

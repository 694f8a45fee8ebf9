//! What promises begin with: a template that Meta approved, somebody's word, a customer, one of us, a file over the API.

use acuse_pipeline::document::Sha256;
use acuse_whatsapp::template::Takes;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Access, Catalog, ContactId, CustomerId, DocumentId, ObjectKey, StoredObject,
    access::Binding,
    accounts::Template,
    consents::{Category, NewConsent, Word},
    documents::DeclaredFile,
    entities::{Entity, NewEntity},
    keys::Scope,
    names::{Source, now},
    uploads::{Accepted, Upload},
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

/// What a key sees that is bound to this customer.
pub(super) async fn bound_to(catalog: &Catalog, customer: CustomerId) -> Access {
    let name = fresh("bound");
    let hash = Sha256::of(name.as_bytes());
    let to = [Binding::Customer(customer)];
    catalog.create_bound_key(&name, &hash, &[Scope::DocumentsRead], &to).await.unwrap().unwrap();
    catalog.key_with_access(&hash).await.unwrap().unwrap().1
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

/// A file that comes by the API at this moment, no two alike, in which nobody is named. Nothing is put in S3.
#[must_use]
pub fn upload(received_at: OffsetDateTime) -> Upload {
    let id = DocumentId::generate();
    let sha256 = Sha256::of(id.to_string().as_bytes());
    Upload {
        id,
        source: Source::Api,
        key: None,
        sender: None,
        customer_id: None,
        declared: DeclaredFile::default(),
        original: StoredObject { key: ObjectKey::original(id, &sha256), sha256, size_bytes: 7 },
        received_at,
    }
}

/// The document of an upload, which was not there before.
///
/// # Panics
/// When the database fails, or the upload was there.
pub async fn brought(catalog: &Catalog, upload: &Upload) -> DocumentId {
    assert_eq!(catalog.accept_upload(upload, None).await.unwrap(), Accepted::New(upload.id));
    upload.id
}

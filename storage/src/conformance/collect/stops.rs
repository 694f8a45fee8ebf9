//! Promises of who wants no more of something: that ends, and nothing that they agreed to still.

use acuse_conversation::{language::Language, said::no_advertising};

use super::{Debtor, agrees, debtor, leading};
use crate::{
    Catalog, Intake,
    conformance::door::{delivery, photo},
    consents::{Category, NewConsent, Word},
    inbound::InboundItem,
    names::now,
};

async fn wants_no_more(catalog: &Catalog, debtor: &Debtor, category: Category) {
    let consent = NewConsent {
        contact: debtor.contact,
        phone_number_id: &debtor.number,
        category,
        word: Word::Withdrawn,
        source: "by telephone",
        text_version: None,
        said_by: Some("user:eva"),
        at: now(),
    };
    catalog.write_consent(&consent).await.unwrap();
}

/// WhatsApp's own switch, and whoever writes down that somebody wants no advertising, end no collection of which nobody
/// would be told; what ends it is that they want no reminders of what they owe.
pub(in crate::conformance) async fn who_wants_no_advertising_is_reminded_of_what_they_owe(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let debtor = debtor(catalog).await;
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    debtor.owes(catalog, "F-271", "100.00", 5).await;
    let state = async || debtor.case(catalog).await.unwrap().0;
    let switch = InboundItem::Preference {
        identity: photo(&debtor.sample).identity,
        phone_number_id: debtor.number.clone(),
        stop: true,
        at: now(),
    };
    let intake = Intake::spawn(catalog.clone());
    intake.record(delivery(vec![switch.clone()])).await.unwrap();
    intake.record(delivery(vec![switch])).await.unwrap();
    let confirmed = debtor.said(catalog, "stopped").await;
    assert_eq!(confirmed, [no_advertising(Language::Es)], "said once, and of advertising alone");
    let said = catalog.written_consents(debtor.contact).await.unwrap();
    let last = said.last().map(|word| (word.category, word.state));
    assert_eq!(last, Some((Category::Marketing, Word::Withdrawn)));
    assert_eq!(state().await, "waiting");
    wants_no_more(catalog, &debtor, Category::Marketing).await;
    assert_eq!(state().await, "waiting");
    wants_no_more(catalog, &debtor, Category::Billing).await;
    assert_eq!(state().await, "stopped");
}

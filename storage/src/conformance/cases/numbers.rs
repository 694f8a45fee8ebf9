//! A contact of two of our numbers: what one of them says is nothing that the other said.

use acuse_conversation::wording::Telling;

use super::{asked, leading, time_passes_for, unreadable};
use crate::{
    Catalog, Intake,
    conformance::{
        door::{delivery, photo},
        given::fresh,
    },
    inbound::{InboundItem, InboundMessage},
    outbox::Purpose,
};

/// Who was reminded by one number is by the other, and hears of each that what they sent it came without its content.
pub(in super::super) async fn what_one_number_said_silences_no_other(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (sample, _, contact) = asked(catalog).await;
    let (first, second) = (photo(&sample).phone_number_id, fresh("900"));
    let writes = async |message: InboundMessage| {
        let item = InboundItem::Message(InboundMessage { wamid: fresh("wamid."), ..message });
        Intake::spawn(catalog.clone()).record(delivery(vec![item])).await.unwrap()
    };
    let said = async |purpose: Purpose| {
        let mut tx = catalog.reading().await.unwrap();
        let sql = "SELECT phone_number_id FROM outbox WHERE contact_id = $1 AND purpose = $2 ORDER BY seq";
        all!(tx, (String,), sql, contact.0, purpose.as_str()).unwrap()
    };
    time_passes_for(catalog, contact, "ask").await;
    let to_second = || InboundMessage { phone_number_id: second.clone(), ..photo(&sample) };
    let other = writes(to_second()).await.new_documents[0];
    unreadable(catalog, other).await;
    time_passes_for(catalog, contact, "documents").await;
    time_passes_for(catalog, contact, "ask").await;
    let both = [(first.clone(),), (second.clone(),)];
    assert_eq!(said(Purpose::Reminder).await, both, "each its own, and once");

    for message in [photo(&sample), to_second(), photo(&sample)] {
        let answer = Some(Telling::SendNormally);
        let unseen = InboundMessage { kind: "unsupported".into(), media: None, answer, ..message };
        writes(unseen).await;
    }
    assert_eq!(said(Purpose::SendNormally).await, both);
}

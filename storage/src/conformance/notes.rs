//! Promises of what a person has in hand beside a case: notes of ours that nobody is sent, and what was said over its
//! number alone.

use super::{
    cases::{cases_of, leading, said_to, writes},
    erasure::{behind, wish},
    house::known,
};
use crate::{
    Access, CaseId, Catalog, ContactId,
    cases::{Act, Acted, Listed},
    erasure::Wished,
    key_file::ErasedKind,
};

async fn case_of(catalog: &Catalog, contact: ContactId, kind: &str) -> Listed {
    let (id, ..) = cases_of(catalog, contact).await.into_iter().rfind(|c| c.1 == kind).unwrap();
    catalog.case(&Access::whole(), id).await.unwrap().unwrap()
}

pub(super) async fn a_note_is_ours_and_goes_with_its_contact(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (sample, contact, _) = known(catalog).await;
    writes(catalog, &sample, "Quiero hablar con una persona").await;
    let before = (said_to(catalog, contact).await, case_of(catalog, contact, "support").await);
    let id = before.1.id;
    let whole = Access::whole();
    let words = "Llamó ayer: paga el viernes.";
    let note = catalog.note_on_case(&whole, id, "user:eva", words).await.unwrap().expect("it is written");
    assert_eq!((note.text.as_deref(), note.by.as_str()), (Some(words), "user:eva"));
    assert_eq!(said_to(catalog, contact).await, before.0, "nobody is sent it");
    let case = case_of(catalog, contact, "support").await;
    assert_eq!(case, before.1, "whoever holds the case acts on the version that they looked at");
    let trail = catalog.audit_trail(None, 5).await.unwrap();
    let of_note = |line: &&crate::audit::AuditEntry| line.detail["note_id"] == note.id.to_string();
    let line = trail.iter().find(of_note).expect("who wrote one is in the trail");
    assert!(line.action == "case" && !line.detail.to_string().contains("viernes"), "{line:?}");

    // What is over can be told of too, and the oldest stands first.
    let acted = catalog.act_on_case(&whole, id, case.version, "user:eva", &Act::Close).await.unwrap();
    assert!(matches!(acted, Acted::Done(_)), "{acted:?}");
    let second = catalog.note_on_case(&whole, id, "key:crm", "Pagó.").await.unwrap().unwrap();
    assert_eq!(catalog.notes_on_case(&whole, &case).await.unwrap(), [note, second]);
    let nowhere = catalog.note_on_case(&whole, CaseId::generate(), "user:eva", words).await.unwrap();
    assert_eq!(nowhere, None);

    // Nobody vouches that their file is no ID: what is noted beside it may tell of it.
    behind(catalog, "UPDATE documents SET sensitivity = 'unknown' WHERE contact_id = $1".into(), contact.0)
        .await;
    let gathered = case_of(catalog, contact, "documents").await;
    catalog.note_on_case(&whole, gathered.id, "user:eva", "Caduca en mayo.").await.unwrap().unwrap();
    let without_ids = catalog.notes_on_case(&Access::new(false), &gathered).await.unwrap();
    assert!(without_ids.len() == 1 && without_ids[0].text.is_none(), "{without_ids:?}");
    let of_words = catalog.notes_on_case(&Access::new(false), &case).await.unwrap();
    assert!(of_words.iter().all(|note| note.text.is_some()), "{of_words:?}");

    let begun = catalog.erase(&wish(ErasedKind::Contact, contact.0)).await.unwrap();
    let Wished::Begun(receipt) = begun else { panic!("{begun:?}") };
    assert_eq!(receipt.counts.get("notes"), Some(&3), "{receipt:?}");
    for case in [&case, &gathered] {
        assert!(catalog.notes_on_case(&whole, case).await.unwrap().is_empty());
        assert_eq!(catalog.note_on_case(&whole, case.id, "user:eva", words).await.unwrap(), None);
    }
}

pub(super) async fn a_thread_is_of_one_number(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (sample, contact, number) = known(catalog).await;
    writes(catalog, &sample, "Quiero hablar con una persona").await;
    let whole = Access::whole();
    let all = catalog.conversation(&whole, contact, None, None, 50).await.unwrap();
    let here = catalog.conversation(&whole, contact, Some(&number), None, 50).await.unwrap();
    assert!(here.len() > 1 && here == all, "all of it was said over the one: {all:?}");
    assert!(catalog.conversation(&whole, contact, Some("elsewhere"), None, 50).await.unwrap().is_empty());
}

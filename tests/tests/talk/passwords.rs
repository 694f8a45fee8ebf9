//! Passwords: one opens its file, and stands nowhere afterwards.

use acuse_fixtures::graph::{Inbound, MediaType, Said, Sender};
use acuse_tests::in_process::InProcess;
use serde_json::json;

use super::{ANA, EVA, answer, ends, file, led, only_document, post, stands, text_of, words};

/// Whether words stand in a backup of this moment.
async fn is_backed_up(acuse: &InProcess, words: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("backup.db");
    acuse.world.catalog().copy_into(&copy).await.unwrap();
    let bytes = std::fs::read(copy).unwrap();
    bytes.windows(words.len()).any(|w| w == words.as_bytes())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_opens_its_file_and_stands_nowhere() {
    let acuse = led().await;
    file(
        &acuse,
        ANA,
        "locked abril-7731\nreceipt\ntotal=45.00\ncurrency=EUR\nnumber=7\nmerchant_name=Bar Sol",
    )
    .await;
    assert!(text_of(&answer(&acuse).await).contains("contraseña"));
    words(&acuse, ANA, "mayo-7731").await;
    assert!(!is_backed_up(&acuse, "mayo-7731").await, "while it lies sealed and has yet to be tried");
    assert!(text_of(&answer(&acuse).await).contains("Esa contraseña no abre"), "and it is asked for again");
    words(&acuse, ANA, "abril-7731").await;
    assert!(!is_backed_up(&acuse, "abril-7731").await);
    answer(&acuse).await;
    let document = only_document(&acuse).await;
    assert_eq!(document["kind"], "receipt", "{document}");
    for word in ["mayo-7731", "abril-7731"] {
        assert!(!stands(&acuse, word), "{word} stands in the database");
        assert!(!is_backed_up(&acuse, word).await, "{word} stands in a backup");
    }
    assert!(is_backed_up(&acuse, "[password]").await, "a backup is looked through too");
    assert!(stands(&acuse, "[password]"), "what is looked through is what is kept");
    ends(acuse).await;
}

/// Also a wrong one, one that is edited, one in a quoted reply, and one under the file itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_logged_nowhere_however_it_comes() {
    let acuse = led().await;
    acuse_tests::logged::listen();
    let locked =
        "locked abril-7731\nreceipt\ntotal=45.00\ncurrency=EUR\nnumber=7\nmerchant_name=Bar Sol".to_owned();
    file(&acuse, ANA, &locked).await;
    let asked = answer(&acuse).await;
    let wrong = Inbound::new(
        Sender::phone(ANA.0, ANA.1),
        Said::Raw(json!({ "type": "text", "text": { "body": "mayo-7731" } })),
    );
    let typed = wrong.message_id.clone();
    assert_eq!(acuse.webhook(&acuse.world.graph.webhook_for(&[wrong])).await.unwrap(), 200);
    let edit = json!({ "type": "edit", "edit": { "original_message_id": typed,
        "message": { "type": "text", "text": { "body": "junio-7731" } } } });
    post(&acuse, ANA, Said::Raw(edit)).await;
    assert!(text_of(&answer(&acuse).await).contains("Esa contraseña no abre"));
    let quoted = json!({ "type": "text", "text": { "body": "abril-7731" },
        "context": { "from": "15550100001", "id": asked.message_id } });
    post(&acuse, ANA, Said::Raw(quoted)).await;
    answer(&acuse).await;
    assert_eq!(only_document(&acuse).await["kind"], "receipt");

    let hers = locked.replace("number=7", "number=8");
    file(&acuse, EVA, &hers).await;
    assert!(text_of(&answer(&acuse).await).contains("contraseña"));
    let media_id = acuse.world.graph.upload_media(hers.into_bytes(), "application/pdf");
    let under = Said::Media {
        kind: MediaType::Document,
        media_id,
        caption: Some("julio-7731".into()),
        filename: Some("recibo.pdf".into()),
    };
    post(&acuse, EVA, under).await;
    answer(&acuse).await;
    let logged = acuse_tests::logged::heard();
    assert!(logged.contains("reply sent"), "what is looked through is what is logged");
    for word in ["mayo-7731", "junio-7731", "abril-7731", "julio-7731"] {
        // The reader of these tests has the right one from the file itself, which travels to the store in plain.
        assert!(word == "abril-7731" || !logged.contains(word), "{word} stands in the log");
        assert!(!stands(&acuse, word), "{word} stands in the database");
        assert!(!is_backed_up(&acuse, word).await, "{word} stands in a backup");
    }
    ends(acuse).await;
}

//! Promises of the object store.

use acuse_pipeline::document::Sha256;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use std::time::Duration;

use crate::{DocumentId, ObjectKey, Objects, StoredObject, objects::ObjectError};

pub(super) async fn the_bucket_is_made_once(objects: &Objects) {
    objects.ensure_bucket().await.expect("made");
    objects.ensure_bucket().await.expect("there already");
    objects.ping().await.expect("answers");
}

pub(super) async fn what_is_put_comes_back(objects: &Objects) {
    let id = DocumentId::generate();
    for bytes in [&b""[..], b"x", &[7_u8; 100_000]] {
        let hash = Sha256::of(bytes);
        let key = ObjectKey::page(id, 1, &hash);
        assert_eq!(objects.head(&key).await.unwrap(), None);
        let stored = objects.put_bytes(&key, Bytes::copy_from_slice(bytes), "image/jpeg").await.unwrap();
        assert_eq!((stored.sha256, stored.size_bytes), (hash, bytes.len() as u64));
        objects
            .put_bytes(&key, Bytes::copy_from_slice(bytes), "image/jpeg")
            .await
            .expect("again is harmless");
        assert_eq!(objects.head(&key).await.unwrap(), Some(bytes.len() as u64));
        assert_eq!(objects.get_verified(&stored, 1 << 20).await.unwrap(), bytes);
        let wrong = StoredObject { sha256: Sha256::of(b"else"), ..stored };
        assert!(matches!(objects.get_verified(&wrong, 1 << 20).await, Err(ObjectError::Altered { .. })));
        objects.delete(&key).await.unwrap();
        objects.delete(&key).await.expect("gone already");
        assert!(matches!(objects.get_bytes(&key, 10).await, Err(ObjectError::Missing(_))));
    }
}

pub(super) fn pieces(
    total: usize,
    piece: usize,
) -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> {
    let pattern = Bytes::from((0..piece).map(|n| n.to_le_bytes()[0] ^ 0x5a).collect::<Vec<u8>>());
    stream::iter((0..total.div_ceil(piece)).map(move |n| Ok(pattern.slice(..piece.min(total - n * piece)))))
}

pub(super) async fn long_streams_are_kept_in_parts(objects: &Objects) {
    // One short, one of exactly a part, one of several with a short last.
    for total in [1_000, 8 << 20, (19 << 20) + 3] {
        let id = DocumentId::generate();
        let stored = objects.put_original(id, pieces(total, 60_000), 64 << 20).await.expect("kept");
        assert_eq!(stored.size_bytes, total as u64);
        assert_eq!(stored.key, ObjectKey::original(id, &stored.sha256));
        let (length, stream) = objects.get_stream(&stored.key).await.unwrap();
        assert_eq!(length, total as u64);
        let back: Vec<Bytes> = stream.map(|b| b.expect("streams")).collect().await;
        assert_eq!(Sha256::of(&back.concat()), stored.sha256);
        assert!(matches!(
            objects.get_bytes(&stored.key, 999).await,
            Err(ObjectError::TooLarge { limit: 999 })
        ));
        objects.delete(&stored.key).await.unwrap();
    }
}

pub(super) async fn failures_leave_nothing(objects: &Objects) {
    let id = DocumentId::generate();
    for limit in [10_u64, 9 << 20] {
        let over = objects.put_original(id, pieces(12 << 20, 60_000), limit).await;
        assert!(matches!(over, Err(ObjectError::TooLarge { .. })), "{over:?}");
    }
    let broken = pieces(10 << 20, 60_000).chain(stream::iter([Err(std::io::Error::other("cut"))]));
    assert!(matches!(objects.put_original(id, broken, 64 << 20).await, Err(ObjectError::Source(_))));
}

pub(super) async fn links_work_for_anyone(objects: &Objects) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let id = DocumentId::generate();
    let stored = objects.put_original(id, pieces(5_000, 1_000), 1 << 20).await.unwrap();
    let link = objects.presigned_get(&stored.key, Duration::from_secs(60)).await.unwrap();
    let url = url::Url::parse(&link).expect("a URL");
    if url.scheme() != "http" {
        return;
    }
    let address = (url.host_str().unwrap().to_owned(), url.port_or_known_default().unwrap());
    let ask = |target: String| {
        let address = address.clone();
        async move {
            let mut socket = tokio::net::TcpStream::connect((address.0.as_str(), address.1)).await.unwrap();
            let head = format!(
                "GET {target} HTTP/1.1\r\nHost: {}:{}\r\nConnection: close\r\n\r\n",
                address.0, address.1
            );
            socket.write_all(head.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            socket.read_to_end(&mut answer).await.unwrap();
            String::from_utf8_lossy(&answer[..12.min(answer.len())]).into_owned()
        }
    };
    let signed = format!("{}?{}", url.path(), url.query().unwrap());
    assert_eq!(ask(signed).await, "HTTP/1.1 200");
    assert_eq!(ask(url.path().to_owned()).await, "HTTP/1.1 403", "not without the signature");
}

pub(super) async fn leftovers_of_another_day_go(objects: &Objects) {
    let then = uuid::Timestamp::from_unix(uuid::NoContext, 1_700_000_000, 0);
    let old = format!("incoming/{}", uuid::Uuid::new_v7(then)).parse().expect("a passing key");
    let young = format!("incoming/{}", uuid::Uuid::now_v7()).parse().expect("a passing key");
    for key in [&old, &young] {
        objects.put_bytes(key, Bytes::from_static(b"cut off"), "application/octet-stream").await.unwrap();
    }
    assert!(objects.delete_leftovers(Duration::from_secs(86_400)).await.unwrap() >= 1);
    assert_eq!(objects.head(&old).await.unwrap(), None);
    assert!(objects.head(&young).await.unwrap().is_some(), "someone may still be sending it");
    objects.delete(&young).await.unwrap();
}

//! The list of `acuse_storage::conformance` on the embedded parts; and on PostgreSQL (`ACUSE_TEST_POSTGRES`, the URL
//! of an empty database) and any S3 (`ACUSE_TEST_S3_ENDPOINT` with AWS's credential variables) where they are given.
#![cfg(feature = "conformance")]

use acuse_storage::{Catalog, EmbeddedS3, Objects, S3Config, conformance, objects::Credentials};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open_sqlite(&folder.path().join("acuse.db")).await.unwrap();
    conformance::catalog(&catalog).await;
    catalog.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_of_before() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("old.db").display());
    conformance::upgrade(&Catalog::connect(&url).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embedded_s3() {
    let folder = tempfile::tempdir().unwrap();
    let s3 = EmbeddedS3::start(folder.path()).await.unwrap();
    conformance::objects(&Objects::connect(&s3.config("acuse"))).await;
    // What is kept stays when the process ends: another one serves the same folder.
    let key = acuse_storage::ObjectKey::original(
        acuse_storage::DocumentId::generate(),
        &acuse_pipeline::document::Sha256::of(b"kept"),
    );
    let first = Objects::connect(&s3.config("acuse"));
    first.put_bytes(&key, bytes::Bytes::from_static(b"kept"), "image/jpeg").await.unwrap();
    drop(s3);
    let again = EmbeddedS3::start(folder.path()).await.unwrap();
    let objects = Objects::connect(&again.config("acuse"));
    assert_eq!(objects.get_bytes(&key, 10).await.unwrap(), "kept");
    // Everything under the bucket that is not a document's is cleaned up.
    let incoming = folder.path().join("acuse/incoming");
    let left = std::fs::read_dir(&incoming).map(Iterator::count).unwrap_or(0);
    assert_eq!(left, 0, "nothing half is left in {}", incoming.display());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    let Ok(url) = std::env::var("ACUSE_TEST_POSTGRES") else {
        eprintln!("ACUSE_TEST_POSTGRES is not set: not run here (the tests package runs it)");
        return;
    };
    let catalog = Catalog::open(&url).await.unwrap();
    conformance::catalog(&catalog).await;
    catalog.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_s3() {
    let Ok(endpoint) = std::env::var("ACUSE_TEST_S3_ENDPOINT") else {
        eprintln!("ACUSE_TEST_S3_ENDPOINT is not set: not run here (the tests package runs it)");
        return;
    };
    let variable = |name: &str| std::env::var(name).unwrap();
    let config = S3Config {
        endpoint: Some(endpoint),
        bucket: format!("acuse-{}", acuse_storage::DocumentId::generate()),
        region: "us-east-1".into(),
        credentials: Credentials::new(variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")),
    };
    conformance::objects(&Objects::connect(&config)).await;
}

//! The same promises on every database and every S3.

use acuse_storage::{
    Catalog, Objects, conformance,
    objects::{Credentials, EmbeddedS3, S3Config},
};
use acuse_tests::{
    minio::{ACCESS_KEY, Minio, SECRET_KEY},
    postgres::Postgres,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_catalog_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open_sqlite(&folder.path().join("catalog.sqlite")).await.unwrap();
    conformance::catalog(&catalog).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_catalog_on_postgresql() {
    let Some(postgres) = Postgres::start().unwrap() else { return };
    let catalog = Catalog::open(&postgres.url("acuse")).await.unwrap();
    conformance::catalog(&catalog).await;
    catalog.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_desk_at_work_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open_sqlite(&folder.path().join("catalog.sqlite")).await.unwrap();
    conformance::at_work(&catalog).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_desk_at_work_on_postgresql() {
    let Some(postgres) = Postgres::start().unwrap() else { return };
    let catalog = Catalog::open(&postgres.url("acuse")).await.unwrap();
    conformance::at_work(&catalog).await;
    catalog.close().await;
}

/// 10,000 contested claims by 20 reviewers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_holds_what_another_holds_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open_sqlite(&folder.path().join("catalog.sqlite")).await.unwrap();
    conformance::contested(&catalog).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_holds_what_another_holds_on_postgresql() {
    let Some(postgres) = Postgres::start().unwrap() else { return };
    let catalog = Catalog::open(&postgres.url("acuse")).await.unwrap();
    conformance::contested(&catalog).await;
    catalog.close().await;
}

/// A database of the schema that landed first is brought up to date, with all that was in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_landed_comes_through_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("old.sqlite").display());
    conformance::upgrade(&Catalog::connect(&url).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_landed_comes_through_on_postgresql() {
    let Some(postgres) = Postgres::start().unwrap() else { return };
    let catalog = Catalog::connect(&postgres.url("acuse")).await.unwrap();
    conformance::upgrade(&catalog).await;
    catalog.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_in_the_embedded_s3() {
    let folder = tempfile::tempdir().unwrap();
    let s3 = EmbeddedS3::start(&folder.path().join("objects")).await.unwrap();
    let objects = Objects::connect(&s3.config("acuse"));
    conformance::objects(&objects).await;
    conformance::sealed(&objects, folder.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_in_minio() {
    let Some(minio) = Minio::start().unwrap() else { return };
    let config = S3Config {
        endpoint: Some(minio.endpoint()),
        bucket: "acuse-conformance".to_owned(),
        region: "us-east-1".to_owned(),
        credentials: Credentials::new(ACCESS_KEY, SECRET_KEY),
    };
    let (objects, folder) = (Objects::connect(&config), tempfile::tempdir().unwrap());
    conformance::objects(&objects).await;
    conformance::sealed(&objects, folder.path()).await;
}

/// Rows and objects are compared, each database with another S3.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_rows_and_objects_say_of_one_another_embedded() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open_sqlite(&folder.path().join("catalog.sqlite")).await.unwrap();
    let s3 = EmbeddedS3::start(&folder.path().join("objects")).await.unwrap();
    let objects = Objects::connect(&s3.config("acuse"));
    conformance::compare(&catalog, &objects).await;
    conformance::what_was_plain(&catalog, &objects, folder.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_rows_and_objects_say_of_one_another_scaled_out() {
    let (Some(postgres), Some(minio)) = (Postgres::start().unwrap(), Minio::start().unwrap()) else { return };
    let catalog = Catalog::open(&postgres.url("acuse")).await.unwrap();
    let config = S3Config {
        endpoint: Some(minio.endpoint()),
        bucket: "acuse-compared".to_owned(),
        region: "us-east-1".to_owned(),
        credentials: Credentials::new(ACCESS_KEY, SECRET_KEY),
    };
    let (objects, folder) = (Objects::connect(&config), tempfile::tempdir().unwrap());
    conformance::compare(&catalog, &objects).await;
    conformance::what_was_plain(&catalog, &objects, folder.path()).await;
    catalog.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    conformance::lists(&Catalog::open_sqlite(&folder.path().join("catalog.sqlite")).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_on_postgresql() {
    let Some(postgres) = Postgres::start().unwrap() else { return };
    let catalog = Catalog::open(&postgres.url("acuse")).await.unwrap();
    conformance::lists(&catalog).await;
    catalog.close().await;
}

/// Nothing of what was erased is left in rows, files or an older backup.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_erased_is_gone_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("catalog.sqlite");
    let catalog = Catalog::open_sqlite(&file).await.unwrap();
    let s3 = EmbeddedS3::start(&folder.path().join("objects")).await.unwrap();
    conformance::erased(&catalog, &Objects::connect(&s3.config("acuse")), folder.path(), Some(&file)).await;
    conformance::retained(&catalog).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_erased_is_gone_on_postgresql() {
    let (Some(postgres), Some(minio)) = (Postgres::start().unwrap(), Minio::start().unwrap()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(&postgres.url("acuse")).await.unwrap();
    let config = S3Config {
        endpoint: Some(minio.endpoint()),
        bucket: "acuse-erased".to_owned(),
        region: "us-east-1".to_owned(),
        credentials: Credentials::new(ACCESS_KEY, SECRET_KEY),
    };
    conformance::erased(&catalog, &Objects::connect(&config), folder.path(), None).await;
    conformance::retained(&catalog).await;
    catalog.close().await;
}

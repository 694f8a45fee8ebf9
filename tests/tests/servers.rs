//! The throw-away servers themselves.

use acuse_tests::{minio::Minio, postgres::Postgres};

#[test]
fn postgres_comes_back_after_a_crash() {
    let Some(mut postgres) = Postgres::start().unwrap() else { return };
    postgres.crash_and_restart().unwrap();
    postgres.create_database("second").unwrap();
}

#[test]
fn minio_starts() {
    let Some(minio) = Minio::start().unwrap() else { return };
    assert!(minio.endpoint().starts_with("http://127.0.0.1:"));
}

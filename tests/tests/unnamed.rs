//! After `kill -9`, what no row names does not stay in the store.

use std::{
    collections::BTreeSet,
    path::Path,
    time::{Duration, SystemTime},
};

use acuse_storage::{Catalog, Document, DocumentFilter};
use acuse_tests::stack::{Api, wait};
use reqwest::Method;

use crate::world::{ALL, World};

/// Older than anything that may still be named.
const LONG_AGO: Duration = Duration::from_secs(9 * 24 * 3_600);

/// The keys of documents that stand in the folder of the embedded S3.
fn stored(bucket: &Path) -> BTreeSet<String> {
    let folders = std::fs::read_dir(bucket.join("documents")).into_iter().flatten();
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
    let keys = files.map(|file| file.unwrap().path().strip_prefix(bucket).unwrap().display().to_string());
    keys.collect()
}

async fn named(folder: &Path) -> BTreeSet<String> {
    let catalog = Catalog::connect(&format!("sqlite://{}", folder.display())).await.unwrap();
    let filter = DocumentFilter { access: acuse_storage::Access::whole(), ..DocumentFilter::default() };
    let documents = catalog.documents(&filter, None, 500).await.unwrap().data;
    catalog.close().await;
    let keys = |d: Document| {
        let pages = d.pages.into_iter().map(|page| page.key);
        pages.chain(d.original.map(|o| o.key)).chain(d.thumbnail_key).map(|k| k.as_str().to_owned()).collect()
    };
    documents.into_iter().flat_map(|d| -> Vec<String> { keys(d) }).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_row_names_goes_after_a_kill() {
    let world = World::new().await;
    let mut serve = world.place.start("first", &["web"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    let upload = |n: u8, bytes: usize| {
        let mut body =
            b"--part\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\n".to_vec();
        body.resize(body.len() + bytes, n);
        body.extend_from_slice(b"\r\n--part--\r\n");
        let request = api.request(Method::POST, "/v1/documents");
        request.header("Content-Type", "multipart/form-data; boundary=part").body(body).send()
    };
    assert_eq!(upload(200, 100).await.unwrap().status(), 201);
    // Cut off wherever they are.
    let uploads: Vec<_> = (0..20).map(|n| tokio::spawn(upload(n, 6 << 20))).collect();
    tokio::time::sleep(Duration::from_millis(400)).await;
    serve.kill_9().unwrap();
    for upload in uploads {
        let _ = upload.await;
    }
    let data = world.folder.path().join("data");
    let (rows, bucket) = (data.join("acuse.db"), &data.join("objects/acuse"));
    // What such an end leaves at the worst moment: an object, and no row.
    for n in 0..3 {
        let folder = bucket.join(format!("documents/0197f1c2-0000-7000-8000-00000000000{n}"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join(format!("original-{}", "ab".repeat(32))), b"a passport").unwrap();
    }
    let then = SystemTime::now() - LONG_AGO;
    for key in stored(bucket) {
        std::fs::File::options().write(true).open(bucket.join(key)).unwrap().set_modified(then).unwrap();
    }
    let before = stored(bucket);
    let unnamed = before.difference(&named(&rows).await).count();
    assert!(unnamed >= 3, "{unnamed} of {}", before.len());
    let _serve = world.place.start("again", &["serve"]).unwrap();
    wait("nothing unnamed", Duration::from_secs(120), || async {
        let (stored, named) = (stored(bucket), named(&rows).await);
        Ok(stored.difference(&named).next().is_none().then_some(()))
    })
    .await
    .unwrap();
    assert!(!stored(bucket).is_empty(), "what rows name is there");
    let log = world.place.log("again");
    assert!(!log.contains("ListMultipartUploads") && !log.contains("NotImplemented"), "{log}");
}

//! What integrators rely on: a feed that survives restores, and customers that are whole.

use acuse_pipeline::document::Sha256;
use acuse_storage::{
    Catalog, CustomerId, DocumentId,
    access::Binding,
    conformance::{brought, upload},
    customers::NewCustomer,
    events::{Event, EventCursor, EventFilter, Followed},
    keys::Scope,
    uploads::Upload,
};
use acuse_tests::{in_process::InProcess, postgres::Postgres, stack::Api};
use axum::{
    body::Body,
    http::{Request, header},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{ALL, World};

/// One event each.
async fn change(catalog: &Catalog, names: std::ops::Range<usize>) {
    for n in names {
        let new = NewCustomer {
            external_id: Some(format!("E{n}")),
            name: format!("Cliente {n}"),
            ..NewCustomer::default()
        };
        catalog.upsert_customers(&[new]).await.unwrap();
    }
}

async fn follow(catalog: &Catalog, after: Option<EventCursor>) -> Followed {
    catalog.follow(after, &EventFilter::default(), 1000).await.unwrap()
}

async fn page(catalog: &Catalog, after: Option<EventCursor>) -> (Vec<Event>, EventCursor) {
    match follow(catalog, after).await {
        Followed::Page { events, next } => (events, next),
        Followed::Foreign => panic!("a cursor of this feed"),
    }
}

/// Nobody who followed the feed of before is left waiting, and whoever starts over misses nothing.
async fn nobody_is_left_silent(restored: &Catalog, ahead: EventCursor, behind: EventCursor, there: usize) {
    assert_eq!(follow(restored, Some(ahead)).await, Followed::Foreign);
    let (all, next) = page(restored, None).await;
    assert_eq!(all.len(), there, "all that is there is told again");
    change(restored, 1000..1020).await;
    assert_eq!(page(restored, Some(next)).await.0.len(), 20, "and all that comes after");
    assert_eq!(follow(restored, Some(ahead)).await, Followed::Foreign, "also once it has grown past it");
    assert_eq!(follow(restored, Some(behind)).await, Followed::Foreign, "the state it knows may be gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dump_in_a_fresh_cluster_leaves_no_follower_silent() {
    let Some(old) = Postgres::start().unwrap() else { return };
    let catalog = Catalog::open(&old.url("acuse")).await.unwrap();
    // Far more transactions than a fresh cluster has had.
    old.psql(
        "acuse",
        b"DO $$ BEGIN FOR i IN 1..3000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$;",
    )
    .unwrap();
    change(&catalog, 0..10).await;
    let (events, behind) = page(&catalog, None).await;
    assert_eq!(events.len(), 10);
    let dump = old.dump("acuse").unwrap();
    change(&catalog, 10..15).await;
    let (events, ahead) = page(&catalog, Some(behind)).await;
    assert_eq!(events.len(), 5);

    // Under a process that runs: the same database is brought back to what the dump says.
    old.psql("acuse", b"DROP SCHEMA public CASCADE; DROP SCHEMA apalis CASCADE; CREATE SCHEMA public;")
        .unwrap();
    old.psql("acuse", &dump).unwrap();
    assert_eq!(follow(&catalog, Some(ahead)).await, Followed::Foreign, "noticed without a start");
    catalog.close().await;
    let again = Catalog::open(&old.url("acuse")).await.unwrap();
    nobody_is_left_silent(&again, ahead, behind, 10).await;
    again.close().await;

    let fresh = Postgres::start().unwrap().unwrap();
    fresh.psql("acuse", &dump).unwrap();
    let restored = Catalog::open(&fresh.url("acuse")).await.unwrap();
    nobody_is_left_silent(&restored, ahead, behind, 10).await;
    restored.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_sqlite_copy_leaves_no_follower_silent() {
    let folder = tempfile::tempdir().unwrap();
    let (file, copy) = (folder.path().join("acuse.db"), folder.path().join("copy.db"));
    let catalog = Catalog::open_sqlite(&file).await.unwrap();
    change(&catalog, 0..10).await;
    let (_, behind) = page(&catalog, None).await;
    catalog.close().await;
    std::fs::copy(&file, &copy).unwrap();
    let catalog = Catalog::open_sqlite(&file).await.unwrap();
    let (events, same) = page(&catalog, Some(behind)).await;
    assert_eq!((events.len(), same), (0, behind), "a start alone changes nothing");
    change(&catalog, 10..15).await;
    let (_, ahead) = page(&catalog, Some(behind)).await;
    catalog.close().await;
    // Written over the file, which keeps its place on the disk: the events themselves tell.
    std::fs::copy(&copy, &file).unwrap();
    let written_over = Catalog::open_sqlite(&file).await.unwrap();
    assert_eq!(follow(&written_over, Some(ahead)).await, Followed::Foreign);
    change(&written_over, 20..30).await;
    assert_eq!(follow(&written_over, Some(ahead)).await, Followed::Foreign, "once it has grown past it");
    written_over.close().await;
    for beside in ["acuse.db-wal", "acuse.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(beside));
    }
    std::fs::rename(&copy, &file).unwrap();
    let put_back = Catalog::open_sqlite(&file).await.unwrap();
    nobody_is_left_silent(&put_back, ahead, behind, 10).await;
    put_back.close().await;
}

async fn ask(api: &Api, method: Method, path: &str, body: Value) -> (u16, Value) {
    let answer = api.request(method, path).json(&body).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
}

/// Over HTTP: the feed is followed, customers are replaced, refused, merged and deleted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract_over_http() {
    let world = World::new().await;
    let _serve = world.place.start("serve", &["web"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    let head = api.get("/v1/events?after=head").await.unwrap()["next"].as_str().unwrap().to_owned();
    for body in [
        json!({ "name": "A", "external_id": "" }),
        json!({ "name": "A", "taxId": "B1" }),
        json!({ "name": "A\u{0}" }),
        json!({ "name": "A", "phones": ["57300\u{0}1112233"] }),
    ] {
        let (status, problem) = ask(&api, Method::POST, "/v1/customers", body.clone()).await;
        assert!([400, 422].contains(&status), "{body}: {status} {problem}");
    }
    let (_, problem) = ask(&api, Method::POST, "/v1/customers", json!({ "name": "A", "taxId": "B1" })).await;
    assert!(problem["detail"].as_str().unwrap().contains("taxId"), "{problem}");

    let waiting = tokio::spawn({
        let (api, path) = (api.clone(), format!("/v1/events?after={head}&types=customer.created&wait=20"));
        async move { api.get(&path).await.unwrap() }
    });
    let put = "/v1/customers/by-external-id/C-1";
    let ana = json!({ "name": "Ana", "phones": ["+34 600 11 22 33"] });
    let (status, first) = ask(&api, Method::PUT, put, ana.clone()).await;
    assert_eq!(status, 201, "{first}");
    let told = waiting.await.unwrap();
    assert_eq!(told["data"][0]["customer_id"], first["id"], "the wait ended with it: {told}");
    let eva = "/v1/customers/by-external-id/C-2";
    let (status, problem) =
        ask(&api, Method::PUT, eva, json!({ "name": "Eva", "phones": ["34600112233"] })).await;
    assert_eq!((status, &problem["type"]), (409, &json!("urn:acuse:problem:taken")), "{problem}");
    assert_eq!(problem["conflicts"][0]["customer_id"], first["id"], "it says whose it is");
    let on_purpose = format!("{eva}?reassign=true");
    let (status, second) =
        ask(&api, Method::PUT, &on_purpose, json!({ "name": "Eva", "phones": ["34600112233"] })).await;
    assert_eq!(status, 201, "{second}");
    let at = |id: &Value| format!("/v1/customers/{}", id.as_str().unwrap());
    assert_eq!(api.get(&at(&first["id"])).await.unwrap()["phones"], json!([]));
    let (status, changed) =
        ask(&api, Method::PATCH, &at(&first["id"]), json!({ "emails": ["a@x.com"] })).await;
    assert_eq!((status, &changed["name"]), (200, &json!("Ana")), "{changed}");
    let merge = format!("{}/merge", at(&second["id"]));
    let (status, one) = ask(&api, Method::POST, &merge, json!({ "from": first["id"] })).await;
    assert_eq!((status, &one["emails"]), (200, &json!(["a@x.com"])), "{one}");
    let (status, _) = ask(&api, Method::PUT, put, json!({ "name": "Ana y Eva" })).await;
    assert_eq!(status, 200, "the external id of the one that went leads to the other");
    let led = api.request(Method::DELETE, &at(&first["id"])).send().await.unwrap().status();
    assert_eq!(led, 409, "and nobody goes by the id of another");
    let gone = api.request(Method::DELETE, &at(&second["id"])).send().await.unwrap().status();
    assert_eq!(gone, 204);
    for cursor in ["garbage", "0.999999", "0123456789abcdef.1.0123456789abcdef"] {
        let (status, problem) =
            ask(&api, Method::GET, &format!("/v1/events?after={cursor}"), json!({})).await;
        assert_eq!((status, &problem["type"]), (410, &json!("urn:acuse:problem:foreign_cursor")), "{cursor}");
    }
    let list = world.folder.path().join("clientes.csv");
    std::fs::write(
        &list,
        b"C\xf3digo;Raz\xf3n social;Tel\xe9fono\r\n9;\xd1and\xfa;34600112244\r\n8;X;5,73E+11\r\n",
    )
    .unwrap();
    let done =
        world.place.command(&["customers", "import", list.to_str().unwrap()]).unwrap().output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(said.contains("line 2: added") && said.contains("line 3: refused"), "{said}");
    let found = api.get("/v1/customers?q=%C3%B1and%C3%BA").await.unwrap();
    assert_eq!(found["data"][0]["external_id"], json!("9"), "{found}");
    // A column that is not there, or not understood, takes nothing away; an empty cell of one that is does.
    for (text, phones) in [
        ("Código;Nombre;Teleco\n9;Ñandú;34600112244\n", json!(["34600112244"])),
        ("Código;Nombre;Teléfono\n9;Ñandú;\n", json!([])),
    ] {
        std::fs::write(&list, text).unwrap();
        world.place.run(&["customers", "import", "--replace", list.to_str().unwrap()]).unwrap();
        let found = api.get("/v1/customers?q=%C3%B1and%C3%BA").await.unwrap();
        assert_eq!(found["data"][0]["phones"], phones, "{text}: {found}");
    }
}

/// However much of the feed is others', whoever is bound comes to what is theirs, and a page of it says where it ended; nor do
/// they write to anybody about nothing of theirs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_bound_is_not_held_up_by_what_is_others_nor_speaks_to_them() {
    const KEY: &str = "acuse_a-key-that-is-bound-to-one-customer-of-many";
    let acuse = InProcess::start().await.unwrap();
    let catalog = acuse.world.catalog();
    let others: Vec<_> =
        (0..1_200).map(|n| NewCustomer { name: format!("Otra {n}"), ..NewCustomer::default() }).collect();
    for some in others.chunks(100) {
        catalog.upsert_customers(some).await.unwrap();
    }
    let mine = NewCustomer { name: "Ana".into(), external_id: Some("mine".into()), ..NewCustomer::default() };
    let id = catalog.upsert_customers(std::slice::from_ref(&mine)).await.unwrap()[0].id().unwrap();
    for name in ["Ana Ruiz", "Ana Ruiz Gil"] {
        let renamed = NewCustomer { name: name.into(), ..mine.clone() };
        catalog.upsert_customers(&[renamed]).await.unwrap();
    }
    let hash = Sha256::of(KEY.as_bytes());
    let made = catalog
        .create_bound_key(
            "bound",
            &hash,
            &[Scope::DocumentsRead, Scope::ReviewsWrite, Scope::MessagesWrite],
            &[Binding::Customer(id)],
        )
        .await
        .unwrap();
    assert!(made.is_ok());
    let asked = async |path: String| {
        let key = format!("Bearer {KEY}");
        let request = Request::get(path).header(header::AUTHORIZATION, key).body(Body::empty()).unwrap();
        let (status, body) = acuse.ask(request).await.unwrap();
        assert_eq!(status, 200);
        serde_json::from_slice::<Value>(&body).unwrap()
    };
    let first = asked("/v1/events?limit=2".to_owned()).await;
    assert_eq!(first["data"].as_array().unwrap().len(), 2, "at once: {first}");
    let next = first["next"].as_str().unwrap();
    let last = asked(format!("/v1/events?limit=2&after={next}")).await;
    assert_eq!(last["data"].as_array().unwrap().len(), 1, "nothing of it is left out: {last}");
    assert_eq!(last["data"][0]["customer_id"], json!(id));
    let anything = json!({ "question": "?", "phone_number_id": "1", "approvers": [uuid::Uuid::now_v7()] });
    let request = Request::post("/v1/approvals")
        .header(header::AUTHORIZATION, format!("Bearer {KEY}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(anything.to_string()));
    let (status, told) = acuse.ask(request.unwrap()).await.unwrap();
    let told = String::from_utf8(told).unwrap();
    assert!(status == 403 && told.contains("urn:acuse:problem:bound"), "{status} {told}");
}

/// A document of a customer that came by the API, and that nobody reads.
async fn unread(acuse: &InProcess, customer: CustomerId) -> DocumentId {
    let catalog = acuse.world.catalog();
    let of = Upload { customer_id: Some(customer), ..upload(catalog.now()) };
    let id = brought(catalog, &of).await;
    sqlx::query("DELETE FROM Jobs WHERE status = 'Pending'").execute(&acuse.world.queue).await.unwrap();
    id
}

/// That a document is a duplicate is told to everybody; of which one, to whom that one exists for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_bound_hears_of_a_duplicate_and_not_of_what_it_is_one() {
    let acuse = InProcess::start().await.unwrap();
    let catalog = acuse.world.catalog();
    let two = ["mine", "theirs"].map(|name| NewCustomer {
        name: name.into(),
        external_id: Some(name.into()),
        ..NewCustomer::default()
    });
    let made = catalog.upsert_customers(&two).await.unwrap();
    let (mine, theirs) = (made[0].id().unwrap(), made[1].id().unwrap());
    let (first, again) = (unread(&acuse, theirs).await, unread(&acuse, mine).await);
    sqlx::query("UPDATE documents SET status = 'filed', stage = 'done', duplicate_of = $2 WHERE id = $1")
        .bind(again.0)
        .bind(first.0)
        .execute(&acuse.world.queue)
        .await
        .unwrap();
    let bound = [Binding::Customer(mine)];
    for (key, to, named) in
        [("acuse_bound", &bound[..], json!(null)), ("acuse_unbound", &bound[..0], json!(first))]
    {
        let key = format!("{key}-key-of-one-who-asks-of-a-duplicate");
        let hash = Sha256::of(key.as_bytes());
        let made = catalog.create_bound_key(&key, &hash, &[Scope::DocumentsRead], to).await.unwrap();
        assert!(made.is_ok());
        for path in [format!("/v1/documents/{again}"), "/v1/documents?status=duplicate".to_owned()] {
            let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {key}"));
            let (status, body) = acuse.ask(request.body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(status, 200);
            let told = serde_json::from_slice::<Value>(&body).unwrap();
            let told = told["data"].get(0).unwrap_or(&told);
            assert_eq!((&told["is_duplicate"], &told["duplicate_of"]), (&json!(true), &named), "{told}");
        }
    }
}

//! Lists of customers as spreadsheets and people write them, taken by `acuse customers import`: every line ends in a customer
//! or in a reason, and no customer is a wrong one. Each case is named as its class is.

use acuse_tests::stack::{Api, Place};
use serde_json::json;

use crate::world::{ALL, Alone};

/// Whether all was taken, what was said of each line, and why some were not.
fn imported(place: &Place, name: &str, bytes: &[u8]) -> (bool, String, String) {
    let list = place.folder.join(format!("{name}.csv"));
    std::fs::write(&list, bytes).unwrap();
    let path = list.display().to_string();
    let done = place.command(&["customers", "import", &path]).unwrap().output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.success(), text(done.stdout), text(done.stderr))
}

/// Case I02: "CSV" of Excel on Windows is Windows-1252 with semicolons, accents in its header too.
async fn excel_on_windows(place: &Place, api: &Api) {
    let list = b"C\xf3digo;Raz\xf3n social;Tel\xe9fono;CNPJ\r\n31;Fern\xe1ndez e Hijos;+34 600 113 001;\r\n\
        32;Pe\xf1a y Mu\xf1oz;+34 600 113 002;\r\n";
    let (whole, told, why) = imported(place, "I02", list);
    assert!(whole && told.contains("2 added, 0 updated, 0 refused"), "{told} {why}");
    let found = api.get("/v1/customers?q=fern%C3%A1ndez").await.unwrap();
    let ours = &found["data"][0];
    assert_eq!((&ours["name"], &ours["external_id"]), (&json!("Fernández e Hijos"), &json!("31")), "{found}");
    assert_eq!(ours["phones"], json!(["34600113001"]));
}

/// Case I06: what a spreadsheet rounded is nobody's phone.
fn rounded_numbers(place: &Place) {
    let (whole, told, why) =
        imported(place, "I06", b"name;phone\r\nComa;5,73002E+11\r\nPunto;5.73002E+11\r\n");
    assert!(!whole && told.contains("0 added, 0 updated, 2 refused"), "{told} {why}");
    for line in ["line 2: ", "line 3: "] {
        assert!(why.lines().any(|said| said.contains(line) && said.contains("rounded")), "{why}");
    }
}

/// Case I11: a quote that nothing closes spoils its own line, and no other vanishes behind it.
async fn a_stray_quote(place: &Place, api: &Api) {
    let line = |n: u32| format!("{}Cita {n};+3460011400{n}\n", if n == 3 { "\"" } else { "" });
    let list = format!("name;phone\n{}", (1..=8).map(line).collect::<String>());
    let (whole, told, why) = imported(place, "I11", list.as_bytes());
    assert!(!whole && told.contains("7 added, 0 updated, 1 refused"), "{told} {why}");
    assert!(why.contains("line 4: a quote opens a text and nothing closes it"), "{why}");
    assert_eq!(api.get("/v1/customers?q=cita").await.unwrap()["data"].as_array().unwrap().len(), 7);
}

/// Case I12: columns as people name them are understood, and which was not is said.
async fn columns_of_their_own(place: &Place, api: &Api) {
    let list = "Nombre;Teléfono móvil;NIT/CC;Correo electrónico;Color preferido\r\n\
        Columnas Propias;+34600115001;900115001;c@example.com;azul\r\n";
    let (whole, told, why) = imported(place, "I12", list.as_bytes());
    assert!(whole && told.contains("1 added"), "{told} {why}");
    assert!(why.contains("columns not understood, and left out: \"Color preferido\""), "{why}");
    let found = api.get("/v1/customers?q=columnas").await.unwrap();
    let ours = &found["data"][0];
    for (member, value) in [("phones", "34600115001"), ("tax_ids", "900115001"), ("emails", "c@example.com")]
    {
        assert_eq!(ours[member], json!([value]), "{found}");
    }
}

/// Case I20: Argentina's 9, Mexico's 1 and Brazil's ninth digit: the number as it is registered and as WhatsApp has it are one.
async fn both_forms_of_a_number(place: &Place, api: &Api) {
    let registered = "name;phone\nSol;+54 9 11 1345 6780\nLuna;52 55 1345 6780\nMar;55 11 8345 6780\n";
    let (whole, told, why) = imported(place, "I20", registered.as_bytes());
    assert!(whole && told.contains("3 added, 0 updated, 0 refused"), "{told} {why}");
    let sent = "name;phone\nSol;541113456780\nLuna;5215513456780\nMar;5511983456780\n";
    let (whole, told, why) = imported(place, "I20-sent", sent.as_bytes());
    assert!(whole && told.contains("0 added, 3 updated, 0 refused"), "{told} {why}");
    let luna = api.get("/v1/customers?q=luna").await.unwrap();
    assert_eq!(luna["data"][0]["phones"].as_array().unwrap().len(), 1, "{luna}");
}

async fn lists_are_taken(place: &Place) {
    let _server = place.start("web", &["web"]).unwrap();
    let api = Api::connect(place, ALL).await.unwrap();
    excel_on_windows(place, &api).await;
    rounded_numbers(place);
    a_stray_quote(place, &api).await;
    columns_of_their_own(place, &api).await;
    both_forms_of_a_number(place, &api).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_taken_on_sqlite() {
    let alone = Alone::on_sqlite().await;
    lists_are_taken(&alone.place).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_taken_on_postgresql() {
    let Some(alone) = Alone::on_postgresql().await else { return };
    lists_are_taken(&alone.place).await;
}

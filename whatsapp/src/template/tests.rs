use serde_json::{Value, json};

use super::{Filled, Given, HeaderFile, Takes, Unfit, fill::PAYLOAD_CHARS, places};

fn takes(components: Value) -> Takes {
    Takes::of(&components).unwrap()
}

#[test]
fn the_places_of_a_text_are_counted() {
    for (text, names) in [
        ("Hola {{1}}, tu pedido {{2}} salió, {{1}}.", vec!["1", "2"]),
        ("{{2}} y {{1}}", vec!["1", "2"]),
        ("Hola {{name}}, {{ order_id }}", vec!["name", "order_id"]),
        ("Hola {{}} {{a b}} {{1", Vec::new()),
    ] {
        assert_eq!(places(text), names, "{text}");
    }
    assert_eq!(Takes::of(&json!([{"type": "FOOTER", "text": "a"}])), None, "nobody said what it takes");
    assert_eq!(Takes::of(&Value::Null), None);
}

#[test]
fn what_each_part_takes_is_known_and_what_does_not_fit_says_so() {
    let order = takes(json!([
        {"type": "HEADER", "format": "TEXT", "text": "Pedido {{1}}"},
        {"type": "BODY", "text": "Hola {{1}}."},
        {"type": "FOOTER", "text": "Ferretería Sur"},
        {"type": "BUTTONS", "buttons": [
            {"type": "QUICK_REPLY", "text": "Gracias"},
            {"type": "URL", "text": "Ver", "url": "https://example.com/{{1}}"},
            {"type": "URL", "text": "Casa", "url": "https://example.com/"},
            {"type": "COPY_CODE", "text": "Copiar"}]},
    ]));
    let owned = |all: &[&str]| all.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
    let (body, buttons) = (owned(&["Ana"]), owned(&["", "o/77", "", "VERANO"]));
    let whole = Given { header: Some("77"), file: None, body: &body, buttons: &buttons };
    let filled = order.fill(whole).unwrap();
    assert_eq!(
        filled.parts(),
        [
            json!({"type": "header", "parameters": [{"type": "text", "text": "77"}]}),
            json!({"type": "body", "parameters": [{"type": "text", "text": "Ana"}]}),
            json!({"type": "button", "sub_type": "url", "index": "1",
                "parameters": [{"type": "text", "text": "o/77"}]}),
            json!({"type": "button", "sub_type": "copy_code", "index": "3",
                "parameters": [{"type": "coupon_code", "coupon_code": "VERANO"}]}),
        ]
    );
    assert!(!format!("{filled:?}").contains("Ana"));
    let none: Vec<String> = Vec::new();
    let long = "x".repeat(61);
    let (no_link, no_code) = (owned(&["ok"]), owned(&["", "o/77"]));
    let (full, more) = (owned(&["", "o/77", "a", "V"]), owned(&["", "a", "", "V", "b"]));
    let (spaces, wordy) = (owned(&["", "o 77", "", "V"]), owned(&["", "a", "", "MORE-THAN-FIFTEEN"]));
    for (given, why) in [
        (Given { header: None, ..whole }, Unfit::HeaderWords),
        (Given { header: None, file: Some(HeaderFile::YET), ..whole }, Unfit::HeaderWords),
        (Given { header: Some(&long), ..whole }, Unfit::HeaderLong),
        (Given { body: &none, ..whole }, Unfit::Body(1)),
        (Given { buttons: &no_link, ..whole }, Unfit::ButtonEmpty(2, "what its link ends in")),
        (Given { buttons: &no_code, ..whole }, Unfit::ButtonEmpty(4, "the code that it copies")),
        (Given { buttons: &full, ..whole }, Unfit::ButtonFull(3)),
        (Given { buttons: &more, ..whole }, Unfit::Buttons(4)),
        (Given { buttons: &spaces, ..whole }, Unfit::ButtonWrong(2, "the end of a link, without spaces")),
        (Given { buttons: &wordy, ..whole }, Unfit::ButtonWrong(4, "a code of at most 15 characters")),
    ] {
        assert_eq!(order.fill(given), Err(why));
    }
    let plain = takes(json!([{"type": "BODY", "text": "Hola."}]));
    assert_eq!(plain.fill(Given { header: Some("a"), ..Given::default() }), Err(Unfit::NoHeader));
    let file = Given { file: Some(HeaderFile::YET), ..Given::default() };
    assert_eq!(plain.fill(file), Err(Unfit::NoHeader), "no file is left out in silence");
}

#[test]
fn a_payload_that_is_too_long_is_an_error_and_no_empty_template() {
    let (body, most) = (["Hola".to_owned()], "x".repeat(PAYLOAD_CHARS));
    let fits = Filled::plain(&body, std::slice::from_ref(&most)).unwrap();
    assert_eq!(fits.parts()[1]["parameters"][0]["payload"], most.as_str());
    let wrong = Unfit::ButtonWrong(2, "at most 128 characters");
    assert_eq!(Filled::plain(&body, &[most.clone(), format!("{most}x")]), Err(wrong));
}

#[test]
fn a_header_that_is_a_file_takes_a_link_or_an_id() {
    let bill = takes(json!([{"type": "HEADER", "format": "DOCUMENT"}, {"type": "BODY", "text": "Hola."}]));
    let with = |header: Option<&str>| bill.fill(Given { header, ..Given::default() });
    let of = |filled: Filled| filled.parts()[0]["parameters"][0].clone();
    assert_eq!(
        of(with(Some("https://example.com/a.pdf")).unwrap()),
        json!({"type": "document", "document": {"link": "https://example.com/a.pdf"}})
    );
    assert_eq!(of(with(Some("1689556900000001")).unwrap())["document"]["id"], "1689556900000001");
    for wrong in [None, Some("http://example.com/a.pdf"), Some("a.pdf"), Some("https://")] {
        assert_eq!(with(wrong), Err(Unfit::HeaderFile("a file")), "{wrong:?}");
    }
    let uploaded = HeaderFile { media_id: "77", filename: Some("factura.pdf") };
    let of_ours = |takes: &Takes| of(takes.fill(Given { file: Some(uploaded), ..Given::default() }).unwrap());
    assert_eq!(of_ours(&bill)["document"], json!({"id": "77", "filename": "factura.pdf"}));
    let picture = takes(json!([{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Hola."}]));
    assert_eq!(of_ours(&picture)["image"], json!({"id": "77"}), "a picture has no name there");
}

#[test]
fn places_with_names_are_sent_by_them_and_what_is_not_sent_from_here_is_refused() {
    let named = takes(json!([{"type": "BODY", "text": "Hola {{name}}."}]));
    let body = ["Ana  Ruiz\n".to_owned()];
    let filled = named.fill(Given { body: &body, ..Given::default() }).unwrap();
    let stands = &filled.parts()[0]["parameters"][0];
    assert_eq!(stands, &json!({"type": "text", "parameter_name": "name", "text": "Ana Ruiz"}));
    for part in [
        json!({"type": "HEADER", "format": "LOCATION"}),
        json!({"type": "CAROUSEL", "cards": []}),
        json!({"type": "BUTTONS", "buttons": [{"type": "MPM", "text": "a"}]}),
    ] {
        let beyond = takes(json!([{"type": "BODY", "text": "Hola."}, part]));
        assert_eq!(beyond.fill(Given::default()), Err(Unfit::Beyond));
    }
}

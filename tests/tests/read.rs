//! `acuse read`: the reader alone, without a server or a database.

use acuse_fixtures::{Country, Form, Kind, Spec, generate};
use serde_json::Value;

use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_is_answered_file_by_file_in_order() {
    let world = World::new().await;
    let folder = world.folder.path().join("papers");
    std::fs::create_dir(&folder).unwrap();
    let bill = generate(31, &Spec::new(Kind::Invoice, Country::Co, Form::PdfText));
    let slip = generate(32, &Spec::new(Kind::Receipt, Country::Es, Form::Jpeg));
    for (name, bytes) in
        [("a.pdf", &bill.bytes[..]), ("b.jpg", &slip.bytes), ("c.txt", b"no document at all")]
    {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    let told = world.place.run(&["read", "--json", folder.to_str().unwrap()]).unwrap();
    let lines: Vec<Value> = told.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let ends: Vec<&str> =
        lines.iter().map(|l| l["path"].as_str().unwrap().rsplit('/').next().unwrap()).collect();
    assert_eq!(ends, ["a.pdf", "b.jpg", "c.txt"]);
    let value = |line: &Value, field: &str| line["fields"][field]["value"].as_str().map(str::to_owned);
    for (line, sample) in [(&lines[0], &bill), (&lines[1], &slip)] {
        assert_eq!(line["kind"], sample.truth.kind.as_str(), "{line}");
        for field in ["total", "currency"] {
            assert_eq!(value(line, field).as_ref(), sample.truth.fields.get(field), "{line}");
        }
    }
    assert_eq!((&lines[2]["outcome"], &lines[2]["reason"]), (&"review".into(), &"unsupported_type".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_evidence_and_the_boxes_can_be_seen() {
    let world = World::new().await;
    let bill = generate(33, &Spec::new(Kind::Invoice, Country::Mx, Form::PdfText));
    let path = |name: &str| world.folder.path().join(name).to_str().unwrap().to_owned();
    let (file, plain, drawn) = (path("bill.pdf"), path("plain.png"), path("drawn.png"));
    std::fs::write(&file, &bill.bytes).unwrap();
    let told = world.place.run(&["read", "--explain", "--picture", &drawn, &file]).unwrap();
    let total = bill.truth.fields["total"].clone();
    assert!(told.contains(&total) && told.contains("because: ") && told.contains("time: "), "{told}");
    let page = image::open(&drawn).unwrap().to_rgb8();
    // Frames are drawn in the colours of the reader's own: the page of this bill has none of them.
    let framed = page.pixels().filter(|p| matches!(p.0, [15, 123, 108] | [200, 130, 10])).count();
    assert!(framed > 500, "{framed} pixels of frames");
    let refused = world.place.run(&["read", "--picture", &plain, &file, &file]).unwrap_err();
    assert!(refused.to_string().contains("one file"), "{refused}");
}

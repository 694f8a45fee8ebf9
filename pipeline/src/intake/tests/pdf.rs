//! PDFs written by hand.

use super::{
    super::{archive::tests::CFDI, *},
    codes, open, open_within, refused,
};
use crate::reason::ReasonCode;

/// Object 3 of every test PDF: a page filled with black by object 4.
pub(super) const PAGE: &str = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 360 144]/Contents 4 0 R>>";

/// A PDF from the page object and what is added to the catalog; further objects from number 5 on.
pub(super) fn pdf(parts: &[&str]) -> Vec<u8> {
    let catalog = format!("<</Type/Catalog/Pages 2 0 R{}>>", parts[1]);
    let mut objects = vec![catalog, "<</Type/Pages/Kids[3 0 R]/Count 1>>".into(), parts[0].into()];
    objects.push("<</Length 16>>\nstream\n0 0 180 144 re f\nendstream".to_owned());
    objects.extend(parts[2..].iter().map(ToString::to_string));
    assembled(&objects, "")
}

fn assembled(objects: &[String], trailer: &str) -> Vec<u8> {
    let mut out = "%PDF-1.7\n".to_owned();
    let mut offsets = Vec::new();
    for (number, object) in (1..).zip(objects) {
        offsets.push(out.len());
        out += &format!("{number} 0 obj\n{object}\nendobj\n");
    }
    let xref = out.len();
    out += &format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for offset in offsets {
        out += &format!("{offset:010} 00000 n \n");
    }
    out +=
        &format!("trailer\n<</Size {}/Root 1 0 R{trailer}>>\nstartxref\n{xref}\n%%EOF\n", objects.len() + 1);
    out.into_bytes()
}

#[test]
fn a_pdf_is_drawn() {
    let opened = open(&pdf(&[PAGE, ""])).unwrap();
    assert_eq!((opened.media_type.as_str(), opened.page_count), ("application/pdf", 1));
    let rgb = &opened.pages[0].rgb;
    assert_eq!(rgb.dimensions(), (1000, 400), "five inches at 200 dpi");
    assert_eq!((rgb.get_pixel(100, 200)[0], rgb.get_pixel(900, 200)[0]), (0, 255));
    assert!(opened.reasons.is_empty() && opened.notes.is_empty());
}

#[test]
fn a_late_header_and_a_broken_xref_are_read() {
    let sound = pdf(&[PAGE, ""]);
    assert_eq!(open(&[b"\n\n".as_slice(), &sound].concat()).unwrap().page_count, 1);
    let text = String::from_utf8(sound).unwrap();
    let lost =
        text.split("xref\n").next().unwrap().to_owned() + "trailer\n<</Root 1 0 R>>\nstartxref\n99999\n%%EOF";
    assert_eq!(open(lost.as_bytes()).unwrap().page_count, 1);
    assert_eq!(refused(b"%PDF-1.4\nnothing here\n%%EOF"), ReasonCode::Corrupt);
}

#[test]
fn a_pdf_that_ends_within_a_page_is_shown_with_the_reason() {
    let sound = pdf(&[PAGE, ""]);
    let cut = polyglot::find(&sound, b"endstream").unwrap() - 4;
    let opened = open(&sound[..cut]).unwrap();
    assert_eq!((codes(&opened).as_slice(), opened.pages.len()), (&[ReasonCode::Corrupt][..], 1));
    let only_the_table = polyglot::find(&sound, b"xref").unwrap();
    assert_eq!(codes(&open(&sound[..only_the_table]).unwrap()), []);
    let word = pdf(&[PAGE, "", "null", "(Down the stream\nof time)"]);
    assert_eq!(codes(&open(&word).unwrap()), []);
}

#[test]
fn what_acts_in_a_pdf_is_listed() {
    for (catalog, more, expected) in [
        ("/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>", "null", "JavaScript"),
        ("/OpenAction 5 0 R", "<</S/URI/URI(http://x.test)>>", "OpenAction to URI"),
        ("/AA<</WC 5 0 R>>", "<</S/L#61unch/F(cmd.exe)>>", "AA to Launch"),
        ("/AcroForm<</XFA 5 0 R>>", "null", "XFA form"),
        ("/Names<</JavaScript 5 0 R>>", "null", "JavaScript (document level)"),
        ("", "<</Type/Annot/Subtype/RichMedia>>", "RichMedia annotation"),
        ("", "<</Type/Annot/Subtype/Screen/A<</S/Rendition>>>>", "Screen annotation"),
        ("", "<</Type/Annot/Subtype/Movie>>", "Movie annotation"),
        ("", "<</Type/Annot/Subtype/3D/3DD 9 0 R>>", "3D annotation"),
        (
            "",
            "<</Type/Annot/Subtype/Widget/AA<</Bl<</S/SubmitForm/F(http://x.test)>>>>>>",
            "AA to SubmitForm",
        ),
        ("", "<</Type/Annot/Subtype/Widget/A<</S/ImportData/F(a.fdf)>>>>", "ImportData"),
        ("", "<</Type/Annot/Subtype/Link/A<</S/Named/N/NextPage/Next[<</S/Launch/F(a)>>]>>>>", "Launch"),
        ("", "<</Type/Annot/Subtype/Link/A<</S/URI/URI( JavaScript:alert\\(1\\))>>>>", "link to javascript:"),
        (
            "/OpenAction<</S/GoTo/D[3 0 R/Fit]/Next 5 0 R>>",
            "<</S/URI/URI(http://x.test)>>",
            "OpenAction to URI",
        ),
        (
            "/OpenAction<</S/GoTo/Next[5 0 R]>>",
            "<</S/GoTo/Next<</S/GoToR/F(\\\\x\\y)>>>>",
            "OpenAction to GoToR",
        ),
        ("/Open#41ction<</S/GoToE>>", "null", "OpenAction to GoToE"),
        ("", "<</S/JavaScript/#4aS(x)>>", "JavaScript"),
        (
            "/Names<</EmbeddedFiles<</Names[(a)9 0 R]>>>>",
            "<</Type/EmbeddedFile/Length 4>>\nstream\nMZ\\0\\0\nendstream",
            "embedded file without a name",
        ),
        ("", "null\nendobj\n9 0 obj\n<</S/Launch/F(a.exe)>>", "Launch in an object that is not in use"),
    ] {
        let opened = open(&pdf(&[PAGE, catalog, more])).unwrap();
        assert_eq!(codes(&opened), [ReasonCode::ActiveContent], "{catalog} {more}");
        let found = opened.reasons[0].detail["found"].as_array().unwrap();
        assert!(
            found.iter().any(|f| f.as_str().unwrap().starts_with(expected)),
            "{found:?} lacks {expected}"
        );
        assert_eq!(opened.pages.len(), 1, "the reviewer still sees the page");
    }
    let link = "<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/URI/URI(http://shop.test)>>>>";
    let harmless = pdf(&[PAGE, "/OpenAction[3 0 R/Fit]", link]);
    assert!(open(&harmless).unwrap().reasons.is_empty());
}

#[test]
fn embedded_xml_is_taken_and_other_files_flagged() {
    let embedded = |name: &str, bytes: &str| {
        let file = format!("<</Length {}>>\nstream\n{bytes}\nendstream", bytes.len());
        let spec = format!("<</Type/Filespec/F({name})/EF<</F 5 0 R>>>>");
        open(&pdf(&[PAGE, "", &file, &spec])).unwrap()
    };
    let xml = embedded("dir/factur-x.xml", std::str::from_utf8(CFDI).unwrap());
    assert_eq!(
        (xml.attachments[0].name.as_str(), xml.attachments[0].bytes.as_slice()),
        ("factur-x.xml", CFDI)
    );
    assert!(xml.reasons.is_empty());
    let program = embedded("invoice.exe", "MZ padding padding");
    assert_eq!(codes(&program), [ReasonCode::ActiveContent]);
    assert!(program.attachments.is_empty());
}

#[test]
fn an_e_invoice_may_carry_annexes_that_do_nothing() {
    let stream = |bytes: &str| format!("<</Length {}>>\nstream\n{bytes}\nendstream", bytes.len());
    let spec = |name: &str, at: u32| format!("<</Type/Filespec/F({name})/EF<</F {at} 0 R>>>>");
    let xml = std::str::from_utf8(CFDI).unwrap();
    let with = |xml_name: &str, xml: &str, name: &str, annex: &str| {
        let objects = [stream(xml), spec(xml_name, 5), stream(annex), spec(name, 7)];
        open(&pdf(&[PAGE, "", &objects[0], &objects[1], &objects[2], &objects[3]])).unwrap()
    };
    let carried = with("factur-x.xml", xml, "horas.csv", "dia;horas\n1;8\n");
    assert_eq!(codes(&carried), []);
    assert!(
        carried.notes.iter().any(|n| n == "Carries horas.csv (text), which is not read."),
        "{:?}",
        carried.notes
    );
    assert_eq!(carried.attachments.len(), 1);
    for (name, annex) in [
        ("run.bat", "@echo off\ndel *.*\n"),
        ("horas.csv", "dia;<script>alert(1)</script>"),
        ("horas.txt", "MZ padding padding"),
        ("plan.bin", "dia;horas"),
    ] {
        assert_eq!(codes(&with("factur-x.xml", xml, name, annex)), [ReasonCode::ActiveContent], "{name}");
    }
    let no_invoice = with("note.xml", "<note/>", "horas.csv", "dia;horas\n1;8\n");
    assert_eq!(codes(&no_invoice), [ReasonCode::ActiveContent], "on other papers a file is a stranger's");
}

#[test]
fn a_password_is_asked_for() {
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        PAGE,
        "<</Length 0>>\nstream\n\nendstream",
    ];
    let objects: Vec<String> = objects.iter().map(ToString::to_string).collect();
    let locked = assembled(
        &objects,
        &format!("/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<{0}>/U<{0}>>>", "41".repeat(32)),
    );
    assert_eq!(refused(&locked), ReasonCode::Encrypted);
}

#[test]
fn pages_are_counted_and_none_is_dropped_silently() {
    let mut objects: Vec<String> = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R 3 0 R 9 0 R]/Count 3>>",
        PAGE,
        "<</Length 0>>\nstream\n\nendstream",
    ]
    .iter()
    .map(ToString::to_string)
    .collect();
    let opened = open(&assembled(&objects, "")).unwrap();
    assert!(codes(&opened).contains(&ReasonCode::Unreadable), "one of three pages is not in the file");
    assert!(opened.pages.len() < 3);
    objects[1] = "<</Type/Pages/Kids[3 0 R 5 0 R]/Count 2>>".into();
    objects.push(PAGE.into());
    let two = assembled(&objects, "");
    assert_eq!(open(&two).unwrap().pages.len(), 2);
    let one_page = Limits { pages: 1, ..Limits::default() };
    let many = open_within(&two, &one_page).unwrap_err();
    assert_eq!(
        (many.code, &many.detail["limit"], &many.detail["size"]),
        (ReasonCode::TooLarge, &1.into(), &2.into())
    );
    objects[1] = "<</Type/Pages/Kids[3 0 R]/Count 1>>".into();
    objects[2] = PAGE.replace("[0 0 360 144]", "[0 0 0.01 99999]");
    let thin = open(&assembled(&objects, ""));
    assert!(thin.is_ok() || thin.unwrap_err().code == ReasonCode::Corrupt);
}

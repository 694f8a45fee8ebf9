//! Every entry that takes bytes from outside, one function each. A panic, a hang or an abort is a finding.
//!
//! `fuzz_targets/` hands them to libFuzzer (`cargo fuzz`, nightly); `src/bin/mutate.rs` drives them with plain
//! mutation on the stable compiler. What must hold beyond "does not crash" is asserted here.

use acuse_pipeline::{
    fields::Source,
    intake,
    limits::Limits,
    reading::{Attachment, Barcode, Declared, Evidence, Line, PagePixels, PageText, Word},
    signature, text, understand,
};
use acuse_whatsapp::{Secret, signature::AppSecrets, webhook};

/// An entry by its name.
pub type Entry = (&'static str, fn(&[u8]));

/// All entries.
pub const ENTRIES: &[Entry] = &[
    ("webhook", webhook),
    ("sniff", sniff),
    ("image", image),
    ("pdf", pdf),
    ("xml", xml),
    ("einvoice", xml),
    ("signed", signed),
    ("mrz", mrz),
    ("barcode", barcode),
    #[cfg(feature = "server")]
    ("csv", csv),
];

/// Takes back libFuzzer's panic hook, which aborts at once: a decoder's panic that `intake` catches is a `corrupt` file
/// and no finding. One that nobody catches still aborts; `mutate TARGET FILE` then tells its place.
pub fn let_panics_be_caught() {
    std::panic::set_hook(Box::new(|_| {}));
}

/// Limits under which one input takes milliseconds.
fn small() -> Limits {
    Limits {
        image_pixels: 1_000_000,
        image_side_px: 4_000,
        page_side_px: 400,
        pages: 3,
        stream_bytes: 4 << 20,
        memory_bytes: 256 << 20,
        read_ms: 5_000,
        ..Limits::default()
    }
}

/// Body of a webhook, and the header that signs it.
pub fn webhook(data: &[u8]) {
    let secrets = AppSecrets::new([Secret::new("fuzz".to_owned())]);
    let header = String::from_utf8_lossy(&data[..data.len().min(80)]).into_owned();
    let _refused = secrets.verify(Some(&header), data);
    let parsed = webhook::parse(data);
    assert!(parsed.troubles.len() <= 200, "troubles are capped");
    let _understood = parsed.is_understood();
}

/// What is this?
pub fn sniff(data: &[u8]) {
    let declared =
        Declared { filename: Some(String::from_utf8_lossy(data).into_owned()), ..Declared::default() };
    if let Ok(sniffed) = intake::sniff(data, &declared, &small()) {
        assert!(!sniffed.format.media_type().is_empty());
    }
}

fn open(data: &[u8]) {
    let limits = small();
    let Ok(sniffed) = intake::sniff(data, &Declared::default(), &limits) else { return };
    let Ok(opened) = intake::normalize(sniffed, data, &limits) else { return };
    assert!(opened.pages.len() <= limits.pages as usize, "pages are capped");
    for page in &opened.pages {
        assert!(page.rgb.width().max(page.rgb.height()) <= limits.page_side_px, "pages are shrunk");
        let picture = intake::encode::page(&page.rgb).expect("what was decoded can be encoded");
        assert!(picture.jpeg.starts_with(&[0xff, 0xd8, 0xff]));
    }
}

/// JPEG, PNG, WebP, GIF, TIFF, HEIC, JPEG 2000, BMP.
pub fn image(data: &[u8]) {
    if !data.starts_with(b"%PDF") {
        open(data);
    }
}

/// A PDF: its pages, its active content, its own text.
pub fn pdf(data: &[u8]) {
    open(data);
    let _text = text::layers(data, &small(), &mut Vec::new());
}

/// An e-invoice, alone and as what a document carries.
pub fn xml(data: &[u8]) {
    open(data);
    let _read = understand::formats::einvoice::read(data, time::macros::date!(2026 - 11 - 28));
    let xml = Attachment { name: "invoice.xml".to_owned(), bytes: data.to_vec() };
    make_sense(Evidence {
        media_type: "application/xml".to_owned(),
        attachments: vec![xml],
        ..Evidence::default()
    });
}

/// A signed file, and an XML with signatures in it.
pub fn signed(data: &[u8]) {
    open(data);
    let _opened = signature::cms::open(data);
    let _seal = signature::xml::verify(&String::from_utf8_lossy(data));
}

/// Lines of text, such as an MRZ is.
pub fn mrz(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let lines: Vec<&str> = text.lines().take(60).collect();
    let _zone = understand::mrz::parse_lines(&lines);
    let line = |(index, text): (usize, &&str)| {
        let bbox = [0.1, index as f32 / 60.0, 0.9, (index as f32 + 0.8) / 60.0];
        let word = |text: &str| Word { text: text.to_owned(), bbox, confidence: 0.9, doubtful: Vec::new() };
        Line { text: (*text).to_owned(), bbox, confidence: 0.9, words: text.split(' ').map(word).collect() }
    };
    let page = PageText {
        number: 1,
        source: Source::Ocr,
        aspect: 0.7,
        lines: lines.iter().enumerate().map(line).collect(),
        quarter_turns: 0,
        sharpness: Some(0.9),
    };
    make_sense(Evidence { media_type: "image/jpeg".to_owned(), pages: vec![page], ..Evidence::default() });
}

/// What a code says, and a picture that may hold one.
pub fn barcode(data: &[u8]) {
    let codes = ["qr_code", "pdf_417", "code_128"].map(|symbology| Barcode {
        page: 1,
        symbology: symbology.to_owned(),
        text: String::from_utf8_lossy(data).into_owned(),
        bbox: [0.1, 0.1, 0.2, 0.2],
    });
    let _code = understand::codes::find(&codes);
    make_sense(Evidence {
        media_type: "image/jpeg".to_owned(),
        barcodes: codes.to_vec(),
        ..Evidence::default()
    });
    let side = 64;
    let bits = (0..side * side).map(|i| data.get(i / 8).is_some_and(|b| b >> (i % 8) & 1 == 1));
    let pixels = bits.flat_map(|dark| [if dark { 0 } else { 255 }; 3]).collect();
    if let Some(rgb) = image::RgbImage::from_raw(side as u32, side as u32, pixels) {
        let _found = text::barcodes::find(&PagePixels { number: 1, rgb }, &mut Vec::new());
    }
}

/// A list of customers.
#[cfg(feature = "server")]
pub fn csv(data: &[u8]) {
    if let Ok(list) = acuse_server::cli::parse_customers(data) {
        let mut good = list.lines.iter().filter_map(|line| line.said.as_ref().ok());
        assert!(good.all(|c| !c.name.is_empty()), "a customer has a name");
    }
}

fn make_sense(evidence: Evidence) {
    let understood = understand::understand(&evidence, &small());
    assert!((0.0..=1.0).contains(&understood.confidence), "a confidence is a probability");
}

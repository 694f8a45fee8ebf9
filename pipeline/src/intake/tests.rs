//! Intake as its callers see it, on small files made by hand.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

use super::{
    archive::tests::{CFDI, zip},
    *,
};
use crate::{reading::Declared, reason::ReasonCode};

/// Left half red, right half blue, top left corner white: every turn shows.
fn drawn(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| match (x < width / 2, x < width / 4 && y < height / 4) {
        (_, true) => Rgb([255; 3]),
        (true, _) => Rgb([220, 20, 20]),
        _ => Rgb([20, 20, 220]),
    })
}

fn file(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    picture.into().write_to(&mut out, format).unwrap();
    out.into_inner()
}

fn open(bytes: &[u8]) -> Result<Normalized, Reason> {
    open_within(bytes, &Limits::default())
}

fn open_within(bytes: &[u8], limits: &Limits) -> Result<Normalized, Reason> {
    let sniffed = sniff(bytes, &Declared::default(), limits)?;
    normalize(sniffed, bytes, limits)
}

fn refused(bytes: &[u8]) -> ReasonCode {
    open(bytes).unwrap_err().code
}

fn codes(opened: &Normalized) -> Vec<ReasonCode> {
    opened.reasons.iter().map(|reason| reason.code).collect()
}

/// Puts an EXIF block with an orientation, and a GPS latitude reference, after a JPEG's SOI.
fn with_exif(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x02".to_vec();
    exif.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    exif.extend(b"\x01\x0e\0\x02\0\0\0\x04GPS\0\0\0\0\0");
    let mut out = vec![0xff, 0xd8, 0xff, 0xe1];
    out.extend(u16::try_from(exif.len() + 2).unwrap().to_be_bytes());
    out.extend(exif);
    out.extend(&jpeg[2..]);
    out
}

#[test]
fn pictures_open_as_what_they_are() {
    for (format, media_type) in [
        (ImageFormat::Jpeg, "image/jpeg"),
        (ImageFormat::Png, "image/png"),
        (ImageFormat::WebP, "image/webp"),
        (ImageFormat::Gif, "image/gif"),
        (ImageFormat::Tiff, "image/tiff"),
    ] {
        let opened = open(&file(drawn(64, 48), format)).unwrap();
        assert_eq!((opened.media_type.as_str(), opened.page_count), (media_type, 1));
        assert_eq!(opened.pages[0].rgb.dimensions(), (64, 48));
        let [r, _, b] = opened.pages[0].rgb.get_pixel(20, 40).0;
        assert!(r > 180 && b < 60, "{media_type}: {r} {b}");
        assert!(opened.notes.is_empty() && opened.reasons.is_empty(), "{media_type}: {:?}", opened.notes);
    }
}

#[test]
fn a_wrong_claim_is_a_note_not_a_refusal() {
    let jpeg = file(drawn(8, 8), ImageFormat::Jpeg);
    let claims = |media_type: &str| {
        let declared = Declared { media_type: Some(media_type.into()), filename: Some("x.pdf".into()) };
        sniff(&jpeg, &declared, &Limits::default()).unwrap().notes
    };
    assert_eq!(claims("application/pdf"), ["Declared application/pdf, is image/jpeg."]);
    assert!(claims("image/jpeg; q=1").is_empty());
    assert!(claims("application/octet-stream").is_empty());
}

#[test]
fn every_orientation_is_applied_once() {
    // where the white corner of the stored picture is seen, by EXIF orientation 1..=8
    let corners = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0), (1, 0), (1, 1), (0, 1)];
    let jpeg = file(drawn(64, 32), ImageFormat::Jpeg);
    for (orientation, (right, bottom)) in (1..).zip(corners) {
        let rgb = open(&with_exif(&jpeg, orientation)).unwrap().pages.remove(0).rgb;
        let turned = orientation > 4;
        assert_eq!(rgb.dimensions(), if turned { (32, 64) } else { (64, 32) }, "orientation {orientation}");
        let at = |far: u32, side: u32| if far == 1 { side - 3 } else { 2 };
        let white = rgb.get_pixel(at(right, rgb.width()), at(bottom, rgb.height()));
        assert!(white.0.iter().all(|&c| c > 200), "orientation {orientation}: {white:?}");
    }
}

#[test]
fn metadata_does_not_survive() {
    let original = with_exif(&file(drawn(64, 32), ImageFormat::Jpeg), 6);
    let rgb = open(&original).unwrap().pages.remove(0).rgb;
    for copy in [encode::page(&rgb).unwrap().jpeg, encode::thumbnail(&rgb, 16).unwrap()] {
        assert!(polyglot::find(&original, b"Exif").is_some() && polyglot::find(&original, b"GPS").is_some());
        assert!(polyglot::find(&copy, b"Exif").is_none() && polyglot::find(&copy, b"GPS").is_none());
    }
}

#[test]
fn transparency_shows_paper() {
    let clear = RgbaImage::from_pixel(4, 4, Rgba([0, 0, 0, 0]));
    assert_eq!(open(&file(clear, ImageFormat::Png)).unwrap().pages[0].rgb.get_pixel(1, 1), &Rgb([255; 3]));
    let deep = DynamicImage::ImageLuma16(image::ImageBuffer::from_pixel(4, 4, image::Luma([0x8000])));
    assert_eq!(open(&file(deep, ImageFormat::Png)).unwrap().pages[0].rgb.get_pixel(1, 1), &Rgb([128; 3]));
}

#[test]
fn large_pictures_are_shrunk_and_huge_ones_refused() {
    let limits = Limits { page_side_px: 100, image_pixels: 50_000, image_side_px: 1000, ..Limits::default() };
    let opened = open_within(&file(drawn(300, 150), ImageFormat::Png), &limits).unwrap();
    assert_eq!(opened.pages[0].rgb.dimensions(), (100, 50));
    for (width, height, limit) in [(300, 300, 50_000), (1200, 2, 1000)] {
        let bomb = open_within(&file(drawn(width, height), ImageFormat::Png), &limits).unwrap_err();
        assert_eq!(bomb.code, ReasonCode::DecompressionBomb);
        assert_eq!(bomb.detail["limit"], limit);
    }
}

#[test]
fn a_tiny_file_with_a_huge_canvas_is_a_bomb() {
    let mut png = file(drawn(8, 8), ImageFormat::Png);
    png[16..24].copy_from_slice(&[0, 0, 0x50, 0, 0, 0, 0x50, 0]);
    let mended = {
        let mut crc = flate2::Crc::new();
        crc.update(&png[12..29]);
        png[29..33].copy_from_slice(&crc.sum().to_be_bytes());
        png
    };
    assert_eq!(refused(&mended), ReasonCode::DecompressionBomb);
}

#[test]
fn damage_is_corrupt() {
    assert_eq!(refused(b""), ReasonCode::Corrupt);
    assert_eq!(refused(b"\xff\xd8\xff\xe0"), ReasonCode::Corrupt);
    let png = file(drawn(200, 200), ImageFormat::Png);
    assert_eq!(refused(&png[..png.len() / 2]), ReasonCode::Corrupt);
    let jpeg = file(drawn(200, 200), ImageFormat::Jpeg);
    let cut = open(&jpeg[..jpeg.len() * 2 / 3]).unwrap();
    assert_eq!(codes(&cut), [ReasonCode::Corrupt], "what is left is shown, with the reason");
}

#[test]
fn a_wrong_checksum_over_sound_pixels_is_noted() {
    let mut png = file(drawn(20, 20), ImageFormat::Png);
    let idat = polyglot::find(&png, b"IDAT").unwrap();
    let length = u32::from_be_bytes(png[idat - 4..idat].try_into().unwrap()) as usize;
    png[idat + 4 + length] ^= 0xff;
    let opened = open(&png).unwrap();
    assert!(opened.notes[0].contains("checksums") && opened.reasons.is_empty());
}

#[test]
fn an_animation_gives_its_first_frame() {
    let mut gif = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut gif);
    for shade in [10, 200] {
        let frame = RgbaImage::from_pixel(6, 6, Rgba([shade, shade, shade, 255]));
        encoder.encode_frame(image::Frame::new(frame)).unwrap();
    }
    drop(encoder);
    let opened = open(&gif).unwrap();
    assert!(opened.notes[0].contains("animated"), "{:?}", opened.notes);
    assert!(opened.pages[0].rgb.get_pixel(2, 2)[0] < 60);
}

#[test]
fn every_page_of_a_tiff_is_opened() {
    // the second file's directory is chained behind the first, with its offsets moved
    let (one, two) = (file(drawn(16, 8), ImageFormat::Tiff), file(drawn(16, 8), ImageFormat::Tiff));
    let word = |b: &[u8], at: usize| u32::from_le_bytes(b[at..at + 4].try_into().unwrap());
    let entries = |b: &[u8], at: usize| usize::from(u16::from_le_bytes(b[at..at + 2].try_into().unwrap()));
    let mut both = one.clone();
    let base = u32::try_from(one.len()).unwrap();
    let first = word(&one, 4) as usize;
    let next = first + 2 + 12 * entries(&one, first);
    let mut second = two.clone();
    let directory = word(&two, 4) as usize;
    for field in (0..entries(&two, directory)).map(|i| directory + 2 + 12 * i) {
        let (tag, width) = (
            u16::from_le_bytes([two[field], two[field + 1]]),
            u16::from_le_bytes([two[field + 2], two[field + 3]]),
        );
        let bytes = word(&two, field + 4)
            * match width {
                1 | 2 => 1,
                3 => 2,
                5 | 10 => 8,
                _ => 4,
            };
        if bytes > 4 || tag == 273 {
            second[field + 8..field + 12].copy_from_slice(&(word(&two, field + 8) + base).to_le_bytes());
        }
    }
    both[next..next + 4].copy_from_slice(&(base + word(&two, 4)).to_le_bytes());
    both.extend(second);
    let opened = open(&both).unwrap();
    assert_eq!((opened.page_count, opened.pages.len(), opened.pages[1].number), (2, 2, 2));
    assert_eq!(opened.pages[0].rgb, opened.pages[1].rgb);
    let one_page = Limits { pages: 1, ..Limits::default() };
    assert_eq!(open_within(&both, &one_page).unwrap_err().code, ReasonCode::TooLarge);
    both[next..next + 4].copy_from_slice(&u32::try_from(first).unwrap().to_le_bytes());
    assert_eq!(refused(&both), ReasonCode::Corrupt, "a circle of pages ends");
}

#[test]
fn honest_trailers_are_noted() {
    let jpeg = file(drawn(16, 16), ImageFormat::Jpeg);
    let with = |trailer: &[u8]| open(&[&jpeg, trailer].concat()).unwrap().notes;
    assert!(with(b"\0\0\0\r\n").is_empty());
    assert!(with(&jpeg)[0].contains("1 more picture"));
    assert!(with(b"\0\0\0\x18ftypmp42\0\0\0\0isommp42")[0].contains("motion photo"));
    assert!(with(b"\0\x01MotionPhoto_DataSEFH....SEFT")[0].contains("motion photo"));
    assert!(with(b"some words")[0].contains("unexplained"));
}

#[test]
fn two_faced_files_are_refused() {
    let archive = zip(&[("a.class", b"\xca\xfe\xba\xbe")]);
    for picture in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
        let picture = file(drawn(16, 16), picture);
        for rider in [
            archive.as_slice(),
            b"MZ\x90\0\x03\0\0\0",
            b"%PDF-1.4\n1 0 obj",
            b"<html><script>",
            b"<?php system('id');",
            b"junk%PDF-1.7",
            b"Rar!\x1a\x07\0xxxx",
        ] {
            let file = [&picture, rider].concat();
            assert_eq!(refused(&file), ReasonCode::TypeMismatch, "{:?}", String::from_utf8_lossy(rider));
        }
    }
    let pdf = pdf(&[PAGE, ""]);
    assert_eq!(refused(&[&pdf, archive.as_slice()].concat()), ReasonCode::TypeMismatch);
    assert_eq!(refused(&[b"MZ\x90\0\x03\0\0\0".as_slice(), &pdf].concat()), ReasonCode::TypeMismatch);
    assert_eq!(refused(&[b"<html>".as_slice(), &pdf].concat()), ReasonCode::TypeMismatch);
    // a PDF hidden in a JPEG's comment
    let jpeg = file(drawn(16, 16), ImageFormat::Jpeg);
    let comment = [&[0xff, 0xd8, 0xff, 0xfe, 0, 12], b"%PDF-1.4\n%".as_slice(), &jpeg[2..]].concat();
    assert_eq!(refused(&comment), ReasonCode::TypeMismatch);
}

#[test]
fn what_is_not_read_is_named() {
    for bytes in [
        b"<html><body>hi".as_slice(),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"MZ\x90\0\x03\0\0\0\x04\0",
        b"\x7fELF\x02\x01\x01\0",
        b"#!/bin/sh\nrm -rf /",
        b"just some words",
        b"Rar!\x1a\x07\0",
        b"OggS\0\x02",
        b"\0\0\0\x18ftypmp42\0\0\0\0isommp42",
        b"\0\0\0\x1cftypavif\0\0\0\0mif1miaf",
        b"BM\x40\0\0\0\0\0\0\0",
        b"<?xml version='1.0'?><note/>",
        b"\x01",
    ] {
        assert_eq!(refused(bytes), ReasonCode::UnsupportedType, "{:?}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(
        refused(&zip(&[("word/document.xml", b"<w:document/>"), ("[Content_Types].xml", b"<Types/>")])),
        ReasonCode::UnsupportedType
    );
}

#[test]
fn e_invoices_are_attachments() {
    let bare = open(CFDI).unwrap();
    assert_eq!((bare.media_type.as_str(), bare.page_count, bare.pages.len()), ("application/xml", 0, 0));
    assert_eq!(bare.attachments[0].bytes, CFDI);
    let pair = open(&zip(&[("f.xml", CFDI), ("f.pdf", &pdf(&[PAGE, ""]))])).unwrap();
    assert_eq!((pair.page_count, pair.attachments[0].name.as_str()), (1, "f.xml"));
    let ridden = [zip(&[("f.xml", CFDI), ("f.pdf", &pdf(&[PAGE, ""]))]).as_slice(), b"MZ"].concat();
    assert_eq!(refused(&ridden), ReasonCode::UnsupportedType);
    let small = Limits { xml_bytes: 10, ..Limits::default() };
    assert_eq!(open_within(CFDI, &small).unwrap_err().code, ReasonCode::TooLarge);
}

/// Object 3 of every test PDF: a page filled with black by object 4.
const PAGE: &str = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 360 144]/Contents 4 0 R>>";

/// A PDF from the page object and what is added to the catalog; further objects from number 5 on.
fn pdf(parts: &[&str]) -> Vec<u8> {
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
fn what_acts_in_a_pdf_is_listed() {
    for (catalog, more, expected) in [
        ("/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>", "null", "JavaScript"),
        ("/OpenAction 5 0 R", "<</S/URI/URI(http://x.test)>>", "OpenAction to URI"),
        ("/AA<</WC 5 0 R>>", "<</S/L#61unch/F(cmd.exe)>>", "AA to Launch"),
        ("/AcroForm<</XFA 5 0 R>>", "null", "XFA form"),
        ("/Names<</JavaScript 5 0 R>>", "null", "JavaScript (document level)"),
        ("", "<</Type/Annot/Subtype/RichMedia>>", "RichMedia annotation"),
    ] {
        let opened = open(&pdf(&[PAGE, catalog, more])).unwrap();
        assert_eq!(codes(&opened), [ReasonCode::ActiveContent], "{catalog} {more}");
        let found = opened.reasons[0].detail["found"].as_array().unwrap();
        assert!(found.iter().any(|f| f == expected), "{found:?} lacks {expected}");
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

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300), head in 0..12usize) {
        let heads: [&[u8]; 12] = [
            b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"GIF89a", b"II*\0\x08\0\0\0", b"MM\0+\0\x08\0\0",
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\x40meta\0\0\0\0", b"%PDF-1.4\n", b"PK\x03\x04", b"<?xml ", b"", b"\xff\xfe<\0",
        ];
        let _ = open(&[heads[head], &bytes].concat());
    }
}

//! Intake as its callers see it, on small files made by hand.

mod pdf;

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

use self::pdf::{PAGE, pdf};
use super::{
    archive::tests::{CFDI, zip},
    *,
};
use crate::{reading::Declared, reason::ReasonCode, signature::cms};

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
        (ImageFormat::Bmp, "image/bmp"),
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
        let declared = Declared {
            media_type: Some(media_type.into()),
            filename: Some("x.pdf".into()),
            ..Declared::default()
        };
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
    let jpeg = file(drawn(200, 200), ImageFormat::Jpeg);
    let png = file(drawn(200, 200), ImageFormat::Png);
    for picture in [&jpeg[..jpeg.len() * 2 / 3], &jpeg[..jpeg.len() - 2], &png[..png.len() / 2]] {
        let cut = open(picture).unwrap();
        assert_eq!(codes(&cut), [ReasonCode::Corrupt], "what is left is shown, with the reason");
    }
    for kind in [0xc0, 0xdb, 0xda] {
        assert_eq!(refused(&without_segments(&jpeg, kind)), ReasonCode::Corrupt, "{kind:x}");
    }
    for kind in [b"IHDR", b"IDAT"] {
        let at = polyglot::find(&png, kind).unwrap() - 4;
        assert_eq!(
            refused(&[&png[..at], &png[at + 12 + chunk_length(&png, at)..]].concat()),
            ReasonCode::Corrupt
        );
    }
}

/// A JPEG without its segments of one kind.
fn without_segments(jpeg: &[u8], kind: u8) -> Vec<u8> {
    let (mut out, mut at) = (jpeg[..2].to_vec(), 2);
    while jpeg[at + 1] != 0xda {
        let end = at + 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
        if jpeg[at + 1] != kind {
            out.extend(&jpeg[at..end]);
        }
        at = end;
    }
    let start = if kind == 0xda { at + 2 } else { at };
    out.extend(&jpeg[start..]);
    out
}

fn chunk_length(png: &[u8], at: usize) -> usize {
    u32::from_be_bytes(png[at..at + 4].try_into().unwrap()) as usize
}

#[test]
fn damage_around_the_pixels_is_mended_and_noted() {
    let jpeg = file(drawn(64, 48), ImageFormat::Jpeg);
    let png = file(drawn(64, 48), ImageFormat::Png);
    let strays = [&jpeg[..2], b"\xff\xd5\0\x6f", &jpeg[2..]].concat();
    let no_end = &png[..png.len() - 12];
    let junk_for_end = [no_end, b"\x12\x34\x56\x78}&%\rjunk"].concat();
    for (damaged, sound) in [
        (strays, &jpeg),
        (without_segments(&jpeg, 0xc4), &jpeg),
        (no_end.to_vec(), &png),
        (junk_for_end, &png),
    ] {
        let opened = open(&damaged).unwrap();
        assert!(opened.reasons.is_empty(), "{:?}", opened.reasons);
        assert!(opened.notes.iter().all(|n| n.contains("frame is damaged")), "{:?}", opened.notes);
        assert_eq!(opened.pages[0].rgb, open(sound).unwrap().pages[0].rgb);
    }
}

#[test]
fn damage_within_a_scan_does_not_hide_its_end() {
    let noise =
        RgbImage::from_fn(200, 200, |x, y| Rgb([((x * 7) ^ (y * 13)) as u8, (x * y) as u8, (x ^ y) as u8]));
    let mut jpeg = file(noise, ImageFormat::Jpeg);
    let middle = jpeg.len() / 2;
    jpeg[middle..middle + 4].copy_from_slice(b"\xff\xae\xff\xf0");
    assert_eq!(codes(&open(&jpeg).unwrap()), [], "it ends where it should");
    let ridden = [&jpeg, b"MZ\x90\0\x03\0\0\0".as_slice()].concat();
    assert_eq!(refused(&ridden), ReasonCode::TypeMismatch, "what follows the end is still seen");
}

#[test]
fn a_wrong_checksum_over_sound_pixels_is_noted() {
    let mut png = file(drawn(20, 20), ImageFormat::Png);
    let idat = polyglot::find(&png, b"IDAT").unwrap();
    let length = u32::from_be_bytes(png[idat - 4..idat].try_into().unwrap()) as usize;
    png[idat + 4 + length] ^= 0xff;
    let opened = open(&png).unwrap();
    assert!(opened.notes[0].contains("frame is damaged") && opened.reasons.is_empty());
    let at = polyglot::find(&png, b"IHDR").unwrap() - 4;
    let crc = at + 8 + chunk_length(&png, at);
    png[crc] ^= 0xff;
    assert!(open(&png).unwrap().reasons.is_empty(), "nor is a wrong one of the header");
}

#[test]
fn a_heic_is_decoded_and_set_upright() {
    let plain = include_bytes!("../../../fixtures/pictures/quarters.heic");
    let turned = include_bytes!("../../../fixtures/pictures/quarters-turned.heic");
    let colour = |bytes: &[u8], size, at: (u32, u32)| {
        let opened = open(bytes).unwrap();
        assert_eq!((opened.media_type.as_str(), opened.pages[0].rgb.dimensions()), ("image/heic", size));
        opened.pages[0].rgb.get_pixel(at.0, at.1).0
    };
    let white = |[r, g, b]: [u8; 3]| r > 230 && g > 230 && b > 230;
    assert!(white(colour(plain, (96, 64), (8, 6))));
    assert!(white(colour(turned, (64, 96), (57, 8))), "a quarter turn clockwise");
    let [r, _, b] = colour(plain, (96, 64), (80, 40));
    assert!(b > 180 && r < 60);
    for cut in [plain.len() - 60, plain.len() / 2, 40] {
        let code = open(&plain[..cut]).map_or_else(|reason| reason.code, |opened| codes(&opened)[0]);
        assert_eq!(code, ReasonCode::Corrupt, "{cut}");
    }
}

#[test]
fn a_jpeg_2000_is_decoded_in_its_container_and_bare() {
    let jp2 = include_bytes!("../../../fixtures/pictures/quarters.jp2").as_slice();
    let bare = include_bytes!("../../../fixtures/pictures/quarters.j2k").as_slice();
    for picture in [jp2, bare] {
        let opened = open(picture).unwrap();
        assert_eq!((opened.media_type.as_str(), opened.page_count), ("image/jp2", 1));
        let rgb = &opened.pages[0].rgb;
        assert_eq!(rgb.dimensions(), (32, 24));
        assert_eq!(rgb.get_pixel(2, 2), &Rgb([255; 3]));
        assert_eq!(rgb.get_pixel(12, 20), &Rgb([220, 20, 20]));
        assert_eq!(rgb.get_pixel(30, 20), &Rgb([20, 20, 220]));
    }
    let small = Limits { image_side_px: 20, ..Limits::default() };
    assert_eq!(open_within(jp2, &small).unwrap_err().code, ReasonCode::DecompressionBomb);
    let poor = Limits { memory_bytes: 8_000, ..Limits::default() };
    assert_eq!(open_within(jp2, &poor).unwrap_err().code, ReasonCode::DecompressionBomb);
    assert_eq!(refused(&jp2[..60]), ReasonCode::Corrupt);
    assert_eq!(refused(&[jp2, b"MZ\x90\0\x03\0\0\0"].concat()), ReasonCode::TypeMismatch);
}

#[test]
fn a_fax_is_read_row_by_row_and_told_when_it_ends_early() {
    let group3 = include_bytes!("../../../fixtures/pictures/fax-group3.tif").as_slice();
    let runs = include_bytes!("../../../fixtures/pictures/fax-runs.tif").as_slice();
    for fax in [group3, runs] {
        let opened = open(fax).unwrap();
        assert!(opened.reasons.is_empty(), "{:?}", opened.reasons);
        let rgb = &opened.pages[0].rgb;
        assert_eq!(rgb.dimensions(), (40, 20));
        for (x, y) in (0..40).flat_map(|x| (0..20).map(move |y| (x, y))) {
            let ink = x >= 20 && y >= 10 || (x + y) % 11 == 0;
            assert_eq!(rgb.get_pixel(x, y), &Rgb([if ink { 0 } else { 255 }; 3]), "{x} {y}");
        }
    }
    // The strip's length (tag 279) cut to a third: what is there is shown.
    let tag = group3.windows(4).position(|w| w == [0x17, 1, 4, 0] || w == [0x17, 1, 3, 0]).unwrap();
    let mut short = group3.to_vec();
    short[tag + 8] = 50;
    let opened = open(&short).unwrap();
    assert_eq!(codes(&opened), [ReasonCode::Corrupt]);
    assert_eq!(opened.pages[0].rgb.get_pixel(0, 0), &Rgb([0; 3]));
}

#[test]
fn chunks_that_stand_twice_or_out_of_order_are_shown_and_held() {
    let png = file(drawn(64, 48), ImageFormat::Png);
    let chunk = |kind: &[u8]| {
        let at = polyglot::find(&png, kind).unwrap() - 4;
        at..at + 12 + chunk_length(&png, at)
    };
    let (header, pixels) = (chunk(b"IHDR"), chunk(b"IDAT"));
    let twice = [&png[..header.end], &png[header.clone()], &png[header.end..]].concat();
    let last = [&png[..8], &png[pixels.clone()], &png[header.clone()], &png[pixels.end..]].concat();
    for damaged in [twice, last] {
        let opened = open(&damaged).unwrap();
        assert_eq!(codes(&opened), [ReasonCode::Corrupt], "{:?}", opened.notes);
        assert_eq!(opened.pages[0].rgb, open(&png).unwrap().pages[0].rgb);
    }
}

#[test]
fn pixels_whose_own_checksum_is_wrong_are_held() {
    let mut png = file(drawn(20, 20), ImageFormat::Png);
    let at = polyglot::find(&png, b"IDAT").unwrap() - 4;
    let last = at + 8 + chunk_length(&png, at) - 1;
    png[last] ^= 0x55;
    let opened = open(&png).unwrap();
    assert_eq!(codes(&opened), [ReasonCode::Corrupt], "they may not be what was sent");
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
    let signed = open(cms::tests::EC_DER).unwrap();
    assert_eq!(signed.media_type, "application/pkcs7-mime");
    assert!(signed.attachments[0].bytes.starts_with(b"<?xml") && signed.reasons.is_empty());
    assert!(
        signed.notes.iter().any(|n| n.contains("intact; the signer was not checked")),
        "{:?}",
        signed.notes
    );
    let forged = cms::tests::changed(cms::tests::EC_DER, ">1268.80<", ">9268.80<");
    let forged = open(&forged).unwrap();
    assert_eq!(forged.reasons.iter().map(|r| r.code).collect::<Vec<_>>(), [ReasonCode::ChecksFailed]);
    assert_eq!(refused(&cms::tests::EC_DER[..200]), ReasonCode::Corrupt);
    let small = Limits { xml_bytes: 10, ..Limits::default() };
    assert_eq!(open_within(cms::tests::EC_DER, &small).unwrap_err().code, ReasonCode::TooLarge);
    assert_eq!(open_within(CFDI, &small).unwrap_err().code, ReasonCode::TooLarge);
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300), head in 0..15usize) {
        let heads: [&[u8]; 15] = [
            b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51", b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0",
            b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"GIF89a", b"II*\0\x08\0\0\0", b"MM\0+\0\x08\0\0",
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\x40meta\0\0\0\0", b"%PDF-1.4\n", b"PK\x03\x04", b"<?xml ", b"", b"\xff\xfe<\0",
        ];
        let _ = open(&[heads[head], &bytes].concat());
    }
}

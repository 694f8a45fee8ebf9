//! The OCR on pages drawn here, the right way up and turned. Needs the models (`make models`).
//!
//! Without them the test says so and passes, except in CI, where they must be there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{path::PathBuf, sync::LazyLock, time::Duration};

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};
use acuse_pipeline::{
    fields::FieldName,
    limits::Limits,
    part::Part,
    reading::budget::Effort,
    reading::read_with,
    reading::{Declared, PagePixels, PageText, Reading},
    reason::ReasonCode,
    text::{Models, OcrOptions, gather, read_page, reread},
};
use image::{Rgb, RgbImage, imageops};

const LINES: [&str; 8] = [
    "PANADERÍA LA ESPAÑOLA, S.L.",
    "Calle de la Peña 12, Logroño",
    "NIF: B-12345678",
    "Factura simplificada 2024-00117",
    "Fecha: 17/03/2024   Hora: 09:41",
    "Café con leche            1,50 €",
    "Ensaimada               12,75 €",
    "TOTAL A PAGAR      14,25 €",
];

/// The models, or `None` with a loud word where they may be missing.
fn models() -> Option<&'static Models> {
    static MODELS: LazyLock<Option<Models>> = LazyLock::new(|| {
        let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
        let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).or_else(home).unwrap_or_default();
        let dir = std::env::var_os("ACUSE_MODELS_DIR").map(PathBuf::from);
        match Models::load(&dir.unwrap_or_else(|| data.join("acuse/models"))) {
            Ok(models) => Some(models),
            Err(error) => {
                assert!(std::env::var_os("CI").is_none(), "{error}");
                eprintln!("\n!!! OCR NOT TESTED: {error}\n");
                None
            }
        }
    });
    MODELS.as_ref()
}

fn page() -> RgbImage {
    let font = FontRef::try_from_slice(dejavu::sans::regular()).unwrap();
    let mut page = RgbImage::from_pixel(700, 900, Rgb([236, 234, 228]));
    for (i, line) in LINES.iter().enumerate() {
        draw(&mut page, &font, 30.0, 60.0, 80.0 + i as f32 * 70.0, line);
    }
    page
}

fn draw(page: &mut RgbImage, font: &FontRef<'_>, size: f32, mut x: f32, baseline: f32, text: &str) {
    let scaled = font.as_scaled(PxScale::from(size));
    for c in text.chars() {
        let id = font.glyph_id(c);
        if let Some(outline) = font.outline_glyph(id.with_scale_and_position(size, point(x, baseline))) {
            let bounds = outline.px_bounds();
            outline.draw(|gx, gy, ink| {
                let (px, py) = (bounds.min.x as u32 + gx, bounds.min.y as u32 + gy);
                if let Some(pixel) = page.get_pixel_mut_checked(px, py) {
                    pixel.0 = pixel.0.map(|v| (f32::from(v) * (1.0 - ink) + 25.0 * ink) as u8);
                }
            });
        }
        x += scaled.h_advance(id);
    }
}

fn read(rgb: RgbImage) -> Option<(PagePixels, PageText)> {
    let mut page = PagePixels { number: 1, rgb };
    let text = read_page(&mut page, &OcrOptions::default(), models()?).unwrap();
    Some((page, text))
}

/// The size of a page as it came, where it was kept.
fn received(reading: &Reading, page: usize) -> Option<(u32, u32)> {
    let jpeg = &reading.pages[page].received;
    (!jpeg.is_empty()).then(|| image::load_from_memory(jpeg).unwrap().to_rgb8().dimensions())
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[test]
fn reads_accents_amounts_and_rows() {
    let Some((_, text)) = read(page()) else { return };
    let lines: Vec<String> = text.lines.iter().map(|l| squeezed(&l.text)).collect();
    let right = LINES.iter().filter(|line| lines.contains(&squeezed(line))).count();
    assert!(right >= 7, "{right} of 8 lines read:\n{}", lines.join("\n"));
    assert!(lines.contains(&squeezed(LINES[7])), "{lines:?}");
    assert_eq!(text.quarter_turns, 0);
    assert!(text.sharpness.unwrap() > 0.5, "{:?}", text.sharpness);
}

#[test]
fn boxes_are_where_the_words_are() {
    let Some((_, text)) = read(page()) else { return };
    let line = text.lines.iter().find(|l| l.text.starts_with("TOTAL")).unwrap();
    let word = &line.words[0];
    let [x0, y0, x1, y1] = word.bbox;
    // Drawn at x = 60, baseline 570, 30 pixels high, on 700 × 900.
    assert!((x0 - 60.0 / 700.0).abs() < 0.03 && x1 > 0.15 && x1 < 0.4, "{word:?}");
    assert!(y0 > 525.0 / 900.0 && y0 < 556.0 / 900.0, "{word:?}");
    assert!(y1 > 565.0 / 900.0 && y1 < 590.0 / 900.0, "{word:?}");
}

#[test]
fn a_turned_page_is_set_upright_with_its_pixels() {
    type Turn = fn(&RgbImage) -> RgbImage;
    let turned: [(u8, Turn); 3] = [
        (3, |page| imageops::rotate90(page)),
        (2, |page| imageops::rotate180(page)),
        (1, |page| imageops::rotate270(page)),
    ];
    for (turns, turn) in turned {
        let Some((upright, text)) = read(turn(&page())) else { return };
        assert_eq!(text.quarter_turns, turns);
        assert_eq!(upright.rgb.dimensions(), (700, 900));
        let all = squeezed(&text.lines.iter().map(|l| l.text.as_str()).collect::<String>());
        assert!(all.contains("TOTALAPAGAR14,25"), "{turns} turns: {all}");
    }
}

#[test]
fn the_whole_reader_ends_with_a_reading() {
    let Some(models) = models() else { return };
    let limits = Limits::default();
    let mut png = std::io::Cursor::new(Vec::new());
    imageops::rotate90(&page()).write_to(&mut png, image::ImageFormat::Png).unwrap();
    let mut stages = Vec::new();
    let mut tell = |stage: &str| stages.push(stage.to_owned());
    let reading = read_with(&png.into_inner(), &Declared::default(), &limits, models, &mut tell);
    assert_eq!(stages.first().map(String::as_str), Some("sniff"));
    assert!(stages.iter().any(|s| s == "ocr") && stages.last().is_some_and(|s| s == "encode"), "{stages:?}");
    assert_eq!((reading.media_type.as_str(), reading.page_count), ("image/png", 1));
    assert!(squeezed(&reading.text).contains("TOTALAPAGAR14,25"), "{}", reading.text);
    assert_eq!((reading.pages[0].width, reading.pages[0].height), (700, 900), "stored upright");
    assert!(reading.pages[0].jpeg.starts_with(&[0xff, 0xd8]) && !reading.thumbnail.is_empty());
    assert!(reading.kind.is_some() && reading.fingerprint.is_some());

    let refused = acuse_pipeline::reading::read(b"MZ not a document", &Declared::default(), &limits, models);
    assert!(refused.kind.is_none() && refused.pages.is_empty() && refused.reasons.len() == 1, "{refused:?}");
}

#[test]
fn a_part_of_a_photo_is_read_as_a_document_of_its_own() {
    let Some(models) = models() else { return };
    let paper = page();
    let mut photo = RgbImage::from_pixel(1500, 960, Rgb([84, 70, 58]));
    imageops::replace(&mut photo, &paper, 25, 30);
    imageops::replace(&mut photo, &paper, 775, 30);
    let mut tiff = std::io::Cursor::new(Vec::new());
    imageops::rotate90(&photo).write_to(&mut tiff, image::ImageFormat::Tiff).unwrap();
    let part = Part::place(1, [0.5, 0.0, 1.0, 1.0]).unwrap();
    let declared = Declared { part: Some(part), ..Declared::default() };
    let reading = acuse_pipeline::reading::read(&tiff.into_inner(), &declared, &Limits::default(), models);
    let text = squeezed(&reading.text);
    assert_eq!(text.matches("TOTALAPAGAR14,25").count(), 1, "one of the two, upright: {text}");
    assert_eq!((reading.page_count, reading.pages.len()), (1, 1));
    assert!(reading.pages[0].height > reading.pages[0].width, "only the part is shown");
    assert_eq!(received(&reading, 0), Some((1500, 960)), "beside it the whole page as it came, upright");
    assert!(reading.notes.iter().any(|n| n.contains("Cut out of page 1")), "{:?}", reading.notes);
    assert_eq!(reading.fields[&FieldName::Total].value, "14.25");
}

#[test]
fn a_page_on_a_table_is_stored_alone_and_its_boxes_with_it() {
    let Some(models) = models() else { return };
    let level = page();
    // Leaning by some 5 degrees, on a table darker than paper.
    let (sin, cos) = 0.09_f32.sin_cos();
    let photo = RgbImage::from_fn(1300, 1500, |x, y| {
        let (dx, dy) = (x as f32 - 600.0, y as f32 - 800.0);
        let (px, py) = (dx * cos + dy * sin + 350.0, dy * cos - dx * sin + 450.0);
        let inside = px >= 0.0 && py >= 0.0;
        let paper = inside.then(|| level.get_pixel_checked(px as u32, py as u32).copied()).flatten();
        paper.unwrap_or(Rgb([84, 70, 58 + (x % 5) as u8]))
    });
    let mut png = std::io::Cursor::new(Vec::new());
    photo.write_to(&mut png, image::ImageFormat::Png).unwrap();
    let limits = Limits::default();
    let reading = acuse_pipeline::reading::read(&png.into_inner(), &Declared::default(), &limits, models);
    let stored = &reading.pages[0];
    let aspect = stored.width as f32 / stored.height as f32;
    assert!(
        stored.width < 800 && (aspect - 700.0 / 900.0).abs() < 0.03,
        "{}x{}",
        stored.width,
        stored.height
    );
    assert!(reading.notes.iter().any(|n| n.contains("cut out")), "{:?}", reading.notes);
    // Drawn on the baseline 570 of 900.
    let total = &reading.fields[&FieldName::Total];
    let [x0, y0, x1, y1] = total.bbox.unwrap();
    assert_eq!(total.value, "14.25");
    assert!(y0 > 0.57 && y1 < 0.67 && x0 < 0.6 && x1 > 0.5, "{total:?}");
    assert_eq!(received(&reading, 0), None, "a browser shows a PNG itself");

    // What no browser shows is drawn as it came, before the cut.
    let mut tiff = std::io::Cursor::new(Vec::new());
    photo.write_to(&mut tiff, image::ImageFormat::Tiff).unwrap();
    let reading = acuse_pipeline::reading::read(&tiff.into_inner(), &Declared::default(), &limits, models);
    assert_eq!(reading.media_type, "image/tiff");
    assert!(reading.pages[0].width < 800 && reading.notes.iter().any(|n| n.contains("cut out")));
    assert_eq!(received(&reading, 0), Some((1300, 1500)));
}

/// Whoever doubts how a page was set sees how it lay: of a TIFF as the reader draws it, of a PNG in the original.
#[test]
fn a_page_that_was_turned_or_set_level_is_seen_as_it_lay() {
    let Some(models) = models() else { return };
    let level = page();
    let leaning = RgbImage::from_fn(700, 950, |x, y| {
        let y = y as f32 - x as f32 * 0.07;
        level.get_pixel_checked(x, y.max(0.0) as u32).copied().unwrap_or(Rgb([236, 234, 228]))
    });
    let (on_its_side, on_its_head) = (imageops::rotate90(&level), imageops::rotate180(&level));
    let kept = |rgb: &RgbImage, format| {
        let mut file = std::io::Cursor::new(Vec::new());
        rgb.write_to(&mut file, format).unwrap();
        let declared = Declared::default();
        let reading =
            acuse_pipeline::reading::read(&file.into_inner(), &declared, &Limits::default(), models);
        (reading.pages[0].changed, received(&reading, 0))
    };
    for came in [&on_its_side, &on_its_head, &leaning] {
        let size = came.dimensions();
        assert_eq!(kept(came, image::ImageFormat::Tiff), (true, Some(size)));
        assert_eq!(kept(came, image::ImageFormat::Png), (true, None));
    }
    assert_eq!(kept(&level, image::ImageFormat::Tiff), (false, None));
}

#[test]
fn a_page_far_away_is_looked_at_again() {
    let small = imageops::resize(&page(), 200, 257, imageops::FilterType::CatmullRom);
    let mut frame = RgbImage::from_pixel(2400, 1900, Rgb([60, 70, 58]));
    imageops::replace(&mut frame, &small, 300, 900);
    let Some((_, text)) = read(frame) else { return };
    let all = squeezed(&text.lines.iter().map(|l| l.text.as_str()).collect::<String>());
    assert!(all.contains("14,25"), "{all}");
    let last = text.lines.last().unwrap().bbox;
    assert!(last[1] > 900.0 / 1900.0 && last[3] < 1157.0 / 1900.0, "{last:?}");
}

#[test]
fn what_is_reread_is_what_was_read() {
    let Some(models) = models() else { return };
    for slope in [0.0_f32, 0.07] {
        let level = page();
        let leaning = RgbImage::from_fn(700, 950, |x, y| {
            let y = y as f32 - x as f32 * slope;
            level.get_pixel_checked(x, y.max(0.0) as u32).copied().unwrap_or(Rgb([236, 234, 228]))
        });
        let (page, text) = read(leaning).unwrap();
        let words = text.lines.iter().flat_map(|l| &l.words);
        let word =
            words.clone().find(|w| w.text.contains("17/03/2024")).unwrap_or_else(|| panic!("{text:?}"));
        let again = reread(&page.rgb, &text, word.bbox, models).unwrap();
        let said: Vec<&str> = again.iter().map(|l| l.text.as_str()).collect();
        assert!(again.len() > 3 && said.iter().filter(|t| t.contains("17/03/2024")).count() > 3, "{said:?}");
    }
}

#[test]
fn a_page_without_text_has_no_lines() {
    let Some((_, text)) = read(RgbImage::from_fn(640, 480, |x, y| Rgb([(x / 3) as u8, (y / 2) as u8, 90])))
    else {
        return;
    };
    assert!(text.lines.is_empty(), "{:?}", text.lines);
}

#[test]
fn pages_that_time_did_not_reach_are_named() {
    let Some(models) = models() else { return };
    let mut png = std::io::Cursor::new(Vec::new());
    page().write_to(&mut png, image::ImageFormat::Png).unwrap();
    let limits = Limits::default();
    let mut opened = acuse_pipeline::reading::open(&png.into_inner(), &Declared::default(), &limits).unwrap();
    let options = OcrOptions { until: Some(Effort::begin().until(Duration::ZERO)), ..OcrOptions::default() };
    let (evidence, _) = gather(&mut opened, &options, &limits, models, &mut |_| ());
    assert!(
        evidence.pages.is_empty() && opened.reasons[0].message.contains("page 1"),
        "{:?}",
        opened.reasons
    );
    assert_eq!(opened.reasons[0].code, ReasonCode::Unreadable);
}

#[test]
fn a_missing_model_names_the_command() {
    let error = Models::load(&PathBuf::from("/nowhere")).unwrap_err();
    assert!(error.to_string().contains("make models"), "{error}");
}

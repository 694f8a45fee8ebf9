//! What a PDF says of its own text.

use super::*;

const A4: (f32, f32) = (600.0, 800.0);

/// Glyphs half an em wide.
fn typed(text: &str, start: (f32, f32), u: (f32, f32)) -> Vec<Glyph> {
    text.chars()
        .enumerate()
        .map(|(i, c)| {
            let along = i as f32 * 5.0;
            let start = (start.0 + u.0 * along, start.1 + u.1 * along);
            Glyph { text: c.to_string(), start, u, advance: 5.0, size: 10.0 }
        })
        .collect()
}

fn texts(glyphs: Vec<Glyph>) -> Vec<String> {
    assemble(1, glyphs, A4).lines.into_iter().map(|l| l.text).collect()
}

const ACROSS: (f32, f32) = (1.0, 0.0);

#[test]
fn words_part_at_spaces_and_at_gaps() {
    let mut glyphs = typed("Total a pagar", (50.0, 100.0), ACROSS);
    glyphs.extend(typed("45,00", (500.0, 100.0), ACROSS));
    glyphs.extend(typed("IVA", (50.0, 80.0), ACROSS));
    glyphs.extend(typed("21%", (67.0, 80.0), ACROSS)); // 2 points further than the last glyph ends
    assert_eq!(texts(glyphs), ["IVA 21%", "Total a pagar 45,00"]);
}

#[test]
fn fake_bold_counts_once_and_double_letters_twice() {
    let mut glyphs = typed("Calle", (50.0, 100.0), ACROSS);
    glyphs.extend(typed("Calle", (50.3, 100.0), ACROSS));
    assert_eq!(texts(glyphs), ["Calle"]);
}

#[test]
fn text_that_runs_up_turns_the_page() {
    let up = (0.0, -1.0);
    let mut glyphs = typed("FACTURA", (100.0, 700.0), up);
    glyphs.extend(typed("Total", (150.0, 700.0), up));
    let page = assemble(1, glyphs, A4);
    assert_eq!(page.quarter_turns, 1);
    let lines: Vec<&str> = page.lines.iter().map(|l| l.text.as_str()).collect();
    assert_eq!(lines, ["FACTURA", "Total"]);
    assert!((page.aspect - 800.0 / 600.0).abs() < 1e-5);
    // 100 points from the left edge before, 100 from the top after; 100 from the bottom, 100 from the left.
    let b = page.lines[0].bbox;
    assert!((b[0] - 100.0 / 800.0).abs() < 0.01 && b[1] < 100.0 / 600.0 && b[3] > 100.0 / 600.0, "{b:?}");
}

#[test]
fn spaced_letters_are_a_word() {
    assert_eq!(texts(typed("F A C T U R A", (50.0, 100.0), ACROSS)), ["FACTURA"]);
}

#[test]
fn ligatures_and_odd_spaces() {
    assert_eq!(plain("o\u{fb03}ce\u{a0}\u{ad}x"), "office x");
}

#[test]
fn ink_is_a_sign_whatever_its_font_says() {
    for unread in ["\0", "\u{fffd}", "\u{e02d}", "\u{200b}", "\u{1}", "\u{f0021}"] {
        let inked = letters(unread, || false);
        assert_eq!(inked, "\u{fffd}", "{unread:?}");
    }
    assert_eq!((letters("\u{ad}", || false), letters("\u{ad}", || true)), ("-".to_owned(), String::new()));
    assert_eq!((letters("\0", || true), letters("\t", || false)), (" ".to_owned(), "\t".to_owned()));
    assert_eq!(letters("ﬁ1", || panic!("nobody asks")), "ﬁ1");
}

#[test]
fn garbage_and_scraps_are_not_sound() {
    let page = |text: &str| assemble(1, typed(text, (0.0, 100.0), ACROSS), A4);
    assert!(layer_is_sound(&page("Factura 2024-001 Total a pagar 45,00 EUR")));
    assert!(!layer_is_sound(&page("Page 1")));
    assert!(!layer_is_sound(&page("\u{fffd}\u{fffd}\u{fffd} abcdefghijklmnopqrstuvwxyz \u{e000}")));
}

/// A page of 600 by 800 points with a line of text and a picture `side` points wide and high.
fn pictured(side: u32, text: &str) -> Vec<u8> {
    use lopdf::{Document, Object, Stream, dictionary};
    let mut pdf = Document::with_version("1.5");
    let font = pdf.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica", "Encoding" => "WinAnsiEncoding",
    });
    let grey = dictionary! {
        "Type" => "XObject", "Subtype" => "Image", "Width" => 20, "Height" => 10,
        "ColorSpace" => "DeviceGray", "BitsPerComponent" => 8,
    };
    let image = pdf.add_object(Stream::new(grey, vec![90; 200]));
    let drawn = format!("q {side} 0 0 {side} 50 100 cm /P Do Q BT /F 12 Tf 50 750 Td ({text}) Tj ET");
    let content = pdf.add_object(Stream::new(dictionary! {}, drawn.into_bytes()));
    let pages = pdf.new_object_id();
    let page = pdf.add_object(dictionary! {
        "Type" => "Page", "Parent" => pages, "Contents" => content,
        "MediaBox" => vec![0.into(), 0.into(), 600.into(), 800.into()],
        "Resources" => dictionary! {
            "Font" => dictionary! { "F" => font }, "XObject" => dictionary! { "P" => image },
        },
    });
    let kids: Vec<Object> = vec![page.into()];
    pdf.objects.insert(pages, dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => 1 }.into());
    let catalog = pdf.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages });
    pdf.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    pdf.save_to(&mut bytes).expect("saved");
    bytes
}

/// A page whose font has no letter for the sign that it draws before the total.
fn unmapped(letter: &str) -> Vec<u8> {
    use lopdf::{Document, Object, Stream, dictionary};
    let mut pdf = Document::with_version("1.5");
    let map = format!(
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /M def /CMapType 2 def\n\
         1 begincodespacerange <00> <ff> endcodespacerange\n1 beginbfchar <2d> <{letter}> endbfchar\n\
         1 beginbfrange <2e> <7e> <002e> endbfrange\n2 beginbfchar <20> <0020> <2c> <002c> endbfchar\n\
         endcmap CMapName currentdict /CMap defineresource pop end end"
    );
    let map = pdf.add_object(Stream::new(dictionary! {}, map.into_bytes()));
    let font = pdf.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica", "Encoding" => "WinAnsiEncoding",
        "ToUnicode" => map,
    });
    let drawn = "BT /F 12 Tf 50 750 Td (Rechnung Nummer 2024/17 vom Montag) Tj 0 -30 Td (Gesamtbetrag -250,00 EUR) Tj ET";
    let content = pdf.add_object(Stream::new(dictionary! {}, drawn.as_bytes().to_vec()));
    let pages = pdf.new_object_id();
    let page = pdf.add_object(dictionary! {
        "Type" => "Page", "Parent" => pages, "Contents" => content,
        "MediaBox" => vec![0.into(), 0.into(), 600.into(), 800.into()],
        "Resources" => dictionary! { "Font" => dictionary! { "F" => font } },
    });
    let kids: Vec<Object> = vec![page.into()];
    pdf.objects.insert(pages, dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => 1 }.into());
    let catalog = pdf.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages });
    pdf.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    pdf.save_to(&mut bytes).expect("saved");
    bytes
}

#[test]
fn a_minus_without_a_letter_is_kept_as_a_sign_that_nobody_knows() {
    use crate::understand::money::{Minus, Style, amounts};
    for letter in ["fffd", "e02d"] {
        let pages = layers(&unmapped(letter), &Limits::default(), &mut Vec::new());
        let line = pages[0].lines.last().expect("lines").text.to_lowercase();
        let seen = amounts(&line, Style::Comma);
        assert!(seen.len() == 1 && seen[0].minus == Minus::Doubtful, "{letter}: {line:?} {seen:?}");
    }
    // Where nothing is said of a letter, the font's own encoding says what it is.
    for letter in ["0000", "00ad"] {
        let pages = layers(&unmapped(letter), &Limits::default(), &mut Vec::new());
        let line = pages[0].lines.last().expect("lines").text.to_lowercase();
        assert_eq!(amounts(&line, Style::Comma)[0].amount.to_decimal(), "-250.00", "{letter}: {line}");
    }
}

#[test]
fn a_picture_printed_from_a_viewer_is_read_as_a_picture() {
    let sound = |side: u32, text: &str| {
        let pages = layers(&pictured(side, text), &Limits::default(), &mut Vec::new());
        layer_is_sound(pages.first().expect("a page"))
    };
    let margins = "7/8/2021 Gallery viewer of pictures 1/1";
    assert!(sound(60, margins), "a logo");
    assert!(!sound(300, margins), "a photo between header and footer");
    let letter = "a letter of some length that says all it has to say beside a picture ".repeat(2);
    assert!(sound(300, &letter), "a picture in a text");
    assert!(!sound(560, &letter), "a scan with a stamp");
}

#[test]
fn bytes_that_are_no_pdf_have_no_layer() {
    let mut told = Vec::new();
    assert!(layers(b"%PDF-1.7 nothing", &Limits::default(), &mut told).is_empty());
    assert_eq!(told.iter().map(|d| d.stage.as_str()).collect::<Vec<_>>(), ["layer"]);
}

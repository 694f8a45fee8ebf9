//! What can be said of a document of which only the text is left: its lines, laid out evenly one under the other.

use super::understand;
use crate::{
    fields::Source,
    limits::Limits,
    reading::{Evidence, Line, PageText, Word},
};

/// The probability that a document is an ID, from its text as it was kept (a form feed between pages). `aspect` is the
/// first page's width over its height.
#[must_use]
pub fn id_probability(text: &str, aspect: f32) -> f32 {
    understand(&evidence(text, aspect), &Limits::default()).id_probability.unwrap_or(1.0)
}

fn evidence(text: &str, aspect: f32) -> Evidence {
    let pages = (1..).zip(text.split('\u{c}')).map(|(number, text)| page(number, text, aspect)).collect();
    Evidence { media_type: "image/jpeg".to_owned(), pages, ..Evidence::default() }
}

fn page(number: u32, text: &str, aspect: f32) -> PageText {
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    let step = 1.0 / (lines.len() as f32 + 2.0);
    let line = |(at, text): (usize, &&str)| line(step * (at as f32 + 1.0), step * 0.6, text);
    PageText {
        number,
        source: Source::Ocr,
        aspect,
        lines: lines.iter().enumerate().map(line).collect(),
        quarter_turns: 0,
        sharpness: None,
    }
}

/// A line at this height, its words side by side.
fn line(top: f32, height: f32, text: &str) -> Line {
    let mut x = 0.1;
    let words = text.split_whitespace().map(|word| {
        let (left, right) = (x, x + 0.012 * word.chars().count() as f32);
        x = right + 0.012;
        Word {
            text: word.to_owned(),
            bbox: [left, top, right, top + height],
            confidence: 0.95,
            doubtful: Vec::new(),
        }
    });
    let words: Vec<Word> = words.collect();
    Line { text: text.to_owned(), bbox: [0.1, top, x, top + height], confidence: 0.95, words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_till_receipt_is_hardly_an_id_and_a_licence_is_one() {
        let receipt = "PANADERIA EL SOL\nCalle Mayor 3, Sevilla\nTel: 954 000 111\nFactura simplificada 00412\n\
            12/03/2024 10:31\n2 BARRA RUSTICA 2,40\n1 CAFE CON LECHE 1,60\nTOTAL 4,00\nEFECTIVO 5,00\nCAMBIO 1,00\n\
            Gracias por su visita";
        let licence = "NORTH RIVER\nDRIVER LICENSE\nDL 4412-88-102\nCLASS C\nDOB 04/12/1990\nEXP 04/12/2031\nLN DOE\n\
            FN JANE\nSEX F\nHGT 5-06\nEYES BRN\nDONOR";
        let (receipt, licence) = (id_probability(receipt, 0.45), id_probability(licence, 1.58));
        assert!(receipt < 0.001 && licence > 0.8, "{receipt} {licence}");
    }

    #[test]
    fn a_zone_for_machines_is_a_real_chance_whatever_stands_around_it() {
        let text = "TOTAL 4,00\nEFECTIVO 5,00\nP<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n\
            L898902C36UTO7408122F1204159ZE184226B<<<<<10";
        assert!(id_probability(text, 0.5) >= 0.5);
    }

    #[test]
    fn no_text_and_strange_text_do_no_harm() {
        for text in ["", "\u{c}\u{c}", "\0\0", &"x".repeat(5_000)] {
            let probability = id_probability(text, 0.7);
            assert!((0.0..=1.0).contains(&probability), "{probability}");
        }
    }
}

//! Invoice, receipt, ID or other: the trained [`super::model`] over [`super::features`].

use super::{
    features::{Seen, features},
    model::{KINDS, Model},
    proofs::vouched::Doubt,
};
use crate::document::Kind;

/// What each kind scored, and why.
#[derive(Debug, Clone)]
pub struct Classified {
    /// The likeliest kind.
    pub kind: Kind,
    /// Its probability.
    pub confidence: f32,
    /// The probability that it is an ID, whatever is likelier.
    pub id_probability: f32,
    /// Sentences for a person.
    pub because: Vec<String>,
    /// What is doubtful of a bill's kind.
    pub doubts: Vec<Doubt>,
}

/// Where [`KINDS`] has the ID.
const ID: usize = 2;
/// How many reasons a person is told.
const TOLD: usize = 4;

/// Weighs what was seen.
#[must_use]
pub fn classify(seen: &Seen<'_>, model: &Model) -> Classified {
    let features = features(seen);
    let probabilities = model.probabilities(features.iter().map(|f| (f.name.as_str(), f.value)));
    let best = probabilities.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(3, |(at, _)| at);
    // What spoke for this kind above the mean of the others.
    let mut spoke: Vec<(f32, &str)> = features
        .iter()
        .map(|f| {
            let weights = model.of(&f.name);
            let own = weights.get(best).copied().unwrap_or_default();
            let others = (weights.iter().sum::<f32>() - own) / 3.0;
            (f.value * (own - others), f.told.as_str())
        })
        .filter(|(weight, _)| *weight > 0.3)
        .collect();
    spoke.sort_by(|a, b| b.0.total_cmp(&a.0));
    Classified {
        kind: KINDS.get(best).copied().unwrap_or(Kind::Other),
        id_probability: probabilities.get(ID).copied().unwrap_or(1.0),
        confidence: probabilities.get(best).copied().unwrap_or_default().min(0.995),
        because: spoke.into_iter().take(TOLD).map(|(_, told)| told.to_owned()).collect(),
        doubts: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        limits::Limits,
        understand::{paper::photo, understand},
    };

    fn kind(aspect: f32, lines: &[&str]) -> (Kind, f32) {
        let understood = understand(&photo(aspect, lines), &Limits::default());
        (understood.kind, understood.confidence)
    }

    #[test]
    fn a_till_receipt_is_one() {
        let lines = [
            "PANADERIA EL SOL",
            "Calle Mayor 3, Sevilla",
            "Tel: 954 000 111",
            "Factura simplificada 00412",
            "12/03/2024 10:31",
            "2 BARRA RUSTICA 2,40",
            "1 CAFE CON LECHE 1,60",
            "TOTAL 4,00",
            "EFECTIVO 5,00",
            "CAMBIO 1,00",
            "Gracias por su visita",
        ];
        let (kind, confidence) = kind(0.45, &lines);
        assert!(kind == Kind::Receipt && confidence > 0.8, "{kind} {confidence}");
    }

    #[test]
    fn an_invoice_is_one() {
        let lines = [
            "Muster Werkzeuge GmbH",
            "Rechnung",
            "Rechnung an: Monte Verde AG",
            "Rechnungsnummer: 2024-0113",
            "Rechnungsdatum: 04.03.2024",
            "Kundennummer: 10442",
            "Pos. Bezeichnung Menge Einzelpreis Gesamtpreis",
            "1 Bohrer 2 12,00 24,00",
            "2 Zange 1 18,00 18,00",
            "Nettobetrag 42,00",
            "MwSt. 19 % 7,98",
            "Rechnungsbetrag 49,98",
            "Zahlbar bis 18.03.2024",
            "IBAN DE02 1203 0000 0000 2020 51",
            "USt-IdNr. DE136695976",
        ];
        let (kind, confidence) = kind(0.71, &lines);
        assert!(kind == Kind::Invoice && confidence > 0.8, "{kind} {confidence}");
    }

    #[test]
    fn a_licence_is_an_id() {
        let lines = [
            "NORTH RIVER",
            "DRIVER LICENSE",
            "DL 4412-88-102",
            "CLASS C",
            "DOB 04/12/1990",
            "EXP 04/12/2031",
            "LN DOE",
            "FN JANE",
            "SEX F",
            "HGT 5-06",
            "EYES BRN",
            "DONOR",
        ];
        let (kind, confidence) = kind(1.58, &lines);
        assert!(kind == Kind::Id && confidence > 0.8, "{kind} {confidence}");
    }

    #[test]
    fn a_menu_and_a_statement_are_none_of_them() {
        let menu = [
            "Menu",
            "Starters",
            "Soup of the day 4.50",
            "Garden salad 5.00",
            "Main courses",
            "Roast chicken 12.00",
            "Grilled trout 14.50",
            "Desserts",
            "Apple pie 4.00",
            "Ice cream 3.50",
        ];
        assert_eq!(kind(0.7, &menu).0, Kind::Other);
        let statement = [
            "North River Bank",
            "Account statement",
            "Statement period 01/03/2024 - 31/03/2024",
            "Account number 0042 1188",
            "Opening balance 1,200.00",
            "03/03 Card payment 45.00 1,155.00",
            "09/03 Transfer 300.00 1,455.00",
            "Total deposits 300.00",
            "Total withdrawals 45.00",
            "Closing balance 1,455.00",
            "Page 1 of 3",
        ];
        let understood = understand(&photo(0.71, &statement), &Limits::default());
        let no_bill = understood.kind == Kind::Other || understood.doubts.contains(&Doubt::NoBill);
        assert!(no_bill && !understood.reasons.is_empty(), "{:?}", understood.because);
    }

    #[test]
    fn nothing_to_read_is_nothing_we_file() {
        assert_eq!(kind(1.3, &[]).0, Kind::Other);
    }
}

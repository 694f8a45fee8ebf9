//! What is checked when a person decides, as the reader checks what it reads: the form of each value ([`typed`]), and
//! whether the values agree with each other and with the rules of those who give them out ([`warnings`]).

mod lists;
mod sum;
mod typed;

use std::fmt;

use time::{Date, macros::format_description};

pub use lists::typed_list;
pub use sum::{Repair, Sum, Term};
pub use typed::{Form, VALUE_CHARS, is_currency, typed};

use crate::{
    document::{Kind, Sha256},
    fields::{FieldName, Fields, Source},
    understand::{
        identity::national,
        mrz,
        tax_ids::schemes::{Scheme, Verdict, judge},
        values::iban,
    },
};

/// Something that speaks against filing what a person said. They may file it all the same, on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Which check: `required`, `date`, `sum`, `tax_id`, `iban`, `id_number`, `mrz`, `currency`, `reader`.
    pub check: &'static str,
    /// At which field, where it is at one.
    pub field: Option<FieldName>,
    /// One plain sentence.
    pub message: String,
    /// What the field says, which the sentence need not; empty where it says nothing or there is none.
    pub value: String,
}

impl Warning {
    fn at(check: &'static str, field: FieldName, message: impl Into<String>) -> Self {
        Self { check, field: Some(field), message: message.into(), value: String::new() }
    }

    /// What it is called by whoever says that it was shown. It is another one once what it is about is said otherwise.
    #[must_use]
    pub fn name(&self) -> String {
        let all = [self.check, self.at_field(), self.value.as_str(), self.message.as_str()];
        Sha256::of(all.join("\n").as_bytes()).to_string()
    }

    fn at_field(&self) -> &'static str {
        self.field.map_or("", FieldName::as_str)
    }
}

/// Which check, and at which field (`sum total`), as a trail names it.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str([self.check, self.at_field()].join(" ").trim_end())
    }
}

/// Everything that speaks against filing a document of this kind with these fields. `text` is what was read of it.
#[must_use]
pub fn warnings(kind: Kind, fields: &Fields, text: &str, today: Date) -> Vec<Warning> {
    let mut found = Vec::new();
    for name in FieldName::required(kind).iter().filter(|name| !fields.contains_key(name)) {
        let what = name.as_str().replace('_', " ");
        found.push(Warning::at("required", *name, format!("There is no {what}.")));
    }
    dates(fields, today, &mut found);
    found.extend(Sum::failing(fields).map(|sum| Warning::at("sum", FieldName::Total, sum.to_string())));
    found.extend(lists::warnings(fields));
    found.extend(tax_ids(fields));
    found.extend(account(fields));
    if let Some(currency) = fields.get(&FieldName::Currency).filter(|c| !is_currency(&c.value)) {
        let message = format!("{} is no currency of ISO 4217.", currency.value);
        found.push(Warning::at("currency", FieldName::Currency, message));
    }
    if kind == Kind::Id {
        identity(fields, text, &mut found);
    }
    for warning in &mut found {
        let field = warning.field.and_then(|name| fields.get(&name));
        warning.value = field.map(|field| field.value.to_string()).unwrap_or_default();
    }
    found
}

fn day(fields: &Fields, name: FieldName) -> Option<Date> {
    Date::parse(&fields.get(&name)?.value, format_description!("[year]-[month]-[day]")).ok()
}

/// Years after which a bill is taken for a slip of the pen.
const OLD_BILL: i32 = 15;
/// Longest life, and longest validity of a card, in years.
const LONG_LIFE: i32 = 125;
const LONG_CARD: i32 = 50;

fn dates(fields: &Fields, today: Date, found: &mut Vec<Warning>) {
    use FieldName::{BirthDate, DueDate, ExpiryDate, IssueDate};
    // A day of grace: somewhere it is tomorrow already.
    let latest = today.next_day().unwrap_or(today);
    for name in [IssueDate, FieldName::Date] {
        let Some(date) = day(fields, name) else { continue };
        if date > latest {
            found.push(Warning::at("date", name, format!("{date} is in the future.")));
        } else if date.year() < today.year() - OLD_BILL {
            found.push(Warning::at("date", name, format!("{date} is more than {OLD_BILL} years ago.")));
        }
    }
    if let Some(due) = day(fields, DueDate) {
        if day(fields, IssueDate).is_some_and(|issued| due < issued) {
            found.push(Warning::at("date", DueDate, "It is due before it was issued."));
        } else if due.year() > today.year() + 5 {
            found.push(Warning::at("date", DueDate, format!("{due} is years ahead.")));
        }
    }
    if let Some(born) = day(fields, BirthDate)
        && (born > latest || born.year() < today.year() - LONG_LIFE)
    {
        found.push(Warning::at("date", BirthDate, format!("Nobody alive was born on {born}.")));
    }
    match day(fields, ExpiryDate) {
        Some(end) if end < today => {
            found.push(Warning::at("date", ExpiryDate, format!("It expired on {end}.")));
        }
        Some(end) if end.year() > today.year() + LONG_CARD => {
            found.push(Warning::at("date", ExpiryDate, format!("{end} is too far ahead.")));
        }
        _ => {}
    }
}

/// Schemes whose form and check digit say enough without a label.
const CHECKED: &[Scheme] = &[
    Scheme::Cnpj,
    Scheme::Cpf,
    Scheme::Cuit,
    Scheme::Nit,
    Scheme::Ruc,
    Scheme::Rut,
    Scheme::Rfc,
    Scheme::Nif,
    Scheme::PartitaIva,
    Scheme::Siret,
    Scheme::Gstin,
    Scheme::Abn,
];

/// Ids that a person typed. Those that were read were judged by their labels, which say whose they are.
fn tax_ids(fields: &Fields) -> Vec<Warning> {
    let typed = fields
        .iter()
        .filter(|(name, field)| name.as_str().ends_with("tax_id") && field.source == Source::Reviewer);
    typed
        .filter(|(_, field)| is_wrong(&field.value))
        .map(|(name, field)| {
            let message = format!(
                "The check digit of {} is wrong in every country whose ids look like it.",
                field.value
            );
            Warning::at("tax_id", *name, message)
        })
        .collect()
}

/// An account that a person typed, where it begins as an IBAN does: nobody is paid to a slip of the pen.
fn account(fields: &Fields) -> Option<Warning> {
    let typed = fields.get(&FieldName::Iban).filter(|field| field.source == Source::Reviewer)?;
    let is_lettered = typed.value.chars().take(2).filter(char::is_ascii_alphabetic).count() == 2;
    let is_wrong = is_lettered && iban::checked(&typed.value).is_none();
    let message = format!("The check digits of the account {} are wrong.", typed.value);
    is_wrong.then(|| Warning::at("iban", FieldName::Iban, message))
}

fn is_wrong(value: &str) -> bool {
    let squeezed: String =
        value.chars().filter(|c| c.is_alphanumeric() || *c == '&').flat_map(char::to_uppercase).collect();
    let lettered = squeezed.chars().take(2).filter(char::is_ascii_uppercase).count() == 2;
    let vat = lettered.then_some(Scheme::Vat);
    let verdicts: Vec<Verdict> = CHECKED.iter().copied().chain(vat).map(|s| judge(s, &squeezed)).collect();
    !verdicts.iter().any(|v| matches!(v, Verdict::Right | Verdict::Unknown))
        && verdicts.contains(&Verdict::Wrong)
}

fn identity(fields: &Fields, text: &str, found: &mut Vec<Warning>) {
    if let Some((rule, number)) = national::checked(&mut fields.clone()) {
        let message = format!("{number} breaks {rule}.");
        found.push(Warning::at("id_number", FieldName::DocumentNumber, message));
    }
    let Some(zone) = zone(text) else { return };
    let plain =
        |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase();
    let said = [
        (FieldName::DocumentNumber, Some(zone.number.clone())),
        (FieldName::BirthDate, zone.birth_date.clone()),
        (FieldName::ExpiryDate, zone.expiry_date.clone()),
    ];
    for (name, zone) in said {
        // What was read was weighed against the zone; here it is about what a person says.
        let Some(field) = fields.get(&name).filter(|f| f.source == Source::Reviewer) else { continue };
        if let Some(zone) = zone.filter(|z| plain(z) != plain(&field.value)) {
            let message = format!("The machine readable zone, whose check digits agree, says {zone}.");
            found.push(Warning::at("mrz", name, message));
        }
    }
}

/// The first zone in a text whose check digits agree.
fn zone(text: &str) -> Option<mrz::Mrz> {
    let squeezed: Vec<String> = text
        .lines()
        .map(|line| line.chars().filter(|c| !c.is_whitespace()).collect::<String>())
        .filter(|line| {
            matches!(line.len(), 30 | 36 | 44) && line.bytes().all(|b| b == b'<' || b.is_ascii_alphanumeric())
        })
        .collect();
    let lines: Vec<&str> = squeezed.iter().map(String::as_str).collect();
    (0..lines.len())
        .find_map(|at| [3, 2].iter().find_map(|count| lines.get(at..at + count).and_then(mrz::parse_lines)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Field;
    use time::macros::date;

    const TODAY: Date = date!(2026 - 06 - 01);

    #[test]
    fn a_warning_is_another_one_once_its_field_says_something_else() {
        let due = |value: &str| Warning {
            value: value.to_owned(),
            ..Warning::at("date", FieldName::DueDate, "It is due before it was issued.")
        };
        assert_eq!(due("2020-01-01").name(), due("2020-01-01").name());
        assert_ne!(due("2020-01-01").name(), due("2019-01-01").name());
        assert_eq!(due("2020-01-01").to_string(), "date due_date");
        assert_eq!(Warning { field: None, ..due("") }.to_string(), "date");
    }

    fn fields(source: Source, values: &[(FieldName, &str)]) -> Fields {
        let field = |value: &str| Field::unplaced(value, 1.0, source);
        values.iter().map(|(name, value)| (*name, field(value))).collect()
    }

    fn of(kind: Kind, values: &[(FieldName, &str)]) -> Vec<&'static str> {
        warnings(kind, &fields(Source::Reviewer, values), "", TODAY).iter().map(|w| w.check).collect()
    }

    const RECEIPT: [(FieldName, &str); 4] = [
        (FieldName::MerchantName, "Mercado"),
        (FieldName::Date, "2026-05-30"),
        (FieldName::Total, "12.10"),
        (FieldName::Currency, "EUR"),
    ];

    fn receipt(more: &[(FieldName, &str)]) -> Vec<&'static str> {
        of(Kind::Receipt, &RECEIPT.iter().chain(more).copied().collect::<Vec<_>>())
    }

    #[test]
    fn an_account_is_typed_as_its_check_digits_have_it() {
        let paid_to = |account, source| {
            let bill = fields(source, &[(FieldName::Iban, account)]);
            let found = warnings(Kind::Invoice, &bill, "", TODAY);
            found.into_iter().filter(|warning| warning.field == Some(FieldName::Iban)).count()
        };
        assert_eq!(paid_to("ES91 2100 0418 4502 0005 1332", Source::Reviewer), 0);
        assert_eq!(paid_to("ES91 2100 0418 4502 0005 1323", Source::Reviewer), 1);
        assert_eq!(paid_to("ES91 2100 0418", Source::Reviewer), 1);
        assert_eq!(
            paid_to("ES91 2100 0418 4502 0005 1323", Source::Ocr),
            0,
            "the reader judges what it reads"
        );
        assert_eq!(paid_to("032180000118359719", Source::Reviewer), 0, "some countries have none");
    }

    #[test]
    fn what_is_sound_is_filed_without_a_word() {
        assert_eq!(receipt(&[]), [""; 0]);
        assert_eq!(receipt(&[(FieldName::Subtotal, "10.00"), (FieldName::Tax, "2.10")]), [""; 0]);
        assert_eq!(
            receipt(&[(FieldName::Subtotal, "12.10"), (FieldName::Tax, "2.10")]),
            [""; 0],
            "tax is in it"
        );
    }

    #[test]
    fn what_was_filed_without_a_word_is_warned_of() {
        assert_eq!(of(Kind::Receipt, &[RECEIPT[0], RECEIPT[1], RECEIPT[3]]), ["required"]);
        assert_eq!(receipt(&[(FieldName::Date, "2099-01-01")]), ["date"]);
        assert_eq!(receipt(&[(FieldName::Currency, "ZZZ")]), ["currency"]);
        assert_eq!(
            receipt(&[
                (FieldName::Subtotal, "10.00"),
                (FieldName::Tax, "2.10"),
                (FieldName::Total, "99999.99")
            ]),
            ["sum"]
        );
    }

    #[test]
    fn tax_ids_by_their_check_digits() {
        for good in [
            "B12345674",
            "900.123.456-8",
            "11.222.333/0001-81",
            "529.982.247-25",
            "76.086.428-5",
            "DE136695976",
        ] {
            assert_eq!(receipt(&[(FieldName::MerchantTaxId, good)]), [""; 0], "{good}");
        }
        for bad in ["B12345675", "900.123.456-1", "11.222.333/0001-82", "529.982.247-26", "DE136695975"] {
            assert_eq!(receipt(&[(FieldName::MerchantTaxId, bad)]), ["tax_id"], "{bad}");
        }
        // Nobody we know has ids of this form, so nobody says that it is wrong.
        assert_eq!(receipt(&[(FieldName::MerchantTaxId, "X-77")]), [""; 0]);
    }

    #[test]
    fn a_card_is_held_against_its_zone() {
        let text =
            "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10\n";
        let card = [
            (FieldName::DocumentType, "passport"),
            (FieldName::DocumentNumber, "L898902C4"),
            (FieldName::Surname, "Eriksson"),
            (FieldName::BirthDate, "1974-08-12"),
        ];
        let found = warnings(Kind::Id, &fields(Source::Reviewer, &card), text, TODAY);
        assert_eq!(
            found.iter().map(|w| (w.check, w.field)).collect::<Vec<_>>(),
            [("mrz", Some(FieldName::DocumentNumber))]
        );
    }
}

//! What a sender is told, in Spanish, English or Portuguese.
//!
//! Pure: an outcome goes in, a short text comes out. It repeats what was read, so that the sender can see a wrong
//! amount; of an ID it repeats nothing. What was read is a stranger's text: it is cut, and stripped of everything
//! but plain characters.

use time::{Date, Month, macros::format_description};

use crate::{
    document::{Kind, words},
    fields::{FieldName, Fields},
    reason::{Reason, ReasonCode},
};

words! {
    /// A language we write.
    Language, "language" {
        /// Spanish.
        Es = "es",
        /// English.
        En = "en",
        /// Portuguese.
        Pt = "pt",
    }
}

impl Language {
    /// The language to write in: the contact's own where known, else that of their number's country, else the
    /// document's, else Spanish.
    #[must_use]
    pub fn choose(contact: Option<&str>, phone: Option<&str>, document: Option<&str>) -> Self {
        contact
            .and_then(Self::of_tag)
            .or_else(|| phone.and_then(Self::of_phone))
            .or_else(|| document.and_then(Self::of_tag))
            .unwrap_or(Self::Es)
    }

    /// The language of a tag such as `pt-BR` or `es`.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        tag.split(['-', '_']).next()?.to_ascii_lowercase().parse().ok()
    }

    /// The language most spoken where a number is from (ITU-T E.164 country codes); digits only.
    #[must_use]
    pub fn of_phone(digits: &str) -> Option<Self> {
        const PORTUGUESE: &[&str] = &["55", "351", "244", "258", "238", "245", "239"];
        const ENGLISH: &[&str] = &["1", "44", "353", "61", "64", "27"];
        const SPANISH: &[&str] = &[
            "34", "52", "54", "56", "57", "58", "51", "53", "502", "503", "504", "505", "506", "507", "591",
            "593", "595", "598", "1787", "1939", "1809", "1829", "1849", "240",
        ];
        let starts = |codes: &[&str]| codes.iter().any(|code| digits.starts_with(code));
        if starts(PORTUGUESE) {
            Some(Self::Pt)
        } else if starts(SPANISH) {
            Some(Self::Es)
        } else if starts(ENGLISH) {
            Some(Self::En)
        } else {
            None
        }
    }

    fn pick<'a>(self, es: &'a str, en: &'a str, pt: &'a str) -> &'a str {
        match self {
            Self::Es => es,
            Self::En => en,
            Self::Pt => pt,
        }
    }
}

/// What became of a document, as its sender is told.
#[derive(Debug, Clone, Copy)]
pub enum Telling<'a> {
    /// It is filed.
    Filed {
        /// What it is.
        kind: Kind,
        /// What was read.
        fields: &'a Fields,
    },
    /// A person will look at it.
    InReview,
    /// It is of no use as it is: please send another.
    SendAgain(ReasonCode),
    /// Next to no text was found on it: no document, or one that is too blurred or too far away. A person looks.
    NoText,
    /// The very same file came before.
    Duplicate {
        /// When the first came.
        first_on: Date,
    },
    /// A person asks for another, in their own words or in the sentence of the reason.
    Asked {
        /// Why.
        code: ReasonCode,
        /// What the person wrote; empty for the sentence.
        words: &'a str,
    },
    /// The very same file came again, though another was asked for.
    SameAgain,
    /// A person refused it.
    Rejected,
    /// Its content is withheld from us (a photo to be viewed once).
    SendNormally,
    /// They send very much at once.
    ManyFiles,
}

impl Telling<'_> {
    /// What the reasons of a review mean for the sender: whether another file would help, or a person looks.
    #[must_use]
    pub fn of_reasons(reasons: &[Reason]) -> Telling<'static> {
        match reasons.first() {
            Some(reason) if can_be_mended_by_sender(reason.code) => Telling::SendAgain(reason.code),
            Some(reason)
                if reason.code == ReasonCode::NotADocument && reason.detail.contains_key(LETTERS) =>
            {
                Telling::NoText
            }
            _ => Telling::InReview,
        }
    }

    /// The text.
    #[must_use]
    pub fn text(self, language: Language) -> String {
        match self {
            Self::Filed { kind, fields } => filed(kind, fields, language),
            Self::InReview => language
                .pick(
                    "Recibimos tu documento. Una persona lo va a revisar y no hace falta que lo envíes de nuevo.",
                    "We received your document. A person will look at it; there is no need to send it again.",
                    "Recebemos o seu documento. Uma pessoa vai analisá-lo e não é preciso enviá-lo de novo.",
                )
                .to_owned(),
            Self::SendAgain(code) => send_again(code, language),
            Self::NoText => language
                .pick(
                    "No encontramos texto que leer en tu foto. Si es un documento, tómala de nuevo de cerca y con buena luz, por favor. Una persona también la va a revisar.",
                    "We found no text to read in your picture. If it is a document, please take it again from close by, in good light. A person will look at it, too.",
                    "Não encontramos texto para ler na sua foto. Se for um documento, tire-a de novo de perto e com boa luz, por favor. Uma pessoa também vai analisá-la.",
                )
                .to_owned(),
            Self::Duplicate { first_on } => {
                let date = date_in_words(first_on, language);
                match language {
                    Language::Es => format!("Este archivo es igual al que nos enviaste el {date}. Ya lo tenemos."),
                    Language::En => format!("This file is the same as the one you sent on {date}. We already have it."),
                    Language::Pt => format!("Este arquivo é igual ao que você enviou em {date}. Já o temos."),
                }
            }
            Self::Asked { code, words } => asked(code, words, language),
            Self::SameAgain => language
                .pick(
                    "Este archivo es el mismo que ya nos enviaste. Necesitamos otro: envía una foto nueva o el archivo corregido, por favor.",
                    "This is the same file as before. We need another one: please send a new picture or the corrected file.",
                    "Este arquivo é o mesmo que já nos enviou. Precisamos de outro: envie uma foto nova ou o arquivo corrigido, por favor.",
                )
                .to_owned(),
            Self::SendNormally => language
                .pick(
                    "WhatsApp no nos dejó ver lo que enviaste. Si es un documento, envíalo como foto normal (no «ver una vez») o como PDF, por favor.",
                    "WhatsApp did not let us see what you sent. If it is a document, please send it as a normal photo (not \"view once\") or as a PDF.",
                    "O WhatsApp não nos deixou ver o que você enviou. Se for um documento, envie-o como foto normal (não «visualização única») ou como PDF, por favor.",
                )
                .to_owned(),
            Self::ManyFiles => language
                .pick(
                    "Recibimos muchos archivos tuyos. Los guardamos todos y los iremos leyendo poco a poco: no hace falta que los envíes de nuevo.",
                    "We received many files from you. We keep them all and will read them little by little; there is no need to send them again.",
                    "Recebemos muitos arquivos seus. Guardamos todos e vamos lê-los aos poucos: não é preciso enviá-los de novo.",
                )
                .to_owned(),
            Self::Rejected => language
                .pick(
                    "Revisamos tu documento y no podemos aceptarlo. Si crees que es un error, escríbenos.",
                    "We looked at your document and cannot accept it. If you think this is a mistake, write to us.",
                    "Analisamos o seu documento e não podemos aceitá-lo. Se acha que é um engano, escreva-nos.",
                )
                .to_owned(),
        }
    }
}

/// One sentence a reason and language: what a person asks for when they write no words of their own.
static ASKS: &str = include_str!("asks.tsv");

/// What is asked for, truly: the sentence of the reason, or the reviewer's words as they stand.
fn asked(code: ReasonCode, words: &str, language: Language) -> String {
    let words = words.trim();
    if words.is_empty() {
        return sentence(code, language).unwrap_or_default().to_owned();
    }
    let head = language.pick(
        "Sobre el documento que nos enviaste",
        "About the document that you sent",
        "Sobre o documento que você enviou",
    );
    let tail =
        language.pick("Envíalo de nuevo, por favor.", "Please send it again.", "Envie-o de novo, por favor.");
    let stop = if words.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{head}: {words}{stop} {tail}")
}

fn sentence(code: ReasonCode, language: Language) -> Option<&'static str> {
    ASKS.lines().find_map(|line| {
        let mut cells = line.splitn(3, '\t');
        let here = cells.next() == Some(code.as_str()) && cells.next() == Some(language.as_str());
        cells.next().filter(|_| here)
    })
}

/// What `not_a_document` tells of a picture with hardly a letter: how many there are.
pub const LETTERS: &str = "letters";

/// Whether the sender can mend it by sending another file.
fn can_be_mended_by_sender(code: ReasonCode) -> bool {
    use ReasonCode::{Corrupt, Encrypted, MediaUnavailable, TooLarge, Unreadable, UnsupportedType};
    matches!(code, Corrupt | Encrypted | MediaUnavailable | TooLarge | Unreadable | UnsupportedType)
}

fn send_again(code: ReasonCode, language: Language) -> String {
    let why = match code {
        ReasonCode::Encrypted => language.pick(
            "Tu documento está protegido con contraseña y no lo podemos abrir. Envíalo sin contraseña, por favor.",
            "Your document is protected by a password and we cannot open it. Please send it without one.",
            "O seu documento está protegido por senha e não conseguimos abri-lo. Envie-o sem senha, por favor.",
        ),
        ReasonCode::Unreadable => language.pick(
            "Tu foto no se lee bien. Tómala de nuevo con buena luz, sin moverte y con el documento completo, por favor.",
            "Your picture is hard to read. Please take it again in good light, holding still, with the whole document in it.",
            "A sua foto não está legível. Tire-a de novo com boa luz, sem tremer e com o documento inteiro, por favor.",
        ),
        ReasonCode::MediaUnavailable => language.pick(
            "Tu archivo no nos llegó completo. Envíalo de nuevo, por favor.",
            "Your file did not reach us. Please send it again.",
            "O seu arquivo não chegou até nós. Envie-o de novo, por favor.",
        ),
        ReasonCode::TooLarge => language.pick(
            "Tu archivo es demasiado grande. Envía una foto o un PDF más pequeño, por favor.",
            "Your file is too large. Please send a picture or a smaller PDF.",
            "O seu arquivo é grande demais. Envie uma foto ou um PDF menor, por favor.",
        ),
        ReasonCode::UnsupportedType => language.pick(
            "No podemos leer ese tipo de archivo. Envía una foto o un PDF, por favor.",
            "We cannot read that type of file. Please send a picture or a PDF.",
            "Não conseguimos ler esse tipo de arquivo. Envie uma foto ou um PDF, por favor.",
        ),
        _ => language.pick(
            "Tu archivo está dañado y no se puede abrir. Envíalo de nuevo, por favor.",
            "Your file is damaged and cannot be opened. Please send it again.",
            "O seu arquivo está danificado e não pode ser aberto. Envie-o de novo, por favor.",
        ),
    };
    why.to_owned()
}

fn filed(kind: Kind, fields: &Fields, language: Language) -> String {
    let head = match kind {
        Kind::Invoice => {
            language.pick("Archivamos tu factura", "Your invoice is filed", "Arquivamos a sua fatura")
        }
        Kind::Receipt => {
            language.pick("Archivamos tu recibo", "Your receipt is filed", "Arquivamos o seu recibo")
        }
        Kind::Id => language.pick(
            "Archivamos tu documento de identidad",
            "Your identity document is filed",
            "Arquivamos o seu documento de identidade",
        ),
        Kind::Other => {
            language.pick("Archivamos tu documento", "Your document is filed", "Arquivamos o seu documento")
        }
    };
    let read = if kind == Kind::Id { Vec::new() } else { particulars(fields, language) };
    if read.is_empty() { format!("{head}.") } else { format!("{head}: {}.", read.join(", ")) }
}

/// Issuer, number, date and total, as far as they were read.
fn particulars(fields: &Fields, language: Language) -> Vec<String> {
    use FieldName::{Currency, Date, IssueDate, IssuerName, MerchantName, Number, Total};
    let first =
        |names: &[FieldName]| names.iter().find_map(|name| fields.get(name)).map(|f| f.value.as_str());
    let mut parts = Vec::new();
    if let Some(name) = first(&[IssuerName, MerchantName]) {
        parts.push(plain(name));
    }
    if let Some(number) = first(&[Number]) {
        parts.push(format!("{} {}", language.pick("n.º", "no.", "n.º"), plain(number)));
    }
    if let Some(date) = first(&[IssueDate, Date]) {
        let parsed = time::Date::parse(date, format_description!("[year]-[month]-[day]"));
        parts.push(parsed.map_or_else(|_| plain(date), |date| date_in_words(date, language)));
    }
    if let Some(total) = first(&[Total]) {
        let amount = match (language, total.matches('.').count()) {
            (Language::Es | Language::Pt, 1) => total.replace('.', ","),
            _ => total.to_owned(),
        };
        let currency = first(&[Currency]).unwrap_or_default();
        parts.push(plain(&format!("total {amount} {currency}")));
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Longest value repeated to a sender, characters.
const VALUE_CHARS: usize = 60;

/// A stranger's text, fit for a message: one line, no control or formatting characters, no link, not long.
fn plain(value: &str) -> String {
    let kept: String = value
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| c.is_alphanumeric() || " .,-&'ºª€$/()#+°".contains(*c))
        .take(VALUE_CHARS)
        .collect();
    let single: Vec<&str> = kept
        .split(' ')
        .filter(|word| !word.is_empty() && !word.contains("//") && !word.starts_with("www."))
        .collect();
    single.join(" ")
}

fn date_in_words(date: Date, language: Language) -> String {
    let month = month_name(date.month(), language);
    let (day, year) = (date.day(), date.year());
    match language {
        Language::En => format!("{day} {month} {year}"),
        Language::Es | Language::Pt => format!("{day} de {month} de {year}"),
    }
}

fn month_name(month: Month, language: Language) -> &'static str {
    let (es, en, pt) = match month {
        Month::January => ("enero", "January", "janeiro"),
        Month::February => ("febrero", "February", "fevereiro"),
        Month::March => ("marzo", "March", "março"),
        Month::April => ("abril", "April", "abril"),
        Month::May => ("mayo", "May", "maio"),
        Month::June => ("junio", "June", "junho"),
        Month::July => ("julio", "July", "julho"),
        Month::August => ("agosto", "August", "agosto"),
        Month::September => ("septiembre", "September", "setembro"),
        Month::October => ("octubre", "October", "outubro"),
        Month::November => ("noviembre", "November", "novembro"),
        Month::December => ("diciembre", "December", "dezembro"),
    };
    language.pick(es, en, pt)
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::fields::{Field, Source};

    fn fields(values: &[(FieldName, &str)]) -> Fields {
        let field = |value: &str| Field {
            value: value.into(),
            confidence: 1.0,
            page: None,
            bbox: None,
            source: Source::Ocr,
        };
        values.iter().map(|(name, value)| (*name, field(value))).collect()
    }

    fn receipt() -> Fields {
        use FieldName::{Currency, Date, MerchantName, Total};
        fields(&[
            (MerchantName, "Panadería Núñez"),
            (Date, "2026-05-03"),
            (Total, "45.00"),
            (Currency, "EUR"),
        ])
    }

    #[test]
    fn a_filed_receipt_says_what_was_read() {
        let fields = receipt();
        let told = |language| Telling::Filed { kind: Kind::Receipt, fields: &fields }.text(language);
        assert_eq!(
            told(Language::Es),
            "Archivamos tu recibo: Panadería Núñez, 3 de mayo de 2026, total 45,00 EUR."
        );
        assert_eq!(
            told(Language::En),
            "Your receipt is filed: Panadería Núñez, 3 May 2026, total 45.00 EUR."
        );
        assert_eq!(
            told(Language::Pt),
            "Arquivamos o seu recibo: Panadería Núñez, 3 de maio de 2026, total 45,00 EUR."
        );
    }

    #[test]
    fn every_reason_has_a_true_sentence_in_every_language() {
        for code in ReasonCode::ALL {
            for language in Language::ALL {
                assert!(sentence(*code, *language).is_some_and(|s| s.len() > 20), "{code} {language}");
            }
        }
        let expired = Telling::Asked { code: ReasonCode::Expired, words: "" }.text(Language::Es);
        assert!(expired.contains("vencido") && !expired.contains("dañado"), "{expired}");
        let own = Telling::Asked { code: ReasonCode::Expired, words: "falta el reverso" }.text(Language::Es);
        assert!(own.contains("falta el reverso.") && own.contains("Envíalo de nuevo"), "{own}");
    }

    #[test]
    fn of_an_id_nothing_is_repeated() {
        let fields = fields(&[(FieldName::DocumentNumber, "12345678Z"), (FieldName::Surname, "NÚÑEZ")]);
        for language in Language::ALL {
            let told = Telling::Filed { kind: Kind::Id, fields: &fields }.text(*language);
            assert!(!told.contains("12345678Z") && !told.contains("NÚÑEZ"), "{told}");
        }
    }

    #[test]
    fn a_strangers_text_is_made_plain() {
        let fields = fields(&[
            (FieldName::MerchantName, "*Bar*\n\u{202e}https://evil.example/x www.evil.example Ñandú & Co."),
            (FieldName::Total, "1.234.50"),
            (FieldName::Date, "soon"),
        ]);
        let told = Telling::Filed { kind: Kind::Receipt, fields: &fields }.text(Language::Es);
        assert_eq!(told, "Archivamos tu recibo: Bar Ñandú & Co., soon, total 1.234.50.");
        assert!(plain(&"x".repeat(500)).len() == VALUE_CHARS);
    }

    #[test]
    fn the_sender_is_asked_again_only_when_that_helps() {
        let told = |code| Telling::of_reasons(&[Reason::new(code, "x")]).text(Language::Es);
        assert!(told(ReasonCode::Encrypted).contains("contraseña"));
        assert!(told(ReasonCode::MediaUnavailable).contains("de nuevo"));
        assert!(told(ReasonCode::UnknownCustomer).contains("Una persona"));
        assert!(told(ReasonCode::NotADocument).contains("Una persona"));
        let blank = Reason::new(ReasonCode::NotADocument, "x").with(LETTERS, 3);
        assert!(Telling::of_reasons(&[blank]).text(Language::Es).contains("de cerca"));
        assert!(told(ReasonCode::Malware).contains("Una persona"), "an attacker learns nothing");
        assert!(Telling::of_reasons(&[]).text(Language::En).contains("A person"));
    }

    #[test]
    fn a_duplicate_names_the_day_of_the_first() {
        let told = |language| Telling::Duplicate { first_on: date!(2026 - 09 - 01) }.text(language);
        assert!(told(Language::Es).contains("1 de septiembre de 2026"));
        assert!(told(Language::En).contains("1 September 2026"));
        assert!(told(Language::Pt).contains("1 de setembro de 2026"));
    }

    #[test]
    fn the_language_is_the_contacts_then_the_numbers_then_the_documents() {
        let choose = Language::choose;
        assert_eq!(choose(Some("pt-BR"), Some("34600"), Some("en")), Language::Pt);
        assert_eq!(choose(Some("de"), Some("5511"), Some("en")), Language::Pt);
        assert_eq!(choose(None, Some("1787555"), None), Language::Es);
        assert_eq!(choose(None, Some("15550190002"), None), Language::En);
        assert_eq!(choose(None, Some("49170"), Some("en")), Language::En);
        assert_eq!(choose(None, None, Some("de")), Language::Es);
    }

    #[test]
    fn every_text_fits_a_message_in_every_language() {
        for language in Language::ALL {
            for code in ReasonCode::ALL {
                let text = Telling::of_reasons(&[Reason::new(*code, "x")]).text(*language);
                assert!((20..400).contains(&text.chars().count()), "{text}");
            }
        }
    }
}

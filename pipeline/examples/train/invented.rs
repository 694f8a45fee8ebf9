//! Papers that look like bills and are none, and papers the drawn set has no layout for: lines of invented text on an
//! invented page, for the classifier alone.

use acuse_pipeline::{
    fields::Source,
    reading::{Evidence, Line, PageText, Word},
};

/// A seeded stream of numbers (splitmix64): the same seed, the same papers.
pub struct Dice(pub u64);

impl Dice {
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.draw() % n.max(1) as u64) as usize
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

/// Lines of one paper: `*` before a line repeats it 3 to 14 times, `#` sets it large, and of `a|b` one is taken.
/// `@n` a name, `@c` a company, `@d` a date, `@a` an amount, `@i` a number, `@w` an article, `@s` a sentence.
struct Paper {
    label: usize,
    aspects: &'static [f32],
    pdf: usize,
    lines: &'static [&'static str],
}

const PAGE: &[f32] = &[0.71, 0.77, 0.75, 1.33];
const CARD: &[f32] = &[1.58, 1.5, 1.33, 0.75];
const SLIP: &[f32] = &[0.35, 0.45, 0.55, 0.7];
const SCREEN: &[f32] = &[0.46, 0.56, 1.6, 1.78];
const INVOICE: usize = 0;
const RECEIPT: usize = 1;
const ID: usize = 2;
const OTHER: usize = 3;

#[rustfmt::skip]
const PAPERS: &[Paper] = &[
    // Bank statements.
    Paper { label: OTHER, aspects: PAGE, pdf: 50, lines: &["#@c", "Account statement|Statement of account|Bank statement", "@n", "Account number @i", "Statement period @d - @d", "Opening balance|Beginning balance @a", "Date Description Debit Credit Balance", "*@d Card payment @w @a @a", "*@d Transfer @n @a @a", "Total deposits @a", "Total withdrawals @a", "Closing balance|Ending balance @a", "Page 1 of @i", "Call us at @i"] },
    Paper { label: OTHER, aspects: PAGE, pdf: 50, lines: &["#@c", "Estado de cuenta|Extracto bancario|Extracto de cuenta", "Titular: @n", "Cuenta @i", "Periodo del @d al @d", "Saldo anterior|Saldo inicial @a", "Fecha Concepto Cargo Abono Saldo", "*@d Compra tarjeta @w @a @a", "*@d Transferencia @n @a @a", "Total depósitos @a", "Total retiros @a", "Saldo final @a"] },
    Paper { label: OTHER, aspects: PAGE, pdf: 50, lines: &["#@c", "Kontoauszug", "@n", "IBAN DE@i BIC @i", "Anfangssaldo|Alter Kontostand @a", "Datum Verwendungszweck Betrag", "*@d Kartenzahlung @w -@a", "*@d Überweisung @n @a", "Endsaldo|Neuer Kontostand @a"] },
    Paper { label: OTHER, aspects: PAGE, pdf: 50, lines: &["#@c", "Extrato bancário|Extrato de conta|Relevé de compte", "@n", "Conta|Compte @i", "Saldo anterior|Solde initial @a", "Data|Date Descrição|Libellé Débito Crédito Saldo|Solde", "*@d @w @a @a", "Saldo final|Solde final @a"] },
    // Quotations, orders, delivery notes: they have prices, a number and a total.
    Paper { label: OTHER, aspects: PAGE, pdf: 60, lines: &["#@c", "#Quotation|Quote|Estimate", "Quote no. @i", "Date @d", "Valid until @d", "Prepared for|To @n", "Description Quantity Unit price Amount", "*@w @i @a @a", "Subtotal @a", "Tax @a", "Total @a", "This quotation is valid for 30 days|Estimate only, not an invoice"] },
    Paper { label: OTHER, aspects: PAGE, pdf: 60, lines: &["#@c", "#Presupuesto|Cotización|Orçamento|Proforma", "Número @i", "Fecha|Data @d", "Cliente @n", "Válido hasta|Válido até @d", "Descripción Cantidad Precio Importe", "*@w @i @a @a", "Subtotal @a", "IVA 21% @a", "Total @a"] },
    Paper { label: OTHER, aspects: PAGE, pdf: 60, lines: &["#@c", "#Angebot|Kostenvoranschlag|Devis|Preventivo", "Angebotsnummer|Devis n° @i", "Datum|Date @d", "@n", "Pos. Bezeichnung Menge Einzelpreis Gesamt", "*@i @w @i @a @a", "Netto|Total HT @a", "MwSt.|TVA @a", "Gesamtbetrag|Total TTC @a", "Gültig bis|Valable jusqu'au @d"] },
    Paper { label: OTHER, aspects: PAGE, pdf: 60, lines: &["#@c", "#Delivery note|Packing slip|Delivery order", "Order no. @i", "Date @d", "Ship to @n", "Item Description Quantity", "*@i @w @i", "Received in good condition", "Signature"] },
    Paper { label: OTHER, aspects: PAGE, pdf: 60, lines: &["#@c", "#Albarán|Remisión|Guía de remisión|Guia de remessa|Lieferschein|Bon de livraison", "N° @i", "Fecha|Datum|Data @d", "Cliente|Kunde|Client @n", "Artículo Cantidad|Artikel Menge|Article Quantité", "*@w @i", "Recibí conforme|Firma|Unterschrift"] },
    // Payslips.
    Paper { label: OTHER, aspects: PAGE, pdf: 50, lines: &["#@c", "Earnings statement|Pay slip|Payslip|Pay stub", "Employee @n", "Pay period @d - @d", "Pay date @d", "Earnings Rate Hours This period Year to date", "*Regular @a @a @a @a", "Gross pay @a", "Deductions Federal income tax @a", "Social security tax @a", "Net pay @a"] },
    Paper { label: OTHER, aspects: PAGE, pdf: 50, lines: &["#@c", "Recibo de nómina|Recibo de salarios|Recibo de vencimento|Holerite", "Trabajador|Empleado|Funcionário @n", "Periodo @d - @d", "Devengos|Percepciones|Vencimentos @a", "*@w @a", "Deducciones|Descontos @a", "Seguridad social|INSS @a", "Líquido a percibir|Neto a pagar|Valor líquido @a"] },
    Paper { label: OTHER, aspects: PAGE, pdf: 50, lines: &["#@c", "Gehaltsabrechnung|Verdienstabrechnung|Bulletin de paie|Busta paga", "@n", "Monat|Période @d", "Bruttolohn|Salaire brut|Retribuzione @a", "*@w @a @a", "Lohnsteuer|Cotisations @a", "Auszahlungsbetrag|Net à payer|Netto @a"] },
    // Menus and price lists.
    Paper { label: OTHER, aspects: PAGE, pdf: 20, lines: &["#@c", "#Menu", "Starters|Appetizers", "*@w @a", "Main courses|Mains", "*@w @a", "Desserts|Sweets", "*@w @a", "Drinks|Beverages", "*@w @a"] },
    Paper { label: OTHER, aspects: PAGE, pdf: 20, lines: &["#@c", "#Carta|Menú|Cardápio", "Entrantes|Entradas", "*@w @a", "Platos principales|Segundos|Pratos", "*@w @a", "Postres|Sobremesas", "*@w @a", "Bebidas", "*@w @a", "IVA incluido"] },
    Paper { label: OTHER, aspects: PAGE, pdf: 40, lines: &["#@c", "#Price list|Catalogue|Lista de precios|Preisliste", "Valid from @d", "Article Price|Artículo Precio|Artikel Preis", "*@i @w @a", "Prices include VAT|Precios con IVA incluido"] },
    // Chats and screens.
    Paper { label: OTHER, aspects: SCREEN, pdf: 0, lines: &["@n", "online|typing…|en línea", "Today|Hoy|Hoje", "*@s", "10:4@i", "can you send me the invoice please|me mandas la factura por favor|manda o recibo", "*@s", "ok, total @a thanks|gracias, son @a", "Type a message|Escribe un mensaje|Mensagem"] },
    Paper { label: OTHER, aspects: SCREEN, pdf: 0, lines: &["File Edit View Tools Help|Home Search Settings", "#@w", "Search", "*@w @w @i", "Actions Delete Create Save|Next Cancel", "Status Active", "*@s", "Sign in|Log out", "https://@w"] },
    Paper { label: OTHER, aspects: SCREEN, pdf: 0, lines: &["Name Status Date Views Share", "*@w @i @i% @i", "*@w @i @i% @i", "Total @i"] },
    // Letters, contracts, reports, books.
    Paper { label: OTHER, aspects: PAGE, pdf: 50, lines: &["@c", "@d", "Dear @n,|Estimado @n:|Prezado @n,|Sehr geehrte Frau @n,|Madame, Monsieur,", "*@s @s", "*@s @s", "Please find the invoice of @a attached.|Adjuntamos la factura de @a.", "Kind regards|Sincerely|Atentamente|Mit freundlichen Grüßen|Cordialement", "@n"] },
    Paper { label: OTHER, aspects: PAGE, pdf: 50, lines: &["#Agreement|Service agreement|Contrato de arrendamiento|Contrato|Vertrag|Contrat", "This agreement is made on @d by and between @c and @n, hereinafter the parties|Entre @c y @n, en adelante las partes, se acuerda", "*@i. @s @s", "Monthly fee|Renta mensual|Miete @a", "*@i. @s shall @s", "Signature|Firma|Unterschrift @d"] },
    Paper { label: OTHER, aspects: PAGE, pdf: 50, lines: &["#Annual report|Quarterly report|Informe anual|Geschäftsbericht", "Fiscal year ended @d", "Notes to consolidated financial statements|Balance general", "*@s @s @s", "Net income @a @a", "*@w @a @a", "Total assets|Activo total @a @a", "Figure @i. @s"] },
    Paper { label: OTHER, aspects: &[0.6, 0.65, 0.7], pdf: 30, lines: &["Chapter @i|Capítulo @i|Kapitel @i|Chapitre @i", "*@s @s", "*@s @s", "*@s @s", "@i"] },
    Paper { label: OTHER, aspects: PAGE, pdf: 50, lines: &["#@n", "Curriculum vitae|Resume|Lebenslauf", "@i @c", "Work experience|Experiencia laboral|Berufserfahrung", "*@d - @d @c", "*@s", "Education|Formación|Ausbildung", "*@d @c", "Skills|Idiomas|Kenntnisse", "References available"] },
    // Forms, tax, insurance, loans.
    Paper { label: OTHER, aspects: PAGE, pdf: 40, lines: &["#Form @i", "Application|Solicitud|Antrag|Questionnaire", "Please print. For official use only|Rellene en mayúsculas", "First name|Nombre @n Last name|Apellidos @n", "Date of birth @d Sex M F", "Address|Domicilio @s", "Telephone|Teléfono @i", "*@i. @s Yes No", "Signature|Firma Date @d"] },
    Paper { label: OTHER, aspects: PAGE, pdf: 40, lines: &["Form @i", "Department of the Treasury - Internal Revenue Service", "#Income tax return|Schedule|Wage and tax statement|Declaración de la renta|Steuererklärung", "Name @n", "Taxpayer identification number @i", "*@i @s @a", "*@i @w @a @a", "Wages, tips @a", "Federal income tax withheld @a", "Total @a", "Amount you owe|Refund @a"] },
    Paper { label: OTHER, aspects: PAGE, pdf: 40, lines: &["#@c", "Insurance claim form|Explanation of benefits|Medical report|Informe médico|Discharge summary", "Patient @n Date of birth @d", "Policy number|Member ID @i", "Physician|Provider @n", "Diagnosis @s", "*@d @w @a @a", "*@s", "Total charges @a", "Patient responsibility @a"] },
    Paper { label: OTHER, aspects: PAGE, pdf: 40, lines: &["#Loan estimate|Closing disclosure|Loan application|Contrato de préstamo", "Lender @c", "Borrower @n", "Loan amount @a", "Interest rate @i%", "Monthly principal and interest @a", "*@w @a", "Closing costs @a", "Cash to close|Total @a", "*@s"] },
    // Cards that are no identity documents.
    Paper { label: OTHER, aspects: CARD, pdf: 0, lines: &["#@c", "Debit|Platinum|Gold|Credit", "4000 1234 5678 9010", "Valid thru 0@i/30|Válida hasta 0@i/30", "@n", "mastercard|VISA"] },
    Paper { label: OTHER, aspects: CARD, pdf: 0, lines: &["#@c", "@n", "Sales manager|Director|Engineer|Gerente|Consultant", "Tel +34 @i", "Mobile +34 @i", "Fax @i", "info@example.com", "www.example.com", "12 High Street"] },
    Paper { label: OTHER, aspects: CARD, pdf: 0, lines: &["#@c", "Member card|Health plan|Insurance card|Library card|Tarjeta de socio", "Member @n", "Member ID @i", "Group number @i", "Copay @a", "Customer service @i"] },
    Paper { label: OTHER, aspects: PAGE, pdf: 20, lines: &["#Certificate|Certificado|Urkunde|Diploma", "This is to certify that @n|Se certifica que @n", "*@s", "Place of birth @s", "State of @s", "Given on @d|Dado el @d", "Signature|Firma"] },
    // Scenes.
    Paper { label: OTHER, aspects: &[0.56, 1.0, 1.33, 1.5, 1.78], pdf: 0, lines: &["#@w", "#@w"] },
    Paper { label: OTHER, aspects: &[0.56, 1.0, 1.33, 1.5, 1.78], pdf: 0, lines: &["#Sale|Open|Stop|Exit|Salida|Ofertas", "@i% off|desde @a", "@w"] },
    Paper { label: OTHER, aspects: &[0.56, 0.7, 1.33], pdf: 0, lines: &["#Nutrition facts|Ingredientes|Zutaten", "Serving size @i g", "Calories @i", "*@w @i g @i%", "Protein @i g"] },
    Paper { label: OTHER, aspects: PAGE, pdf: 20, lines: &["#Timetable|Boarding pass|Calendar|Agenda", "*@d 10:@i @w", "Gate @i Seat @i"] },
    // Receipts and invoices in shapes the drawn set lacks.
    Paper { label: RECEIPT, aspects: SLIP, pdf: 0, lines: &["@c", "12 HIGH STREET", "TEL @i", "GST REG NO @i", "TAX INVOICE", "Receipt no @i", "@d 14:1@i", "Cashier @n", "Qty Description Price Amt", "*@i @w @a @a", "Total qty @i", "Sub total @a", "GST 6% @a", "Rounding 0.01", "Total @a", "Cash @a", "Change @a", "GST summary Amount Tax", "Goods sold are not returnable", "Thank you, please come again"] },
    Paper { label: RECEIPT, aspects: SLIP, pdf: 0, lines: &["@c", "INVOICE|CASH BILL|TAX INVOICE", "Bill no @i", "@d", "*@w @a", "Total incl. GST @a", "Cash @a", "Change @a", "Thank you"] },
    Paper { label: RECEIPT, aspects: SLIP, pdf: 0, lines: &["@c", "Server: @n", "Table @i Guests @i", "Check # @i", "@d 7:4@i PM", "*@i @w @a", "Subtotal @a", "Tax @a", "Total @a", "Tip ______", "VISA ************1234", "Auth code @i", "Customer copy"] },
    Paper { label: RECEIPT, aspects: &[0.45, 0.7, 1.0, 1.33], pdf: 0, lines: &["*@w @a", "Savings @a", "Tax @a", "Balance due @a", "Visa @a", "Change 0.00"] },
    Paper { label: RECEIPT, aspects: SLIP, pdf: 0, lines: &["@c", "*@i", "AB-@i", "*@i @i"] },
    Paper { label: RECEIPT, aspects: SLIP, pdf: 0, lines: &["@c", "@d 10:2@i", "*@w @a", "Summe|TOTAL|TOTALE EUR|Totaal @a", "MwSt 19% @a|TVA 20% @a|IVA 10% @a", "Bar|Carte bancaire|Contanti @a", "Rückgeld|Rendu|Resto @a", "Vielen Dank|Merci de votre visite|Grazie"] },
    Paper { label: INVOICE, aspects: PAGE, pdf: 70, lines: &["#@c", "#Invoice|Factura|Rechnung|Facture|Fattura|Fatura", "Invoice number|Factura nº|Rechnungsnummer|Facture n°|Numero fattura @i", "Date|Fecha|Datum|Data @d", "Due date|Vencimiento|Zahlbar bis|Échéance|Scadenza @d", "Bill to|Cliente|Kunde|Client @n", "Description Quantity Unit price Amount|Concepto Cantidad Precio Importe|Bezeichnung Menge Einzelpreis Betrag|Désignation Quantité Prix unitaire Montant", "*@w @i @a @a", "Subtotal|Base imponible|Netto|Total HT @a", "VAT 20%|IVA 21%|MwSt. 19%|TVA 20% @a", "Total|Importe total|Gesamtbetrag|Total TTC @a", "IBAN ES@i BIC @i"] },
    Paper { label: INVOICE, aspects: PAGE, pdf: 50, lines: &["#@c", "Amount due @a", "Account number @i", "Billing period @d - @d", "Invoice date @d", "Payment due @d", "*@w @a", "Total charges @a", "Please pay @a by @d", "Remit to @c"] },
    Paper { label: INVOICE, aspects: PAGE, pdf: 20, lines: &["#@c", "INVOICE NO @i", "@d", "To @c", "For professional services", "*@w @a", "Total $@a", "Terms net 30"] },
    // Identity documents.
    Paper { label: ID, aspects: CARD, pdf: 10, lines: &["#State of @s", "Driver license|Identification card|Operator license", "DL @i", "LN @n", "FN @n", "DOB @d", "EXP @d", "ISS @d", "SEX F|SEX M HGT 5-0@i WGT 1@i EYES BRO", "CLASS C END NONE REST NONE", "DONOR"] },
    Paper { label: ID, aspects: CARD, pdf: 10, lines: &["#Permis de conduire|Permiso de conducción|Führerschein|Patente di guida", "1. @n", "2. @n", "3. @d", "4a. @d 4b. @d", "5. @i", "*9. B @d"] },
    Paper { label: ID, aspects: CARD, pdf: 10, lines: &["9. 10. 11. 12.", "*AM A1 A2 B @d @d", "*BE C1 D1 @d"] },
    Paper { label: ID, aspects: CARD, pdf: 10, lines: &["#República|Republic of @s", "Cédula de ciudadanía|Documento nacional de identidad|Identity card|Carte nationale d'identité|Personalausweis", "Apellidos|Surname|Nom @n", "Nombres|Given names|Prénoms @n", "Fecha de nacimiento|Date of birth|Né le @d", "Nacionalidad|Nationality @s", "Sexo|Sex M", "Número @i", "Fecha de expedición @d"] },
    Paper { label: ID, aspects: CARD, pdf: 10, lines: &["#Social security", "This number has been established for", "@n", "@i", "Signature"] },
    Paper { label: ID, aspects: &[1.4, 0.7, 0.75], pdf: 10, lines: &["#Passport|Pasaporte|Passeport", "Type P Code @i", "Passport no @i", "Surname @n", "Given names @n", "Nationality @s", "Date of birth @d", "Place of birth @s", "Sex F", "Date of issue @d", "Date of expiration @d", "Authority @s"] },
];

const NAMES: &[&str] = &[
    "Ana Ruiz",
    "Jordan Lee",
    "Marta Silva",
    "K. Brandt",
    "Luc Morel",
    "Priya Nair",
    "Tom Hale",
    "Ines Prado",
];
const COMPANIES: &[&str] = &[
    "Alba Trading Ltd",
    "Rio Claro SA",
    "Nordwind GmbH",
    "Casa Verde",
    "Blue Harbor Inc",
    "Monte Alto SL",
    "Sunrise Mart",
    "Lakeside Group",
];
const WARES: &[&str] = &[
    "blue cable",
    "pan de molde",
    "Schraube M4",
    "green tea",
    "servicio mensual",
    "cahier A4",
    "rice 5kg",
    "parafuso",
    "soup",
    "arroz con pollo",
    "design work",
    "lamp",
];
const SENTENCES: &[&str] = &[
    "the meeting was moved because nobody had the key to the room",
    "they were told that the work would begin in the spring",
    "cuando llegamos no había nadie y esperamos hasta la tarde",
    "porque quando o mar estava calmo todos saíam para pescar",
    "der Weg wurde im Winter nicht geräumt und blieb lange zu",
    "la porte était ouverte mais personne ne répondait",
];

/// One invented paper.
pub struct Invented {
    /// Index into `KINDS`.
    pub label: usize,
    /// Which layout it has, and the layout's first words.
    pub layout: (usize, &'static str),
    pub evidence: Evidence,
}

/// The paper of a seed.
pub fn invent(seed: u64) -> Invented {
    let mut dice = Dice(seed);
    let layout = dice.below(PAPERS.len());
    let paper = &PAPERS[layout];
    let aspect = paper.aspects[dice.below(paper.aspects.len())];
    // Readers of pictures do not read everything.
    let lost = dice.below(25);
    let way = dice.below(6);
    let mut lines: Vec<(String, bool)> = Vec::new();
    for template in paper.lines {
        let times = if template.starts_with('*') { 2 + dice.below(10) } else { 1 };
        for _ in 0..times {
            if !dice.chance(lost) {
                let large = template.starts_with('#');
                lines.push((fill(template.trim_start_matches(['*', '#']), way, &mut dice), large));
            }
        }
    }
    let pdf = dice.chance(paper.pdf);
    let title = paper.lines.iter().copied().find(|l| l.len() > 6).unwrap_or_default();
    Invented { label: paper.label, layout: (layout, title), evidence: laid_out(&lines, aspect, pdf) }
}

/// Of `a|b c|d` the same side of every bar-joined phrase, modulo how many there are.
fn fill(template: &str, way: usize, dice: &mut Dice) -> String {
    let choices: Vec<&str> = template.split('|').collect();
    let mut text = choices[way % choices.len()].to_owned();
    // The tail of the last choice belongs to every one: "Subtotal|Netto @a".
    if let (Some(last), false) = (choices.last(), text.contains('@'))
        && let Some(at) = last.find('@')
    {
        text = format!("{text} {}", &last[at..]);
    }
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '@' {
            out.push(c);
            continue;
        }
        let filled = match chars.next() {
            Some('n') => dice.pick(NAMES).to_owned(),
            Some('c') => dice.pick(COMPANIES).to_owned(),
            Some('w') => dice.pick(WARES).to_owned(),
            Some('s') => dice.pick(SENTENCES).to_owned(),
            Some('d') => {
                format!("{:02}/{:02}/20{}", 1 + dice.below(28), 1 + dice.below(12), 14 + dice.below(12))
            }
            Some('a') => amount(dice, way),
            Some('i') => {
                let most = dice.below(7) as u32;
                (1 + dice.below(10_usize.pow(1 + most))).to_string()
            }
            other => other.map(String::from).unwrap_or_default(),
        };
        out.push_str(&filled);
    }
    out
}

fn amount(dice: &mut Dice, way: usize) -> String {
    let most = dice.below(4) as u32;
    let (whole, cents) = (dice.below(10_usize.pow(1 + most)), dice.below(100));
    match way % 3 {
        0 => format!("{whole}.{cents:02}"),
        1 => format!("{whole},{cents:02}"),
        _ => format!("${whole}.{cents:02}"),
    }
}

fn laid_out(lines: &[(String, bool)], aspect: f32, pdf: bool) -> Evidence {
    let step = (0.96 / lines.len().max(1) as f32).min(0.05);
    let mut top = 0.02;
    let mut laid = Vec::new();
    for (text, large) in lines {
        let height = step * if *large { 1.1 } else { 0.6 };
        let (mut x, mut words) = (0.08, Vec::new());
        for word in text.split_whitespace() {
            let width = 0.45 * height / aspect * word.chars().count() as f32;
            let bbox = [x, top, (x + width).min(1.0), top + height];
            words.push(Word { text: word.to_owned(), bbox, confidence: 0.97, doubtful: Vec::new() });
            // Amounts stand in columns of their own.
            x += width
                + height / aspect * if word.ends_with(|c: char| c.is_ascii_digit()) { 2.0 } else { 0.3 };
        }
        let bbox = [0.08, top, x.min(1.0), top + height];
        laid.push(Line { text: text.clone(), bbox, confidence: 0.97, words });
        top += step;
    }
    let source = if pdf { Source::Text } else { Source::Ocr };
    let page = PageText { number: 1, source, aspect, lines: laid, quarter_turns: 0, sharpness: Some(0.8) };
    let media_type = if pdf { "application/pdf" } else { "image/jpeg" }.to_owned();
    Evidence { media_type, pages: vec![page], ..Evidence::default() }
}

//! What an e-invoice says, whatever its dialect, before anyone believes it.

use super::{decimal::Decimal, tree::Node};
use crate::understand::values::{currency, iban};

/// What the document is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BillType {
    /// Money owed.
    #[default]
    Invoice,
    /// Money back.
    CreditNote,
    /// More money owed.
    DebitNote,
}

impl BillType {
    /// Its word in the field `type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::CreditNote => "credit_note",
            Self::DebitNote => "debit_note",
        }
    }
}

/// Who issues or pays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Party {
    /// As the bill calls it.
    pub name: Option<String>,
    /// As registered, where that is told apart.
    pub legal_name: Option<String>,
    /// For tax.
    pub tax_id: Option<String>,
}

/// A tax charged or kept back.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tax {
    /// `IVA`, `VAT`, `INC`.
    pub name: Option<String>,
    /// In percent.
    pub rate: Option<Decimal>,
    /// What it is counted on.
    pub base: Option<Decimal>,
    /// How much.
    pub amount: Option<Decimal>,
    /// Whether the prices hold it already (Brazil's ICMS, PIS and COFINS).
    pub inside: bool,
}

/// One line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Item {
    /// What was bought.
    pub description: Option<String>,
    /// How many.
    pub quantity: Option<Decimal>,
    /// Of one.
    pub unit_price: Option<Decimal>,
    /// Before tax.
    pub amount: Option<Decimal>,
    /// In or on it.
    pub tax: Option<Decimal>,
    /// Of that tax, in percent.
    pub rate: Option<Decimal>,
}

/// Two sides that should be equal.
#[derive(Debug, Clone, PartialEq)]
pub struct Broken {
    /// Which rule.
    pub check: String,
    /// What the parts make.
    pub left: String,
    /// What the document says.
    pub right: String,
}

/// An e-invoice.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bill {
    /// Whether it is what a till gives to whoever buys, and so a receipt.
    pub retail: bool,
    /// What a person may want to know of it.
    pub notes: Vec<String>,
    /// What it is.
    pub bill_type: BillType,
    /// Why its sign or standing is a person's to judge.
    pub type_doubt: Option<String>,
    /// Its number.
    pub number: Option<String>,
    /// Of the order it bills.
    pub order_number: Option<String>,
    /// ISO 8601.
    pub issue_date: Option<String>,
    /// ISO 8601.
    pub due_date: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// Who bills.
    pub issuer: Party,
    /// Who is billed.
    pub recipient: Party,
    /// All lines together.
    pub line_sum: Option<Decimal>,
    /// Taken off the whole document.
    pub discount: Option<Decimal>,
    /// Put on the whole document.
    pub charge: Option<Decimal>,
    /// Before tax.
    pub net: Option<Decimal>,
    /// All taxes, as the document says.
    pub tax: Option<Decimal>,
    /// Each tax.
    pub taxes: Vec<Tax>,
    /// Kept back by the payer.
    pub withheld: Option<Decimal>,
    /// The cents that rounding added or took.
    pub rounding: Option<Decimal>,
    /// Tax included.
    pub gross: Option<Decimal>,
    /// Paid before.
    pub paid: Option<Decimal>,
    /// Left to pay.
    pub due: Option<Decimal>,
    /// In words.
    pub payment_terms: Option<String>,
    /// To be named when paying.
    pub payment_reference: Option<String>,
    /// Where to pay to.
    pub iban: Option<String>,
    /// Its lines.
    pub items: Vec<Item>,
    /// Whether the lines are the whole sum (groups and gifts are told apart).
    pub items_add_up: bool,
    /// All lines together, also those that are not kept.
    pub items_sum: Decimal,
    /// Lines that are not kept.
    pub items_left_out: usize,
    /// What contradicts itself.
    pub broken: Vec<Broken>,
}

/// Longest value that is kept, characters.
const TEXT_CHARS: usize = 300;
/// Lines and taxes that are kept.
const MOST: usize = 500;

/// A value as it may be shown: not empty, not endless.
#[must_use]
pub fn text(value: Option<&str>) -> Option<String> {
    let value: String = value?.trim().chars().take(TEXT_CHARS).collect();
    (!value.is_empty()).then_some(value)
}

impl Bill {
    /// An amount; one that is there and is no number is a contradiction.
    pub fn amount(&mut self, what: &str, value: Option<&str>) -> Option<Decimal> {
        let value = value.map(str::trim).filter(|v| !v.is_empty())?;
        let amount = Decimal::parse(value);
        if amount.is_none() {
            self.unread(what, value, "a decimal number");
        }
        amount
    }

    /// A day; one that is there and is none is a contradiction.
    pub fn day(&mut self, what: &str, value: Option<&str>) -> Option<String> {
        let value = value.map(str::trim).filter(|v| !v.is_empty())?;
        let day = super::date(value);
        if day.is_none() {
            self.unread(what, value, "a day");
        }
        day
    }

    /// A currency; one that no country has is a contradiction.
    pub fn coin(&mut self, value: Option<&str>) -> Option<String> {
        let value = value.map(str::trim).filter(|v| !v.is_empty())?;
        let code = currency::known(value);
        if code.is_none() {
            self.unread("currency", value, "a code of ISO 4217");
        }
        code.map(str::to_owned)
    }

    /// Where to pay to, if it is an IBAN.
    pub fn account(&mut self, value: Option<&str>) {
        if self.iban.is_none() {
            self.iban = value.and_then(iban::checked);
        }
    }

    /// One more tax, if it says anything.
    pub fn add_tax(&mut self, tax: Tax) {
        if tax.amount.is_some() && self.taxes.len() < MOST {
            self.taxes.push(tax);
        }
    }

    /// One more line, if it says anything.
    pub fn add_item(&mut self, item: Item) {
        if item.amount.is_none() && item.description.is_none() {
            return;
        }
        self.items_add_up &= item.amount.is_some();
        self.items_sum = self.items_sum + item.amount.unwrap_or_default();
        if self.items.len() < MOST {
            self.items.push(item);
        } else {
            self.items_left_out += 1;
        }
    }

    /// Two sides that should be the same and are not; one that is not there says nothing.
    pub fn same(&mut self, check: &str, left: Option<&str>, right: Option<&str>) {
        let (Some(left), Some(right)) = (left, right) else { return };
        if !left.trim().eq_ignore_ascii_case(right.trim()) {
            self.contradict(check, left, right);
        }
    }

    /// A rule that does not hold, with its sides.
    pub fn contradict(&mut self, check: &str, left: &str, right: &str) {
        self.broken.push(Broken { check: check.to_owned(), left: short(left), right: short(right) });
    }

    /// A tax id must keep its check digits.
    pub fn check_id(&mut self, whose: &str, id: Option<&str>, right: fn(&str) -> bool) {
        if let Some(id) = id.filter(|id| !right(id)) {
            self.contradict(&format!("check digits of the {whose}'s tax id"), id, "a tax id");
        }
    }

    /// Days on which parts of it are due: one is the due date, several are told in words.
    pub fn installments(&mut self, parts: Vec<(Option<String>, Option<Decimal>)>) {
        let mut days: Vec<&String> = parts.iter().filter_map(|p| p.0.as_ref()).collect();
        days.dedup();
        if let [day] = days.as_slice() {
            self.due_date = Some((*day).clone());
        } else if days.len() > 1 && self.payment_terms.is_none() {
            let said = parts.iter().take(24).map(|(day, amount)| {
                let amount = amount.map(|a| a.to_string()).unwrap_or_default();
                format!("{} {amount}", day.as_deref().unwrap_or("?")).trim().to_owned()
            });
            self.payment_terms = text(Some(&said.collect::<Vec<_>>().join("; ")));
        }
    }

    /// What the document is, by its code of a list; `false` where it is no bill at all.
    pub fn typed(&mut self, list: &str, code: &str) -> bool {
        match super::types::of(list, code) {
            Some(("invoice", _)) => self.bill_type = BillType::Invoice,
            Some(("credit_note", _)) => self.bill_type = BillType::CreditNote,
            Some(("debit_note", _)) => self.bill_type = BillType::DebitNote,
            Some(("other", _)) => return false,
            Some((_, name)) => self.type_doubt = Some(format!("its type is {code}, {name}")),
            None => self.type_doubt = Some(format!("its type {} is not known", short(code))),
        }
        true
    }

    fn unread(&mut self, what: &str, value: &str, wanted: &str) {
        self.contradict(&format!("{what} is {wanted}"), value, wanted);
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

/// The sum at paths below `node`, where any is there.
pub fn sum(values: impl Iterator<Item = Option<Decimal>>) -> Option<Decimal> {
    values.flatten().fold(None, |sum: Option<Decimal>, d| Some(sum.unwrap_or_default() + d))
}

/// Decimal at a path; none where it is missing or no number.
pub fn at(node: &Node, path: &[&str]) -> Option<Decimal> {
    node.text_at(path).and_then(Decimal::parse)
}

//! From a line of the books and its fields to the business terms of EN 16931: each is what was read or what whoever runs
//! the accounts stated, or it is missing and named. What follows from others by the norm's own definition is counted
//! (BT-106, and BT-110, BT-112 and BT-115 where the paper leaves them out); nothing else is.

use acuse_pipeline::fields::{Entry, FieldName, Fields};
use acuse_storage::export::{Exact, Line};
use serde::Serialize;

use super::stated::{Stated, rate, vat_number};

/// An amount in hundredths, as EN 16931 has all amounts but prices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Money(pub i128);

impl std::fmt::Display for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:02}", self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100)
    }
}

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        Self(all.map(|money| money.0).sum())
    }
}

/// A business term that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Missing {
    /// Its number.
    pub term: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The rule that asks for it.
    pub rule: &'static str,
}

/// Which rule asks for a term.
const ASKED_BY: &[(&str, &str)] = &[
    ("BT-1", "BR-02"),
    ("BT-2", "BR-03"),
    ("BT-3", "BR-04"),
    ("BT-5", "BR-05"),
    ("BT-27", "BR-06"),
    ("BT-44", "BR-07"),
    ("BT-40", "BR-09"),
    ("BT-55", "BR-11"),
    ("BT-109", "BR-13"),
    ("BT-112", "BR-14"),
    ("BT-126", "BR-16"),
    ("BT-129", "BR-22"),
    ("BT-130", "BR-23"),
    ("BT-131", "BR-24"),
    ("BT-153", "BR-25"),
    ("BT-146", "BR-26"),
    ("BT-116", "BR-45"),
    ("BT-117", "BR-46"),
    ("BT-118", "BR-47"),
    ("BT-119", "BR-48"),
    ("BT-151", "BR-CO-04"),
    ("BT-110", "BR-CO-14"),
];

/// A rule that would be broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Broken {
    /// Its id.
    pub rule: &'static str,
    /// What does not hold.
    pub message: String,
}

/// Who sells or buys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Party {
    /// BT-27, BT-44.
    pub name: String,
    /// BT-28: as it calls itself, where that is another.
    pub trading_name: Option<String>,
    /// BT-29, BT-46; and BT-32 of who sells.
    pub tax_id: Option<String>,
    /// BT-31, BT-48.
    pub vat_id: Option<String>,
    /// BT-40, BT-55.
    pub country: String,
}

/// BG-23.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Breakdown {
    /// BT-118.
    pub category: String,
    /// BT-119, in thousandths of a percent.
    pub rate: i128,
    /// BT-116.
    pub base: Money,
    /// BT-117.
    pub amount: Money,
}

/// BG-25.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InvoiceLine {
    /// BT-153.
    pub name: String,
    /// BT-129.
    pub quantity: Exact,
    /// BT-130.
    pub unit: String,
    /// BT-146.
    pub price: Exact,
    /// BT-131.
    pub net: Money,
    /// BT-151.
    pub category: String,
    /// BT-152, in thousandths of a percent.
    pub rate: i128,
}

/// An invoice or a credit note; the amounts of both are positive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Invoice {
    /// BT-3: 380, 381 or 383.
    pub type_code: &'static str,
    /// BT-1.
    pub number: String,
    /// BT-2.
    pub issue_date: String,
    /// BT-9.
    pub due_date: Option<String>,
    /// BT-20.
    pub terms: Option<String>,
    /// BT-5.
    pub currency: String,
    /// BT-13.
    pub order: Option<String>,
    /// BT-83.
    pub payment_reference: Option<String>,
    /// BT-84.
    pub iban: Option<String>,
    /// BG-4.
    pub seller: Party,
    /// BG-7.
    pub buyer: Party,
    /// BG-25.
    pub lines: Vec<InvoiceLine>,
    /// BT-107.
    pub allowance: Money,
    /// BT-109.
    pub net: Money,
    /// BT-110.
    pub tax: Money,
    /// BT-112.
    pub gross: Money,
    /// BT-113.
    pub paid: Money,
    /// BT-114.
    pub rounding: Money,
    /// BT-115.
    pub due: Money,
    /// BG-23.
    pub breakdown: Vec<Breakdown>,
}

impl Invoice {
    /// BT-106.
    pub fn line_sum(&self) -> Money {
        self.lines.iter().map(|line| line.net).sum()
    }
}

/// What stands against writing it.
#[derive(Debug, Default)]
pub(super) struct Against {
    pub missing: Vec<Missing>,
    pub broken: Vec<Broken>,
}

impl Against {
    fn want<T>(&mut self, term: &'static str, name: &'static str, found: Option<T>) -> Option<T> {
        let rule = ASKED_BY.iter().find(|(of, _)| *of == term).map_or("", |(_, rule)| rule);
        let missing = Missing { term, name, rule };
        if found.is_none() && !self.missing.contains(&missing) {
            self.missing.push(missing);
        }
        found
    }

    /// An amount: none where nothing is said.
    fn money(&mut self, rule: &'static str, text: &str, turned: bool) -> Option<Money> {
        let exact = Exact::parse(text)?;
        let Some(hundredths) = exact.whole(2) else {
            let broken = Broken { rule, message: format!("{text} has more than two decimals") };
            if !self.broken.contains(&broken) {
                self.broken.push(broken);
            }
            return None;
        };
        Some(Money(if turned { -hundredths } else { hundredths }))
    }
}

fn said(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// What the caller has to say of an invoice.
pub(super) struct Told<'a> {
    pub line: &'a Line,
    pub fields: &'a Fields,
    pub stated: &'a Stated,
}

impl Told<'_> {
    fn field(&self, name: FieldName) -> Option<String> {
        self.fields.get(&name).and_then(|field| said(field.value.as_str()))
    }

    fn is_credit(&self) -> bool {
        self.line.r#type == "credit_note"
    }

    /// The invoice, or all that stands against it.
    pub fn invoice(&self) -> Result<Invoice, Against> {
        let mut against = Against::default();
        let found = self.gather(&mut against);
        match found {
            Some(invoice) if against.missing.is_empty() && against.broken.is_empty() => Ok(invoice),
            _ => Err(against),
        }
    }

    /// Everything is asked for before anything is given up, so that all that is missing is named at once.
    fn gather(&self, against: &mut Against) -> Option<Invoice> {
        let line = self.line;
        let type_code = match line.r#type.as_str() {
            "invoice" => Some("380"),
            "credit_note" => Some("381"),
            "debit_note" => Some("383"),
            _ => None,
        };
        let type_code = against.want("BT-3", "Invoice type code", type_code);
        let number = against.want("BT-1", "Invoice number", said(&line.number));
        let issue_date = against.want("BT-2", "Invoice issue date", said(&line.issue_date));
        let currency = against.want("BT-5", "Invoice currency code", said(&line.currency));
        let seller = self.seller(against);
        let buyer = self.buyer(against);
        let sums = self.sums(against);
        let breakdown = self.breakdown(against, sums.as_ref());
        let lines = self.lines(against, &breakdown);
        let sums = sums?;
        let invoice = Invoice {
            type_code: type_code?,
            number: number?,
            issue_date: issue_date?,
            due_date: said(&line.due_date),
            terms: self.field(FieldName::PaymentTerms),
            currency: currency?,
            order: said(&line.order_number),
            payment_reference: said(&line.payment_reference),
            iban: said(&line.iban),
            seller: seller?,
            buyer: buyer?,
            // A discount that the lines are without already is no second one.
            allowance: sums
                .discount
                .filter(|d| lines.iter().map(|l| l.net).sum::<Money>() != sums.net && d.0 != 0)
                .unwrap_or_default(),
            lines,
            net: sums.net,
            tax: sums.tax,
            gross: sums.gross,
            paid: sums.paid,
            rounding: sums.rounding,
            due: sums.due,
            breakdown,
        };
        Some(invoice)
    }

    fn seller(&self, against: &mut Against) -> Option<Party> {
        let (line, legal) = (self.line, self.field(FieldName::IssuerLegalName));
        let name = against.want("BT-27", "Seller name", legal.or_else(|| said(&line.issuer_name)));
        let country = self.stated.country(&line.issuer_name, &line.issuer_tax_id).map(str::to_owned);
        let country = against.want("BT-40", "Seller country code", country);
        let name = name?;
        let trading_name = said(&line.issuer_name).filter(|trading| *trading != name);
        Some(Party { trading_name, ..party(name, &line.issuer_tax_id, country?) })
    }

    fn buyer(&self, against: &mut Against) -> Option<Party> {
        let line = self.line;
        let name = against.want("BT-44", "Buyer name", said(&line.recipient_name));
        let country = self.stated.country(&line.recipient_name, &line.recipient_tax_id).map(str::to_owned);
        let country = against.want("BT-55", "Buyer country code", country);
        Some(party(name?, &line.recipient_tax_id, country?))
    }

    fn sums(&self, against: &mut Against) -> Option<Sums> {
        let (line, turned) = (self.line, self.is_credit());
        if Exact::parse(&line.withheld).and_then(|w| w.whole(9)).is_some_and(|w| w != 0) {
            let message = format!(
                "{} is withheld from what is to be paid, which no term of the norm says",
                line.withheld
            );
            against.broken.push(Broken { rule: "BR-CO-16", message });
        }
        let mut money = |rule, text: &str| against.money(rule, text, turned);
        let (net, total) = (money("BR-DEC-12", &line.subtotal), money("BR-DEC-14", &line.total));
        let taxes = line.taxes.iter().map(|t| money("BR-DEC-20", &t.amount)).sum::<Option<Money>>();
        let tax = money("BR-DEC-13", &line.tax).or_else(|| taxes.filter(|_| !line.taxes.is_empty()));
        let (discount, paid) = (money("BR-DEC-10", &line.discount), money("BR-DEC-16", &line.paid));
        let rounding = money("BR-DEC-17", &line.rounding).unwrap_or_default();
        let due = money("BR-DEC-18", &line.amount_due);
        let net = against.want("BT-109", "Invoice total amount without VAT", net);
        let tax = against.want("BT-110", "Invoice total VAT amount", tax);
        let total = against.want("BT-112", "Invoice total amount with VAT", total);
        let (net, tax, total, paid) = (net?, tax?, total?, paid.unwrap_or_default());
        // What is to be paid is rounded, and the total with VAT is not.
        let unrounded = Money(total.0 - rounding.0);
        let gross = if unrounded.0 == net.0 + tax.0 { unrounded } else { total };
        let due = due.unwrap_or(Money(gross.0 - paid.0 + rounding.0));
        let discount = discount.map(|d| Money(d.0.abs()));
        Some(Sums { net, tax, gross, paid, rounding, due, discount })
    }

    fn breakdown(&self, against: &mut Against, sums: Option<&Sums>) -> Vec<Breakdown> {
        let (taxes, turned) = (&self.line.taxes, self.is_credit());
        let alone = taxes.len() == 1;
        if taxes.is_empty() {
            against.want("BT-116", "VAT category taxable amount", None::<()>);
        }
        let mut all = Vec::new();
        for tax in taxes {
            let at = against.want("BT-119", "VAT category rate", rate(&tax.rate));
            let category = at.and_then(|at| self.stated.category(&tax.r#type, at)).map(str::to_owned);
            let category = against.want("BT-118", "VAT category code", category);
            // The only rate is the rate of all.
            let whole = |of: fn(&Sums) -> Money| sums.filter(|_| alone).map(of);
            let base = against.money("BR-DEC-19", &tax.base, turned).or_else(|| whole(|s| s.net));
            let base = against.want("BT-116", "VAT category taxable amount", base);
            let amount = against.money("BR-DEC-20", &tax.amount, turned).or_else(|| whole(|s| s.tax));
            let amount = against.want("BT-117", "VAT category tax amount", amount);
            if let (Some(rate), Some(category), Some(base), Some(amount)) = (at, category, base, amount) {
                all.push(Breakdown { category, rate, base, amount });
            }
        }
        all
    }

    fn lines(&self, against: &mut Against, breakdown: &[Breakdown]) -> Vec<InvoiceLine> {
        let entries = self.fields.get(&FieldName::LineItems).map(|f| f.value.entries()).unwrap_or_default();
        if entries.is_empty() {
            against.want("BT-126", "Invoice line identifier", None::<()>);
        }
        let amounts =
            entries.iter().map(|e| Exact::parse(e.amount.as_deref()?)?.whole(2)).sum::<Option<i128>>();
        // Some write what is given back with a minus, others write what is given back.
        let turned = self.is_credit() && amounts.is_some_and(|sum| sum < 0);
        entries.iter().filter_map(|entry| self.line_of(against, entry, breakdown, turned)).collect()
    }

    fn line_of(
        &self,
        against: &mut Against,
        entry: &Entry,
        breakdown: &[Breakdown],
        turned: bool,
    ) -> Option<InvoiceLine> {
        let text = |value: &Option<String>| value.as_deref().unwrap_or_default().to_owned();
        let name = against.want("BT-153", "Item name", said(&text(&entry.description)));
        let quantity = Exact::parse(&text(&entry.quantity));
        let quantity = against.want("BT-129", "Invoiced quantity", quantity);
        let unit =
            against.want("BT-130", "Invoiced quantity unit of measure code", self.stated.unit_code.clone());
        let price = against.want("BT-146", "Item net price", Exact::parse(&text(&entry.unit_price)));
        let net = against.money("BR-DEC-23", &text(&entry.amount), turned);
        let net = against.want("BT-131", "Invoice line net amount", net);
        let own = entry.rate.as_deref().and_then(rate);
        let of = match (own, breakdown) {
            (None, [only]) => Some(only),
            (Some(own), _) => breakdown.iter().find(|b| b.rate == own),
            _ => None,
        };
        let of = against.want("BT-151", "Invoiced item VAT category code", of);
        let (category, rate) = of.map(|b| (b.category.clone(), b.rate))?;
        let quantity = quantity.map(|q| if turned && !q.is_positive() { -q } else { q });
        let price = price.map(|p| if turned && !p.is_positive() { -p } else { p });
        Some(InvoiceLine {
            name: name?,
            quantity: quantity?,
            unit: unit?,
            price: price?,
            net: net?,
            category,
            rate,
        })
    }
}

struct Sums {
    net: Money,
    tax: Money,
    gross: Money,
    paid: Money,
    rounding: Money,
    due: Money,
    discount: Option<Money>,
}

fn party(name: String, tax_id: &str, country: String) -> Party {
    let vat_id = vat_number(tax_id).map(|(_, id)| id);
    Party { name, trading_name: None, tax_id: said(tax_id), vat_id, country }
}

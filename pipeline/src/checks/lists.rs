//! Lists as a person types them: taxes and lines of a bill, cell by cell, and their sums.

use super::{
    Warning,
    sum::{shown, units},
    typed::{VALUE_CHARS, typed},
};
use crate::{
    document::Kind,
    fields::{Entry, FieldName, Fields, Source},
};

/// Most entries of a list.
const MOST: usize = 300;
/// Each entry that was rounded may miss by half a cent, in ten-thousandths.
const ROUNDED_EACH: i64 = 50;

/// The entries a field keeps of what was typed; empty ones are left out.
///
/// # Errors
/// Which line, and what to write instead.
pub fn typed_list(name: FieldName, entries: Vec<Entry>) -> Result<Vec<Entry>, String> {
    if entries.len() > MOST {
        return Err(format!("at most {MOST} lines"));
    }
    let mut kept = Vec::with_capacity(entries.len());
    for (line, entry) in (1..).zip(entries) {
        let entry = cells(entry).map_err(|error| format!("line {line}: {error}"))?;
        let blank = Entry { page: entry.page, bbox: entry.bbox, ..Entry::default() };
        if entry == blank {
            continue;
        }
        if name == FieldName::Taxes && entry.amount.is_none() {
            return Err(format!("line {line}: say the amount of the tax"));
        }
        kept.push(entry);
    }
    Ok(kept)
}

fn cells(entry: Entry) -> Result<Entry, String> {
    let amount = |cell: Option<String>| {
        let cell = cell.map(|c| c.trim().to_owned()).filter(|c| !c.is_empty());
        cell.map(|cell| typed(Kind::Invoice, FieldName::Total, &cell)).transpose()
    };
    let text = |cell: Option<String>| {
        let cell = cell.map(|c| c.trim().to_owned()).filter(|c| !c.is_empty());
        match cell {
            Some(cell) if cell.chars().count() > VALUE_CHARS => {
                Err(format!("at most {VALUE_CHARS} characters"))
            }
            cell => Ok(cell),
        }
    };
    Ok(Entry {
        tax_type: text(entry.tax_type)?,
        rate: number(entry.rate, "write a rate as 19 or 10.5")?,
        base: amount(entry.base)?,
        description: text(entry.description)?,
        quantity: number(entry.quantity, "write a quantity as 2 or 0.350")?,
        unit_price: amount(entry.unit_price)?,
        amount: amount(entry.amount)?,
        tax: amount(entry.tax)?,
        page: entry.page,
        bbox: entry.bbox,
    })
}

/// `21`, `10,5`, `21 %`: a number that is no amount of money.
fn number(cell: Option<String>, how: &str) -> Result<Option<String>, String> {
    let Some(cell) = cell else { return Ok(None) };
    let plain = cell.trim().trim_end_matches('%').trim().replace(',', ".");
    if plain.is_empty() {
        return Ok(None);
    }
    let digits = plain.strip_prefix('-').unwrap_or(&plain);
    let is_number = digits.chars().all(|c| c.is_ascii_digit() || c == '.')
        && digits.matches('.').count() <= 1
        && digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.ends_with(|c: char| c.is_ascii_digit())
        && digits.len() <= 18;
    if is_number { Ok(Some(plain)) } else { Err(how.to_owned()) }
}

/// Taxes that a person typed make the tax; lines that a person typed make the subtotal or the total.
pub(super) fn warnings(fields: &Fields) -> Vec<Warning> {
    use FieldName::{LineItems, Subtotal, Tax, Taxes, Total};
    let mut found = Vec::new();
    for (list, wholes) in [(Taxes, [Tax, Tax]), (LineItems, [Subtotal, Total])] {
        let Some(field) = fields.get(&list).filter(|field| field.source == Source::Reviewer) else {
            continue;
        };
        let entries = field.value.entries();
        let amounts: Option<Vec<i64>> = entries.iter().map(|e| units(e.amount.as_deref()?)).collect();
        let (Some(amounts), false) = (amounts, entries.is_empty()) else { continue };
        let sum: i64 = amounts.iter().sum();
        let room = 100 + ROUNDED_EACH * i64::try_from(amounts.len()).unwrap_or_default();
        let said: Vec<i64> = wholes.iter().filter_map(|name| units(&fields.get(name)?.value)).collect();
        if !said.is_empty() && said.iter().all(|whole| (whole - sum).abs() > room) {
            let whole = wholes.iter().find(|name| fields.contains_key(name)).unwrap_or(&Total);
            let what = whole.as_str().replace('_', " ");
            let message = format!("The lines make {}, not {}, the {what}.", shown(sum), shown(said[0]));
            found.push(Warning::at("sum", list, message));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::{Field, Value};

    fn line(description: &str, amount: &str) -> Entry {
        Entry { description: Some(description.into()), amount: Some(amount.into()), ..Entry::default() }
    }

    #[test]
    fn cells_are_taken_as_they_are_typed() {
        let typed =
            Entry {
                quantity: Some("2,5".into()), rate: Some("21 %".into()), ..line(" Pan ", "1.234,50 €")
            };
        let kept = typed_list(FieldName::LineItems, vec![typed, Entry::default()]).unwrap();
        assert_eq!(kept.len(), 1, "an empty line is none");
        let cell = |cell: &Option<String>| cell.clone().unwrap();
        assert_eq!(cell(&kept[0].amount), "1234.50");
        assert_eq!((cell(&kept[0].quantity), cell(&kept[0].rate)), ("2.5".into(), "21".into()));
        assert_eq!(cell(&kept[0].description), "Pan");
        let wrong = typed_list(FieldName::LineItems, vec![line("a", "1.00"), line("b", "ten")]).unwrap_err();
        assert!(wrong.starts_with("line 2"), "{wrong}");
        let bare = Entry { tax_type: Some("IVA".into()), ..Entry::default() };
        assert!(typed_list(FieldName::Taxes, vec![bare]).is_err());
    }

    #[test]
    fn lines_that_do_not_make_the_total_are_warned_of() {
        let field = |value: Value, source| Field::unplaced(value, 1.0, source);
        let of = |total: &str, source| {
            let lines = Value::List(vec![line("a", "10.00"), line("b", "2.10")]);
            let fields = [
                (FieldName::LineItems, field(lines, source)),
                (FieldName::Total, field(total.into(), Source::Ocr)),
            ];
            warnings(&fields.into())
        };
        assert!(of("12.10", Source::Reviewer).is_empty());
        assert_eq!(of("13.10", Source::Reviewer)[0].field, Some(FieldName::LineItems));
        assert!(of("13.10", Source::Ocr).is_empty(), "the reader weighed its own");
    }
}

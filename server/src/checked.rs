//! What is handed in, checked before it is kept: one way for the API, the desk and the command line.

mod template;

use acuse_storage::{
    CustomerId,
    customers::{CustomerAlias, NewCustomer},
    documents::Amount,
    entities::NewEntity,
    incidents::{kinds, routes::NewRoute},
    obligations::NewObligation,
};
use acuse_workers::outgoing::{Outgoing, alerts};
use time::{Date, macros::format_description};

use crate::problem::Problem;
pub use template::{header_and_buttons, template};

/// Most names of one kind that a customer may have.
const ALIASES: usize = 50;
/// Longest text of a customer, characters.
const TEXT_CHARS: usize = 256;
/// Longest name of a firm of ours, characters.
const ENTITY_NAME: usize = 500;
/// Most values of one kind that it has, and the longest of them in characters.
const ENTITY_VALUES: (usize, usize) = (100, 80);
/// Longest time between two reminders of an incident: a week.
const AGAIN_MOST: u64 = 604_800;
/// Longest number of a bill, characters.
const NUMBER_CHARS: usize = 200;

/// What is wrong with a customer that is to be added, if anything.
///
/// # Errors
/// Says which member and what to write.
pub fn customer(new: &NewCustomer) -> Result<(), String> {
    if new.name.trim().is_empty() {
        return Err("name: say how they are called".to_owned());
    }
    if new.external_id.as_ref().is_some_and(|e| e.trim().is_empty()) {
        return Err("external_id: empty; leave it out, or send your own id of this customer".to_owned());
    }
    let lists = [
        ("phones", CustomerAlias::Phone, &new.phones),
        ("emails", CustomerAlias::Email, &new.emails),
        ("tax_ids", CustomerAlias::TaxId, &new.tax_ids),
        ("id_numbers", CustomerAlias::IdNumber, &new.id_numbers),
    ];
    for (name, kind, values) in lists {
        if values.len() > ALIASES {
            return Err(format!("{name}: at most {ALIASES}"));
        }
        if let Some(bad) = values.iter().find(|v| kind.normalized(v).is_none()) {
            return Err(format!("{name}: {:?} has nothing to recognise anyone by", cut(bad)));
        }
        // Of several people it leaves the same digits, which would then be one person's.
        if let Some(bad) = values.iter().find(|v| kind != CustomerAlias::Email && is_rounded(v)) {
            return Err(format!("{name}: {:?} was rounded by a spreadsheet; send its digits", cut(bad)));
        }
    }
    let texts = [Some(&new.name), new.external_id.as_ref()];
    let mut all = texts.into_iter().flatten().chain(lists.iter().flat_map(|(.., values)| values.iter()));
    if all.clone().any(|t| t.contains('\0')) {
        return Err("a text of a customer holds no NUL".to_owned());
    }
    if let Some(long) = all.find(|t| t.chars().count() > TEXT_CHARS) {
        return Err(format!("{:?}…: at most {TEXT_CHARS} characters", cut(long)));
    }
    Ok(())
}

/// Whether a spreadsheet took a number for a quantity and rounded it (`5,73001E+11`): it is nobody's any more.
#[must_use]
pub fn is_rounded(value: &str) -> bool {
    let value = value.trim();
    let (mantissa, exponent) = value.split_once(['e', 'E']).unwrap_or((value, ""));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let fraction = mantissa.contains(['.', ',']) && is_digits(&mantissa.replace(['.', ','], ""));
    let signed = exponent.starts_with(['+', '-']);
    is_digits(exponent.trim_start_matches(['+', '-'])) && (fraction || signed && is_digits(mantissa))
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Checks a firm before it is kept, for the API and the command line.
///
/// # Errors
/// What is wrong with it, in words.
pub fn entity(new: NewEntity) -> Result<NewEntity, String> {
    let name = new.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > ENTITY_NAME {
        return Err(format!("name: 1 to {ENTITY_NAME} characters"));
    }
    let values = |what: &str, values: Vec<String>| {
        let values: Vec<String> = values.iter().map(|v| v.trim().to_owned()).collect();
        let (most, longest) = ENTITY_VALUES;
        if values.len() > most || values.iter().any(|v| v.is_empty() || v.chars().count() > longest) {
            return Err(format!("{what}: at most {most} values of 1 to {longest} characters"));
        }
        Ok(values)
    };
    Ok(NewEntity {
        name,
        tax_ids: values("tax_ids", new.tax_ids)?,
        accounts: values("accounts", new.accounts)?,
        phone_number_ids: values("phone_number_ids", new.phone_number_ids)?,
    })
}

/// Checks a route before it is kept, for the API and the command line.
///
/// # Errors
/// What is wrong with it, in words.
pub fn route(app: &Outgoing, new: &NewRoute) -> Result<(), String> {
    if new.name.trim().is_empty() || new.name.chars().count() > 80 {
        return Err("name: 1 to 80 characters".to_owned());
    }
    if let Some(kind) = new.kinds.iter().find(|k| !kinds::all().contains(&k.as_str())) {
        let kind: String = kind.chars().take(40).collect();
        return Err(format!("kinds: {kind:?} is none of {}", kinds::all().join(", ")));
    }
    if new.again_after_secs > AGAIN_MOST {
        return Err(format!("again_after_secs: at most {AGAIN_MOST} (0: never)"));
    }
    alerts::check(app, new.medium, &new.target, new.secret_ref.as_deref())
        .map_err(|why| format!("target: {why}"))
}

/// A day as it is written.
///
/// # Errors
/// When it is none.
pub fn day(name: &str, text: &str) -> Result<Date, Problem> {
    Date::parse(text, format_description!("[year]-[month]-[day]"))
        .map_err(|_| Problem::Unprocessable(format!("{name}: a day such as 2026-05-03")))
}

/// An obligation as it was typed, checked.
///
/// # Errors
/// When something of it cannot be kept.
pub fn obligation(
    customer: CustomerId,
    (number, amount, currency, due): (&str, &str, &str, &str),
) -> Result<NewObligation, Problem> {
    let bad = |text: String| Err(Problem::Unprocessable(text));
    let number = number.trim();
    if number.is_empty() || number.chars().count() > NUMBER_CHARS {
        return bad(format!("number: 1 to {NUMBER_CHARS} characters"));
    }
    let owed = amount.parse::<Amount>().map_err(|e| Problem::Unprocessable(format!("amount: {e}")))?;
    if owed <= Amount::ZERO {
        return bad("amount: more than nothing".to_owned());
    }
    let currency = currency.trim().to_uppercase();
    if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) {
        return bad("currency: three letters of ISO 4217, such as EUR".to_owned());
    }
    Ok(NewObligation {
        customer,
        number: number.to_owned(),
        amount: owed,
        currency,
        due: day("due", due)?,
        contact: None,
        phone_number_id: None,
        document: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_nobodys_is_refused() {
        let ana = || NewCustomer { name: "Ana".into(), ..NewCustomer::default() };
        assert_eq!(customer(&ana()), Ok(()));
        for bad in [
            NewCustomer { external_id: Some(String::new()), ..ana() },
            NewCustomer { external_id: Some(" ".into()), ..ana() },
            NewCustomer { external_id: Some("a\0b".into()), ..ana() },
            NewCustomer { name: "A\0na".into(), ..ana() },
            NewCustomer { phones: vec!["57300\x001112233".into()], ..ana() },
            NewCustomer { emails: vec!["a\0@x".into()], ..ana() },
            NewCustomer { phones: vec!["5,73E+11".into()], ..ana() },
            NewCustomer { phones: vec!["57E+10".into()], ..ana() },
            NewCustomer { tax_ids: vec!["9.00123e11".into()], ..ana() },
            NewCustomer { id_numbers: vec!["1,23457E+07".into()], ..ana() },
        ] {
            assert!(customer(&bad).is_err(), "{bad:?}");
        }
        for good in ["B12345678E1", "12E4", "900.123.456-1"] {
            assert_eq!(customer(&NewCustomer { tax_ids: vec![good.into()], ..ana() }), Ok(()), "{good}");
        }
        let unknown = serde_json::from_str::<NewCustomer>(r#"{"name":"Ana","taxId":"1"}"#).unwrap_err();
        assert!(unknown.to_string().contains("taxId"), "{unknown}");
    }
}

//! Receipts that pay what is owed. A filed one, whichever way it came, is held against what its customer owes; within all guards it settles by
//! itself, else it is proposed to a person, who confirms or refuses it ([`crate::Catalog::settle_receipt`]). A receipt that is
//! reopened, corrected or rejected takes its payments back, in the transaction that changes it; one that is erased those that
//! nobody confirmed.

use acuse_conversation::{Doubt, Owed, Payee, Slip, pays, stands_as};
use acuse_pipeline::{
    fields::{FieldName, Fields},
    reading::Fingerprint,
};
use uuid::Uuid;

use super::{
    ObligationState, Open, day_of, moved, open_of,
    payments::{Matched, propose, settle, take_back},
};
use crate::{
    cases,
    documents::look_alikes,
    error::CatalogError,
    house,
    names::{ContactId, CustomerId, DocumentId, Source, json as parsed},
    sql::{Tx, alone_by},
};

/// A document changed: what it paid is taken back where it no longer stands, and one that was filed may pay something.
pub(crate) async fn document_changed(
    tx: &mut Tx,
    document: DocumentId,
    kind: &str,
) -> Result<(), CatalogError> {
    let stands = matches!(kind, "document.filed" | "document.corrected");
    let leaves = matches!(
        kind,
        "document.in_review"
            | "document.rejected"
            | "document.duplicate"
            | "document.erased"
            | "document.processing"
            | "document.split"
            | "document.corrected"
            | "document.amended"
    );
    if leaves {
        // What an erased receipt paid stays paid: it is gone, and was not wrong.
        take_back(tx, document, kind != "document.erased").await?;
    }
    if leaves || stands {
        super::bills::follow(tx, document).await?;
    }
    if stands && tx.policies().is_some() {
        match_receipt(tx, document).await?;
    }
    Ok(())
}

type Receipt = (
    Option<Uuid>,
    Option<Uuid>,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<String>,
    Option<String>,
    String,
    String,
);

async fn match_receipt(tx: &mut Tx, document: DocumentId) -> Result<(), CatalogError> {
    let row = optional!(
        tx,
        Receipt,
        "SELECT customer_id, contact_id, phone_number_id, text, amount, currency, issuer_tax_id, fields, \
         source FROM documents WHERE id = $1 AND status = 'filed' AND duplicate_of IS NULL AND kind = 'receipt'",
        document.0
    )?;
    let Some((Some(customer), contact, number, text, paid, currency, payee, fields, source)) = row else {
        return Ok(());
    };
    let customer = CustomerId(customer);
    let owed = open_of(tx, customer).await?;
    if owed.is_empty() {
        return Ok(());
    }
    let fields: Fields = parsed("documents", "fields", &fields)?;
    let said = |name| fields.get(&name).map(|field| field.value.as_str().to_owned());
    let reference = said(FieldName::Number).map(|r| plain(&r)).filter(|r| !r.is_empty());
    let mut words = text.unwrap_or_default();
    words.extend(said(FieldName::Number).map(|n| format!(" {n}")));
    let currency = currency.map(|c| c.to_uppercase()).filter(|c| !c.is_empty());
    let slip = Slip {
        amount: paid,
        currency: currency.as_deref(),
        text: &words,
        day: said(FieldName::Date).or(said(FieldName::IssueDate)).and_then(|on| day_of(&on)),
        payee: payee_of(tx, payee.as_deref(), &words).await?,
        reference_is_new: is_new(tx, document, reference.as_deref()).await?,
    };
    let list: Vec<Owed<'_>> = owed
        .iter()
        .map(|o| Owed { number: &o.number, left: o.left, currency: &o.currency, due: o.due })
        .collect();
    let rules = house::rules(tx).await?.collecting();
    let cap = slip.currency.map_or(0, |currency| rules.cap(currency));
    let found = pays(&slip, &list, cap);
    let which: Vec<&Open> = found.pays.iter().filter_map(|place| owed.get(*place)).collect();
    let Some(first) = which.first() else { return Ok(()) };
    let sender =
        contact.map(ContactId).zip(number.as_deref()).filter(|_| source == Source::Whatsapp.as_str());
    // What it comes to in another currency nobody but a person says.
    let is_comparable = !found.doubts.contains(&Doubt::Currency);
    let paid = paid.filter(|_| is_comparable).unwrap_or_default();
    let what = Matched { document, reference: reference.as_deref(), paid };
    propose(tx, &what, &which, &found.doubts).await?;
    let is_sure = found.doubts.is_empty();
    let bill = first.id;
    let with = cases::matched(tx, (customer, bill), sender, (document.0, is_sure)).await?;
    for open in which.iter().filter(|open| open.is_open && !is_sure) {
        moved(tx, open.id.0, ObligationState::Open).await?;
    }
    if is_sure {
        let numbers = settle(tx, document, None, None).await?;
        // Whoever sent it is answered, and nobody else: who is billed may be another, and asleep. What came by another way
        // nobody wrote to us.
        if let Some(sender) = sender {
            cases::thank(tx, sender, document.0.to_string(), &numbers).await?;
        }
        cases::schedule(tx, customer, with.map_or(cases::Near::Bill(bill), cases::Near::Held)).await?;
    }
    Ok(())
}

/// Letters and figures alone, in one form.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// Whether what was paid went to one of us: by the payee's tax id as it was read, or to an account of ours that the paper
/// names as theirs. Where one of these stands as that of whoever paid, the money went the other way.
async fn payee_of(tx: &mut Tx, payee: Option<&str>, words: &str) -> Result<Payee, CatalogError> {
    let rows = all!(tx, (String, String), "SELECT tax_ids, accounts FROM entities ORDER BY id LIMIT 1000")?;
    let payee = payee.map(plain).filter(|id| !id.is_empty());
    let mut stands = Vec::new();
    for (tax_ids, accounts) in rows {
        let tax_ids: Vec<String> = parsed("entities", "tax_ids", &tax_ids)?;
        let accounts: Vec<String> = parsed("entities", "accounts", &accounts)?;
        let read = tax_ids.iter().filter(|id| Some(plain(id)) == payee);
        stands.extend(read.map(|id| match stands_as(words, id) {
            Some(Payee::Others) => Payee::Others,
            _ => Payee::Ours,
        }));
        stands.extend(accounts.iter().filter_map(|account| stands_as(words, account)));
    }
    let is = |payee| stands.contains(&payee);
    Ok(match (is(Payee::Ours), is(Payee::Unclear), is(Payee::Others)) {
        (true, _, false) => Payee::Ours,
        (true, _, true) | (false, true, _) => Payee::Unclear,
        (false, false, _) => Payee::Others,
    })
}

/// Whether a receipt has a reference that paid nothing yet, and is no picture of one that did, whoever sent that.
async fn is_new(tx: &mut Tx, document: DocumentId, reference: Option<&str>) -> Result<bool, CatalogError> {
    let Some(reference) = reference else { return Ok(false) };
    // Of two that come with one reference at once, the second finds what the first has done.
    alone_by(tx, &format!("reference {reference}")).await?;
    let (used,) = one!(
        tx,
        (i64,),
        "SELECT (SELECT COUNT(*) FROM obligation_payments p WHERE p.reference = $1 AND p.document_id <> $2 \
           AND p.state IN ('proposed', 'confirmed')) \
         + (SELECT COUNT(*) FROM documents d JOIN documents e ON e.id <> d.id AND e.part IS NULL AND d.part IS NULL \
             AND (e.original_sha256 = d.original_sha256 OR e.fingerprint = d.fingerprint) \
            WHERE d.id = $2 AND e.status <> 'rejected')",
        reference,
        document.0
    )?;
    Ok(used == 0 && !looks_used(tx, document).await?)
}

/// Whether its picture is nearly that of a receipt which paid something, or may have, whoever sent that.
async fn looks_used(tx: &mut Tx, document: DocumentId) -> Result<bool, CatalogError> {
    let (own,) = one!(tx, (Option<i64>,), "SELECT fingerprint FROM documents WHERE id = $1", document.0)?;
    let Some(own) = own else { return Ok(false) };
    for other in look_alikes(tx, document, Fingerprint(own.cast_unsigned())).await? {
        let (used,) = one!(
            tx,
            (i64,),
            "SELECT COUNT(*) FROM obligation_payments WHERE document_id = $1 AND state IN ('proposed', 'confirmed')",
            other.0
        )?;
        if used > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

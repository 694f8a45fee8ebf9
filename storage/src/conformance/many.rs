//! Many documents at once, for whoever measures how long the catalog takes to answer: put into the tables as the road
//! would leave them, without going it.

use acuse_pipeline::reason::ReasonCode;
use uuid::Uuid;

use crate::{
    Catalog, contacts,
    names::{micros, now},
    sql::Tx,
    words::{CONTACTS, CUSTOMERS, DOCUMENTS, tokens},
};

/// What there is to ask for.
#[derive(Debug, Clone)]
pub struct Many {
    /// Some of the documents, spread over all.
    pub ids: Vec<Uuid>,
    /// Of a hundredth of them.
    pub customer: Uuid,
    /// Of a hundredth of them.
    pub contact: Uuid,
}

/// A word in the name of every customer that was put.
pub const COMMON_CUSTOMER: &str = "comercial";
/// A name that every contact has.
pub const COMMON_CONTACT: &str = "ana";
/// Who wrote one line of the trail in twenty thousand, did one thing in ten thousand.
pub const RARE_ACTOR: &str = "user:auditora";
/// What was done then.
pub const RARE_ACTION: &str = "customer_merged";
/// Who wrote one line in forty.
pub const BUSY_ACTOR: &str = "user:revisora1";
/// What was done in half of all lines.
pub const COMMON_ACTION: &str = "view_id";
/// The type of one event in ten thousand.
pub const RARE_EVENT: &str = "customer.merged";
/// Documents to each customer and to each contact that can be found.
const TO_EACH: u64 = 20;

/// From one document to the next, in microseconds.
const EVERY: i64 = 120_000_000;

/// Documents put in one transaction.
const BATCH: u64 = 4_000;
/// Kept of the ids.
const KEPT: usize = 500;
/// Words that papers are made of.
const SYLLABLES: [&str; 16] =
    ["pa", "na", "de", "ria", "mer", "ca", "do", "tor", "res", "luz", "sol", "vi", "go", "ban", "co", "ler"];

fn mixed(n: u64, salt: u64) -> u64 {
    let mut x = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ salt.wrapping_mul(0xD1B5_4A32_D192_ED03);
    x ^= x >> 31;
    x = x.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x ^ (x >> 29)
}

/// One of 4,096 words.
#[must_use]
pub fn a_word(n: u64) -> String {
    (0..3).map(|at| SYLLABLES[(n >> (4 * at)) as usize & 15]).collect()
}

/// What the contact that came with a document is written from.
#[must_use]
pub fn a_phone(n: u64) -> String {
    format!("346{:08}", n / TO_EACH * TO_EACH)
}

/// The word by which the customer that came with a document is found alone.
#[must_use]
pub fn a_customer(n: u64) -> String {
    format!("cliente{:07}", n / TO_EACH * TO_EACH)
}

/// Which firm a document is from. A hundred of them come and go with each ten thousand documents, so that each has a
/// hundred, however many there are.
const fn firm(n: u64) -> u64 {
    n / 10_000 * 100 + n % 100
}

/// What the firm is called that a document is from.
#[must_use]
pub fn a_firm(n: u64) -> String {
    let firm = firm(n);
    format!("{} {} {firm} sl", a_word(firm), a_word(mixed(firm, 5)))
}

/// The tax id of that firm.
#[must_use]
pub fn a_tax_id(n: u64) -> String {
    format!("B-{:08}", firm(n))
}

fn text_of(n: u64) -> String {
    let words: Vec<String> = (0..40).map(|at| a_word(mixed(n, at) % 4_096)).collect();
    format!("factura F-{n:07} total {}.{:02} {} {}", n % 9_000, n % 100, a_firm(n), words.join(" "))
}

/// Whether a document waits for a person.
fn waits(n: u64) -> bool {
    n % 100 == 11 || n % 100 == 61
}

/// How many documents [`many`] put there, and what there is to ask for; none in a catalog without any.
///
/// # Panics
/// When the database fails.
pub async fn many_before(catalog: &Catalog) -> Option<(u64, Many)> {
    let mut tx = catalog.reading().await.unwrap();
    let (count, start): (i64, Option<i64>) =
        one!(tx, (i64, Option<i64>), "SELECT COUNT(*), MIN(received_at) FROM documents").unwrap();
    let start = start?;
    let (customer,): (Uuid,) = one!(tx, (Uuid,), "SELECT id FROM customers WHERE name_key = 'c'").unwrap();
    let (contact,): (Uuid,) = one!(tx, (Uuid,), "SELECT id FROM contacts WHERE name = 'C'").unwrap();
    let apart = (count / KEPT as i64).max(1) * EVERY;
    let text = "SELECT id FROM documents WHERE (received_at - $1) % $2 = 0 ORDER BY received_at";
    let ids: Vec<(Uuid,)> = all!(tx, (Uuid,), text, start, apart).unwrap();
    let ids = ids.into_iter().map(|(id,)| id).collect();
    Some((count.unsigned_abs(), Many { ids, customer, contact }))
}

/// Puts so many documents, two minutes apart up to now.
///
/// # Panics
/// When the database fails.
pub async fn many(catalog: &Catalog, count: u64) -> Many {
    many_watched(catalog, count, |_| {}).await
}

/// The same; `put_so_far` hears how many are there after each batch.
///
/// # Panics
/// When the database fails.
pub async fn many_watched(catalog: &Catalog, count: u64, mut put_so_far: impl FnMut(u64)) -> Many {
    let (customer, contact) = (Uuid::now_v7(), Uuid::now_v7());
    let start = micros(now()) - i64::try_from(count).unwrap() * EVERY;
    let mut tx = catalog.writing().await.unwrap();
    let text =
        "INSERT INTO customers (id, name, name_key, created_at, updated_at) VALUES ($1, 'C', 'c', 1, 1)";
    execute!(tx, text, customer).unwrap();
    let text = "INSERT INTO contacts (id, name, created_at, updated_at) VALUES ($1, 'C', 1, 1)";
    execute!(tx, text, contact).unwrap();
    // Messages of all these years are counted.
    execute!(tx, "UPDATE marks SET at = 0 WHERE name = 'message_ledger_from'").unwrap();
    tx.commit().await.unwrap();
    let mut ids = Vec::new();
    let mut at = 0;
    while at < count {
        let until = (at + BATCH).min(count);
        let rows: Vec<(u64, Uuid)> = (at..until).map(|n| (n, Uuid::now_v7())).collect();
        put(catalog, &rows, start, (customer, contact)).await;
        ids.extend(rows.iter().filter(|(n, _)| n % (count / KEPT as u64).max(1) == 0).map(|(_, id)| *id));
        at = until;
        put_so_far(at);
    }
    let mut tx = catalog.writing().await.unwrap();
    // As the roads in would have counted them.
    execute!(tx, "UPDATE arrivals SET files = documents + answers + not_documents").unwrap();
    // As PostgreSQL does by itself, and SQLite never.
    if catalog.database() == "postgres" {
        execute!(tx, "ANALYZE").unwrap();
    }
    tx.commit().await.unwrap();
    Many { ids, customer, contact }
}

async fn put(catalog: &Catalog, rows: &[(u64, Uuid)], start: i64, whose: (Uuid, Uuid)) {
    let mut tx = catalog.writing().await.unwrap();
    let received = |n: u64| start + i64::try_from(n).unwrap() * EVERY;
    let first = rows[0].1;
    insert!(
        tx,
        "INSERT INTO documents (id, source, sent_at, received_at, status, stage, kind, customer_id, contact_id, \
         duplicate_of, updated_at, doc_date, issuer, issuer_tax_id, number, amount, currency, sensitivity, fields, text) \
         VALUES ",
        20,
        "",
        rows,
        |q, (n, id)| {
            let day = time::OffsetDateTime::from_unix_timestamp(received(*n) / 1_000_000).unwrap().date();
            let n = *n;
            let duplicate = n % 97 == 1;
            q.bind(*id)
                .bind(if n % 50 == 3 { "import" } else { "whatsapp" })
                .bind(received(n))
                .bind(received(n))
                .bind(match n % 100 {
                    9 if !duplicate => "rejected",
                    n if waits(n) && !duplicate => "in_review",
                    _ => "filed",
                })
                .bind("done")
                .bind(["invoice", "receipt", "receipt", "id"][(n % 41 % 4) as usize])
                .bind((n % 100 == 2).then_some(whose.0))
                .bind((n % 100 == 5).then_some(whose.1))
                .bind(duplicate.then_some(first))
                .bind(received(n) + 5_000_000)
                .bind(format!("{:04}{:02}{:02}", day.year(), u8::from(day.month()), day.day()))
                .bind(a_firm(n))
                .bind(format!("b{:08}", firm(n)))
                .bind(format!("f{n:07}"))
                .bind(i64::try_from(mixed(n, 9) % 9_000_000).unwrap())
                .bind(if n % 60 == 4 { "usd" } else { "eur" })
                .bind(if n % 8 == 0 { "unknown" } else { "open" })
                .bind(r#"{"total":{"value":"45.00","confidence":0.9,"page":1,"box":null,"source":"ocr"}}"#)
                .bind(text_of(n))
        }
    )
    .unwrap();
    insert!(
        tx,
        "INSERT INTO events (at, kind, document_id, data, mark) VALUES ",
        5,
        "",
        rows,
        |q, (n, id)| {
            let kind = if n % 10_000 == 9 { RARE_EVENT } else { "document.filed" };
            q.bind(received(*n)).bind(kind).bind(*id).bind("{}").bind(1_i64)
        }
    )
    .unwrap();
    // One answer a document; a thousandth is still on its way.
    insert!(
        tx,
        "INSERT INTO outbox (id, document_id, contact_id, purpose, body, language, state, sent_at, created_at, \
         updated_at) VALUES ",
        10,
        "",
        rows,
        |q, (n, id)| {
            let state = if n % 1_000 == 7 { "sent" } else { "delivered" };
            q.bind(Uuid::now_v7())
                .bind(*id)
                .bind(whose.1)
                .bind("filed")
                .bind("It is filed.")
                .bind("en")
                .bind(state)
                .bind(received(*n))
                .bind(received(*n))
                .bind(received(*n))
        }
    )
    .unwrap();
    let texts: Vec<_> = rows.iter().map(|(n, id)| ((*id, received(*n)), tokens(&text_of(*n)))).collect();
    DOCUMENTS.keep_new(&mut tx, &texts).await.unwrap();
    let at: Vec<(u64, Uuid, i64)> = rows.iter().map(|(n, id)| (*n, *id, received(*n))).collect();
    put_reviews(&mut tx, &at).await;
    put_people(&mut tx, &at).await;
    put_trail(&mut tx, &at).await;
    tx.commit().await.unwrap();
}

/// A review of each document that waits; a hundredth of one in a hundred waits for a reason of its own.
async fn put_reviews(tx: &mut Tx, rows: &[(u64, Uuid, i64)]) {
    let waiting = rows.iter().filter(|(n, ..)| waits(n % 100) && n % 97 != 1);
    let waiting: Vec<_> = waiting.map(|(n, id, at)| (Uuid::now_v7(), *n, *id, *at)).collect();
    insert!(
        tx,
        "INSERT INTO reviews (id, document_id, stage, reasons, opened_at, due_at) VALUES ",
        6,
        "",
        &waiting,
        |q, (review, _, id, at)| q
            .bind(*review)
            .bind(*id)
            .bind("link")
            .bind("[]")
            .bind(*at)
            .bind(*at + 86_400_000_000)
    )
    .unwrap();
    let why = |n: u64| if n % 10_000 == 11 { ReasonCode::Malware } else { ReasonCode::UnknownCustomer };
    let reasons: Vec<_> = waiting.iter().map(|(review, n, ..)| (*review, why(*n).as_str())).collect();
    let text = "INSERT INTO review_reasons (review_id, code) VALUES ";
    insert!(tx, text, 2, "", &reasons, |q, (review, code)| q.bind(*review).bind(*code)).unwrap();
}

/// Customers and contacts that nobody's documents are, one to so many documents.
async fn put_people(tx: &mut Tx, rows: &[(u64, Uuid, i64)]) {
    let some = rows.iter().filter(|(n, ..)| n % TO_EACH == 0);
    let some: Vec<_> = some.map(|(n, _, at)| (Uuid::now_v7(), *n, *at)).collect();
    let customer = |n: u64| format!("{} {COMMON_CUSTOMER} {}", a_customer(n), a_word(mixed(n, 21) % 4_096));
    let contact = |n: u64| format!("{COMMON_CONTACT} {}", a_word(mixed(n, 22) % 4_096));
    insert!(
        tx,
        "INSERT INTO customers (id, name, name_key, created_at, updated_at) VALUES ",
        5,
        "",
        &some,
        |q, (id, n, at)| q.bind(*id).bind(customer(*n)).bind(customer(*n)).bind(*at).bind(*at)
    )
    .unwrap();
    let words: Vec<_> = some.iter().map(|(id, n, at)| ((*id, *at), tokens(&customer(*n)))).collect();
    CUSTOMERS.keep_new(tx, &words).await.unwrap();
    let some: Vec<_> = some.into_iter().map(|(_, n, at)| (Uuid::now_v7(), n, at)).collect();
    insert!(
        tx,
        "INSERT INTO contacts (id, name, phone, created_at, updated_at) VALUES ",
        5,
        "",
        &some,
        |q, (id, n, at)| q.bind(*id).bind(contact(*n)).bind(a_phone(*n)).bind(*at).bind(*at)
    )
    .unwrap();
    let words: Vec<_> = some
        .iter()
        .map(|(id, n, at)| ((*id, *at), contacts::tokens(Some(&contact(*n)), Some(&a_phone(*n)))))
        .collect();
    CONTACTS.keep_new(tx, &words).await.unwrap();
}

/// A line of the trail about each document.
async fn put_trail(tx: &mut Tx, rows: &[(u64, Uuid, i64)]) {
    insert!(
        tx,
        "INSERT INTO audit (at, actor, action, document_id) VALUES ",
        4,
        "",
        rows,
        |q, (n, id, at)| q
            .bind(*at)
            .bind(if n % 20_000 == 3 { RARE_ACTOR.to_owned() } else { format!("user:revisora{}", n % 40) })
            .bind(match n % 10_000 {
                3 => RARE_ACTION,
                n if n % 2 == 0 => COMMON_ACTION,
                _ => "list",
            })
            .bind(*id)
    )
    .unwrap();
}

//! What a contact agreed to, or no more: a row each time, never changed and never deleted, so that it answers since when,
//! by what, and who wrote it down.

use acuse_conversation::{Intent, language::Language, said};
use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    cases,
    catalog::Catalog,
    error::CatalogError,
    names::{ContactId, at, clean_maybe, cut, micros, word, words},
    outbox::{self, HeldFor, NewReply, Purpose, Saying},
    sql::Tx,
};

words! {
    /// What somebody agrees to.
    Category, "consent category" {
        /// Advertising.
        Marketing = "marketing",
        /// News about what they ordered, and reminders.
        Utility = "utility",
        /// Reminders of what they owe.
        Billing = "billing",
        /// The privacy notice.
        Privacy = "privacy",
    }
}

words! {
    /// What they said.
    Word, "consent" {
        /// Yes.
        Granted = "granted",
        /// No more.
        Withdrawn = "withdrawn",
        /// They were told, or came back to what they had stopped and never agreed to: neither a yes nor a no.
        Told = "told",
    }
}

/// What we send of our own accord, which one word ends.
const PROACTIVE: [Category; 3] = [Category::Marketing, Category::Utility, Category::Billing];

/// How we know of a stop that somebody wrote.
const BY_MESSAGE: &str = "message_stop";

/// A consent to write down.
#[derive(Debug, Clone)]
pub struct NewConsent<'a> {
    /// Whose.
    pub contact: ContactId,
    /// For which of our numbers.
    pub phone_number_id: &'a str,
    /// To what.
    pub category: Category,
    /// What they said.
    pub word: Word,
    /// How we know: a form, a contract, a message.
    pub source: &'a str,
    /// Which version of which text they agreed to.
    pub text_version: Option<&'a str>,
    /// Who wrote it down, where it was not they.
    pub said_by: Option<&'a str>,
    /// When they said it.
    pub at: OffsetDateTime,
}

/// A consent as it was written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Written {
    /// Whose.
    pub contact_id: ContactId,
    /// For which of our numbers.
    pub phone_number_id: String,
    /// To what.
    pub category: Category,
    /// What they said.
    pub state: Word,
    /// How we know.
    pub source: String,
    /// Which version of which text they agreed to.
    pub text_version: Option<String>,
    /// Who wrote it down, where it was not they.
    pub said_by: Option<String>,
    /// When they said it.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// Most rows of one answer.
const MOST: i64 = 1_000;

pub(crate) async fn write(tx: &mut Tx, new: &NewConsent<'_>) -> Result<(), CatalogError> {
    execute!(
        tx,
        "INSERT INTO consents (contact_id, phone_number_id, category, state, source, at, text_version, said_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        new.contact.0,
        new.phone_number_id,
        new.category.as_str(),
        new.word.as_str(),
        cut(new.source, 200),
        micros(new.at),
        clean_maybe(new.text_version.map(|v| cut(v, 200)).as_deref()),
        clean_maybe(new.said_by.map(|v| cut(v, 200)).as_deref())
    )
    .map(drop)
}

/// The latest word of a contact on a category; none: they never said any.
pub(crate) async fn latest(
    tx: &mut Tx,
    contact: ContactId,
    phone_number_id: &str,
    category: Category,
) -> Result<Option<Word>, CatalogError> {
    let row = optional!(
        tx,
        (String,),
        "SELECT state FROM consents WHERE contact_id = $1 AND phone_number_id = $2 AND category = $3 \
         ORDER BY seq DESC LIMIT 1",
        contact.0,
        phone_number_id,
        category.as_str()
    )?;
    row.map(|(state,)| word("consents", "state", &state)).transpose()
}

/// A contact said, in a word of their own or by WhatsApp's switch, that they want no more of `categories`, or want them
/// again. Whether that is news.
async fn turned(
    tx: &mut Tx,
    (contact, phone_number_id): (ContactId, &str),
    intent: Intent,
    categories: &[Category],
    (source, at): (&str, OffsetDateTime),
) -> Result<bool, CatalogError> {
    let mut is_news = false;
    for &category in categories {
        let before = latest(tx, contact, phone_number_id, category).await?;
        let word = match (intent, before) {
            (Intent::Stop, Some(Word::Withdrawn)) => continue,
            (Intent::Stop, _) => Word::Withdrawn,
            (Intent::Start, Some(Word::Withdrawn)) => {
                if was_stopped_since(tx, (contact, phone_number_id), category, at).await? {
                    continue;
                }
                back(tx, (contact, phone_number_id), category).await?
            }
            // Whoever never left cannot come back.
            (Intent::Start | Intent::Thanks | Intent::Agreed, _) => continue,
        };
        is_news = true;
        let (text_version, said_by) = (None, None);
        let new = NewConsent { contact, phone_number_id, category, word, source, text_version, said_by, at };
        write(tx, &new).await?;
        if (word, category) == (Word::Granted, Category::Billing) {
            cases::may_be_billed(tx, contact).await?;
        }
    }
    match intent {
        Intent::Stop if is_news => cases::stopped(tx, (contact, phone_number_id), categories).await?,
        Intent::Start if is_news => cases::resumed(tx, (contact, phone_number_id), categories).await?,
        _ => {}
    }
    Ok(is_news)
}

/// Whether their own word that stopped a category was said after this one, which comes behind it: webhooks come in any order,
/// for days, and those of one moment in that of their ids. Of two in one second the stop counts.
async fn was_stopped_since(
    tx: &mut Tx,
    (contact, phone_number_id): (ContactId, &str),
    category: Category,
    said: OffsetDateTime,
) -> Result<bool, CatalogError> {
    let row = optional!(
        tx,
        (String, i64),
        "SELECT source, at FROM consents WHERE contact_id = $1 AND phone_number_id = $2 AND category = $3 \
         ORDER BY seq DESC LIMIT 1",
        contact.0,
        phone_number_id,
        category.as_str()
    )?;
    if row.is_some_and(|(source, stopped)| source == BY_MESSAGE && stopped >= micros(said)) {
        return Ok(true);
    }
    wrote_stop_since(tx, (contact, phone_number_id), said).await
}

/// Whether they wrote a stop then or later: of one who had stopped already it stands nowhere else.
async fn wrote_stop_since(
    tx: &mut Tx,
    (contact, phone_number_id): (ContactId, &str),
    said: OffsetDateTime,
) -> Result<bool, CatalogError> {
    let rows = all!(
        tx,
        (String,),
        "SELECT m.body FROM messages m WHERE m.contact_id = $1 AND m.sent_at >= $2 AND m.phone_number_id = $3 \
         AND m.direction = 'in' AND m.type IN ('text', 'button', 'interactive') AND m.body IS NOT NULL \
         ORDER BY m.sent_at DESC LIMIT 200",
        contact.0,
        micros(said),
        phone_number_id
    )?;
    Ok(rows.iter().any(|(body,)| Intent::of(body) == Some(Intent::Stop)))
}

/// What somebody has of a category who comes back: what they had. Where they never agreed to it they only stop it no more.
async fn back(
    tx: &mut Tx,
    (contact, phone_number_id): (ContactId, &str),
    category: Category,
) -> Result<Word, CatalogError> {
    let (granted,) = one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM consents WHERE contact_id = $1 AND phone_number_id = $2 AND category = $3 \
         AND state = 'granted'",
        contact.0,
        phone_number_id,
        category.as_str()
    )?;
    Ok(if granted > 0 { Word::Granted } else { Word::Told })
}

/// A contact wrote a word that ends, or begins again, what we send of our own accord: it is written down, what is
/// proactive closes, and they are told once.
pub(crate) async fn said(
    tx: &mut Tx,
    contact: ContactId,
    phone_number_id: &str,
    intent: Intent,
    at: OffsetDateTime,
) -> Result<(), CatalogError> {
    let source = match intent {
        Intent::Stop => BY_MESSAGE,
        Intent::Start => "message_start",
        Intent::Thanks | Intent::Agreed => return Ok(()),
    };
    if !turned(tx, (contact, phone_number_id), intent, &PROACTIVE, (source, at)).await? {
        return Ok(());
    }
    let words: (Purpose, fn(Language) -> String) = match intent {
        Intent::Stop => (Purpose::Stopped, said::stopped),
        Intent::Start | Intent::Thanks | Intent::Agreed => (Purpose::Started, said::started),
    };
    confirm(tx, (contact, phone_number_id), words).await
}

/// Says to a contact what their word has done.
async fn confirm(
    tx: &mut Tx,
    (contact, phone_number_id): (ContactId, &str),
    (purpose, words): (Purpose, fn(Language) -> String),
) -> Result<(), CatalogError> {
    let language = cases::person(tx, contact).await?.language;
    let (body, language) = (words(language), language.as_str().to_owned());
    let reply = NewReply { purpose, body, language, nonce: String::new() };
    let saying = Saying {
        document: None,
        case: None,
        contact,
        phone_number_id: Some(phone_number_id),
        category: None,
    };
    outbox::queue(tx, saying, &reply).await
}

/// Advertising ended by WhatsApp's switch, of which nobody wrote a word: that it did is said once, and of it alone. Outside of
/// the window WhatsApp itself has said so, and nothing of ours may.
async fn confirm_no_advertising(tx: &mut Tx, about: (ContactId, &str)) -> Result<(), CatalogError> {
    if !outbox::is_window_open(tx, about).await? {
        return Ok(());
    }
    confirm(tx, about, (Purpose::Stopped, said::no_advertising)).await
}

/// WhatsApp's own switch, which is about marketing.
pub(crate) async fn switched(
    tx: &mut Tx,
    contact: ContactId,
    phone_number_id: &str,
    intent: Intent,
    at: OffsetDateTime,
) -> Result<(), CatalogError> {
    let categories = [Category::Marketing];
    let about = (contact, phone_number_id);
    let is_news = turned(tx, about, intent, &categories, ("whatsapp_preferences", at)).await?;
    if is_news && intent == Intent::Stop { confirm_no_advertising(tx, about).await } else { Ok(()) }
}

/// Meta refused a message of this category, because they want no more of such: as if they had said so themselves.
pub(crate) async fn refused(
    tx: &mut Tx,
    about: (ContactId, &str),
    category: &str,
    source: &str,
) -> Result<(), CatalogError> {
    // What they said last is asked, and what they say now written, by one at a time.
    cases::hold_contact(tx, about.0).await?;
    // Meta's own switch is about marketing.
    let category = category.parse().unwrap_or(Category::Marketing);
    let present = tx.now();
    let is_news = turned(tx, about, Intent::Stop, &[category], (source, present)).await?;
    if is_news && category == Category::Marketing {
        return confirm_no_advertising(tx, about).await;
    }
    Ok(())
}

type Row = (Uuid, String, String, String, String, Option<String>, Option<String>, i64);

impl Catalog {
    /// Writes a consent down.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn write_consent(&self, new: &NewConsent<'_>) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        write(&mut tx, new).await?;
        if new.word == Word::Withdrawn {
            cases::stopped(&mut tx, (new.contact, new.phone_number_id), &[new.category]).await?;
        }
        if new.word == Word::Granted && new.category == Category::Privacy {
            cases::released(&mut tx, (new.contact, new.phone_number_id)).await?;
        }
        if new.word == Word::Granted && new.category == Category::Billing {
            cases::may_be_billed(&mut tx, new.contact).await?;
        }
        if new.word == Word::Granted {
            cases::resumed(&mut tx, (new.contact, new.phone_number_id), &[new.category]).await?;
            // Whoever agrees is whoever goes by that name now: what waited to see who that is goes.
            let over = [HeldFor::Confirmation, HeldFor::Stop];
            outbox::release_of(&mut tx, &[new.contact.0], &over).await?;
        }
        tx.commit().await
    }

    /// All that a contact ever said of what we may send, the oldest first; at most a thousand.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn written_consents(&self, contact: ContactId) -> Result<Vec<Written>, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!(
            "SELECT contact_id, phone_number_id, category, state, source, text_version, said_by, at FROM consents \
             WHERE contact_id = $1 ORDER BY seq LIMIT {MOST}"
        );
        all!(tx, Row, sqlx::AssertSqlSafe(text.clone()), contact.0)?
            .into_iter()
            .map(|(contact, number, category, state, source, text_version, said_by, when)| {
                Ok(Written {
                    contact_id: ContactId(contact),
                    phone_number_id: number,
                    category: word("consents", "category", &category)?,
                    state: word("consents", "state", &state)?,
                    source,
                    text_version,
                    said_by,
                    at: at("consents", "at", when)?,
                })
            })
            .collect()
    }
}

//! Passwords that were asked for. The words of one never reach a row: [`crate::inbound`] takes them out of what it
//! keeps and leaves them here, sealed, until they are used or an hour old.

use acuse_conversation::{Event, Expects, State};
use acuse_pipeline::phone;
use serde_json::json;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{
    super::{CaseId, OPEN, get, happens, hold_contact},
    read_again,
};
use crate::{
    catalog::Catalog,
    error::CatalogError,
    inbound::Identity,
    names::{DocumentId, micros},
    sql::Tx,
};

/// What stands for a password wherever its words would.
pub const PASSWORD: &str = "[password]";
/// How long a password waits to be used.
const LIVES: Duration = Duration::HOUR;
/// For how long the message that brought one may come again (Meta: seven days), or be edited.
const COMES_AGAIN: Duration = Duration::days(8);
/// Longest password that is tried, characters.
const MOST_CHARS: usize = 256;

/// A password on its way to its case.
pub(crate) struct Sealed {
    pub case: CaseId,
    pub document: DocumentId,
    pub sealed: String,
}

/// A message with words, as far as it may be a password.
pub(crate) struct Worded<'a> {
    pub identity: &'a Identity,
    pub phone_number_id: &'a str,
    pub wamid: &'a str,
    pub words: &'a str,
    /// The channel's id of the message that it answers: the question, or the locked file itself.
    pub reply_to: Option<&'a str>,
}

impl Worded<'_> {
    /// The names its sender goes by, as they are asked for: those that it says, and their number in its other form, whichever
    /// they were known by when they were asked.
    fn names(&self) -> [String; 4] {
        let said = |name: &Option<String>| name.clone().unwrap_or_default();
        let identity = self.identity;
        let number = said(&identity.wa_id);
        let digits = phone::other_form(&number).unwrap_or_else(|| phone::canonical(&number));
        [said(&identity.wa_id), said(&identity.bsuid), said(&identity.parent_bsuid), digits]
    }
}

/// Whose its seal is: it opens for nobody else.
fn owner(document: DocumentId) -> String {
    format!("password of {document}")
}

/// Whether anybody is asked for a password, or lately answered: only then messages are looked at.
pub(crate) async fn are_awaited(tx: &mut Tx) -> Result<bool, CatalogError> {
    let since = micros(tx.now() - COMES_AGAIN);
    let text = format!(
        "SELECT (SELECT COUNT(*) FROM cases WHERE expects = 'password' AND state IN {OPEN}) \
         + (SELECT COUNT(*) FROM case_secrets WHERE created_at > $1)"
    );
    let (awaited,) = one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), since)?;
    Ok(awaited > 0)
}

/// Whether a message's words must not be kept: it answers an open question for a password (then they are sealed for it),
/// or it is such a message come again or edited.
pub(crate) async fn is_password(
    catalog: &Catalog,
    tx: &mut Tx,
    message: &Worded<'_>,
    is_edit: bool,
) -> Result<Option<Option<Sealed>>, CatalogError> {
    let names = message.names();
    let since = micros(tx.now() - COMES_AGAIN);
    let (known,) = one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM case_secrets WHERE phone_number_id = $1 AND wamid = $2 AND created_at > $3",
        message.phone_number_id,
        message.wamid,
        since
    )?;
    if known > 0 {
        return Ok(Some(None));
    }
    let row = asked(tx, message, &names).await?;
    if let Some((case, subject, expects)) = row {
        let Ok(document) = subject.parse::<DocumentId>() else { return Ok(Some(None)) };
        // A sentence beside one that is tried is about it: it is kept nowhere either, and takes no place.
        if expects.is_none() && message.words.split_whitespace().nth(1).is_some() {
            return Ok(Some(None));
        }
        let words: String = message.words.trim().chars().take(MOST_CHARS).collect();
        // Without a key file nothing is asked for a password; were it lost meanwhile, nothing is kept.
        let sealed = catalog.keys.get().and_then(|keys| keys.seal_secret(&owner(document), &words));
        return Ok(Some(sealed.map(|sealed| Sealed { case: CaseId(case), document, sealed })));
    }
    if !is_edit {
        return Ok(None);
    }
    // What was typed in place of a password is one too.
    Ok(was_lately(tx, message, &names, since).await?.then_some(None))
}

/// The case that asks its sender for a password: which, its document, and what it expects. Of several the one whose question or
/// file they answer, else the first.
async fn asked(
    tx: &mut Tx,
    message: &Worded<'_>,
    names: &[String; 4],
) -> Result<Option<(Uuid, String, Option<String>)>, CatalogError> {
    // Also while one is tried: whoever saw their slip sends the right one at once.
    let text = format!(
        "SELECT c.id, c.subject, c.expects FROM cases c WHERE c.phone_number_id = $1 AND c.kind = 'ask' \
         AND c.state IN {OPEN} AND (c.expects = 'password' OR EXISTS (SELECT 1 FROM case_secrets s \
           WHERE s.case_id = c.id AND s.sealed IS NOT NULL)) AND c.contact_id IN (SELECT a.contact_id \
         FROM contact_aliases a WHERE a.value IN ($2, $3, $4, $5)) ORDER BY CASE WHEN EXISTS (SELECT 1 FROM outbox o \
           WHERE o.wamid = $6 AND (o.case_id = c.id OR o.document_id IN (SELECT q.document_id FROM case_documents q \
             WHERE q.case_id = c.id AND q.role = 'asked'))) \
           OR EXISTS (SELECT 1 FROM messages m JOIN documents d ON d.message_id = m.id JOIN case_documents q \
             ON q.document_id = d.id AND q.role = 'asked' \
             WHERE m.phone_number_id = $1 AND m.wamid = $6 AND q.case_id = c.id) THEN 0 ELSE 1 END, c.id LIMIT 1"
    );
    optional!(
        tx,
        (Uuid, String, Option<String>),
        sqlx::AssertSqlSafe(text.clone()),
        message.phone_number_id,
        names[0].as_str(),
        names[1].as_str(),
        names[2].as_str(),
        names[3].as_str(),
        message.reply_to
    )
}

/// Whether a sender brought a password since then.
async fn was_lately(
    tx: &mut Tx,
    message: &Worded<'_>,
    names: &[String; 4],
    since: i64,
) -> Result<bool, CatalogError> {
    let (lately,) = one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM case_secrets s JOIN cases c ON c.id = s.case_id WHERE s.created_at > $1 \
         AND c.phone_number_id = $2 AND c.contact_id IN (SELECT a.contact_id FROM contact_aliases a \
         WHERE a.value IN ($3, $4, $5, $6))",
        since,
        message.phone_number_id,
        names[0].as_str(),
        names[1].as_str(),
        names[2].as_str(),
        names[3].as_str()
    )?;
    Ok(lately > 0)
}

/// Keeps a sealed password beside its case; a later one takes the place of an earlier one.
pub(crate) async fn keep(tx: &mut Tx, message: &Worded<'_>, secret: &Sealed) -> Result<(), CatalogError> {
    let present = tx.now();
    execute!(tx, "UPDATE case_secrets SET sealed = NULL WHERE document_id = $1", secret.document.0)?;
    execute!(
        tx,
        "INSERT INTO case_secrets (phone_number_id, wamid, case_id, document_id, sealed, expires_at, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        message.phone_number_id,
        message.wamid,
        secret.case.0,
        secret.document.0,
        secret.sealed.as_str(),
        micros(present + LIVES),
        micros(present)
    )
    .map(drop)
}

/// The message of a password is recorded: its document goes round again, with it.
pub(crate) async fn answered(
    tx: &mut Tx,
    (phone_number_id, wamid): (&str, &str),
    message: Uuid,
) -> Result<bool, CatalogError> {
    let row = optional!(
        tx,
        (Uuid, Uuid),
        "SELECT case_id, document_id FROM case_secrets WHERE phone_number_id = $1 AND wamid = $2",
        phone_number_id,
        wamid
    )?;
    let Some((case, document)) = row else { return Ok(false) };
    let Some(seen) = get(tx, CaseId(case)).await? else { return Ok(true) };
    hold_contact(tx, seen.contact).await?;
    let Some(held) = get(tx, CaseId(case)).await? else { return Ok(true) };
    // Its file is opened though a person has the question: no password lives until they give it back.
    let waits = match held.case.state {
        State::Waiting => true,
        State::Human => held.case.expects == Some(Expects::Password),
        _ => false,
    };
    if waits {
        happens(tx, held, message, Event::Secret).await?;
        let detail = json!({ "password": true, "message_id": message, "case_id": case });
        read_again(tx, DocumentId(document), detail).await?;
    }
    Ok(true)
}

/// A document was read, with its password or without one: it is of no more use.
pub(crate) async fn used(tx: &mut Tx, document: DocumentId) -> Result<(), CatalogError> {
    execute!(
        tx,
        "UPDATE case_secrets SET sealed = NULL WHERE document_id = $1 AND sealed IS NOT NULL",
        document.0
    )
    .map(drop)
}

impl Catalog {
    /// The password that a document's sender sent for it, while it lives and has not been used.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn password_of(&self, document: DocumentId) -> Result<Option<String>, CatalogError> {
        let Some(keys) = self.keys.get() else { return Ok(None) };
        let mut tx = self.quick().await?;
        let present = micros(tx.now());
        let row = optional!(
            tx,
            (String,),
            "SELECT sealed FROM case_secrets WHERE document_id = $1 AND sealed IS NOT NULL AND expires_at > $2 \
             ORDER BY created_at DESC LIMIT 1",
            document.0,
            present
        )?;
        Ok(row.and_then(|(sealed,)| keys.open_secret(&owner(document), &sealed)))
    }

    /// Passwords that nobody used in their hour are deleted, and the messages that brought one are forgotten when they
    /// can come no more; how many passwords.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_passwords(&self, present: OffsetDateTime) -> Result<u64, CatalogError> {
        let mut tx = self.writing().await?;
        let forgotten = execute!(
            tx,
            "UPDATE case_secrets SET sealed = NULL WHERE sealed IS NOT NULL AND expires_at <= $1",
            micros(present)
        )?;
        execute!(
            tx,
            "DELETE FROM case_secrets WHERE sealed IS NULL AND created_at <= $1",
            micros(present - COMES_AGAIN)
        )?;
        tx.commit().await?;
        Ok(forgotten)
    }
}

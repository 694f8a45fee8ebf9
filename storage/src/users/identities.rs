//! Who people are for an identity provider, and how somebody whom one vouches for comes in: by the provider's own name for
//! them, and before that is known by an e-mail address that an admin gave and the provider proved.

use acuse_pipeline::document::Sha256;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{COLUMNS, Change, NO_PASSWORD, Role, Row, Unchanged, User};
use crate::{
    audit,
    catalog::Catalog,
    error::CatalogError,
    names::{UserId, at, maybe_at, micros},
    sql::Tx,
};

/// Who the trail says it was where a provider's word did it.
pub const ACTOR: &str = "oidc";
/// Longest name of a person.
const NAME_CHARS: usize = 80;
const T: &str = "person_identities";

/// Somebody whom a provider vouches for.
#[derive(Debug, Clone, Copy)]
pub struct Vouched<'a> {
    /// The provider.
    pub issuer: &'a str,
    /// Its name for them, which it gives nobody else.
    pub subject: &'a str,
    /// Their address, in lower case and proven; none: nobody is found by it.
    pub email: Option<&'a str>,
    /// What their groups there make of them; none: their role is ours to give.
    pub role: Option<Role>,
    /// What becomes of somebody whom nobody added; none: they stay outside.
    pub new_role: Option<Role>,
}

/// Why somebody stays outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    /// Nobody added them.
    Unknown,
    /// They may not sign in.
    Disabled,
    /// The person with their address is somebody else for that provider.
    Another,
    /// They would be added, bound to nothing, where others are bound to some of what there is.
    Unbound,
    /// They would be added under a name that somebody has.
    NameTaken,
    /// By their groups nobody would be left who may let people in.
    LastAdmin,
    /// By their groups too few would be left who decide what two must say alike.
    FourEyes,
}

/// A person at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Whose.
    pub user_id: UserId,
    /// The provider.
    pub issuer: String,
    /// Its name for them.
    pub subject: String,
    /// The address it last said.
    pub email: Option<String>,
    /// Since when.
    pub linked_at: OffsetDateTime,
    /// When they last came in by it.
    pub last_at: Option<OffsetDateTime>,
}

impl Catalog {
    /// Lets somebody in whom a provider vouches for: links them at the first time, keeps their role as their groups say,
    /// and writes all of it to the trail. Of somebody who stays outside nothing is changed.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn let_in(&self, who: &Vouched<'_>) -> Result<Result<User, Outside>, CatalogError> {
        let came = self.come_in(who).await?;
        // Who came in for the first time at the same moment, in another window, is known by now.
        if matches!(came, Err(Outside::Another | Outside::NameTaken)) {
            return self.come_in(who).await;
        }
        Ok(came)
    }

    async fn come_in(&self, who: &Vouched<'_>) -> Result<Result<User, Outside>, CatalogError> {
        let mut tx = self.writing().await?;
        let known = by_identity(&mut tx, who).await?;
        let user = match known {
            Some(user) => user,
            None => match link(&mut tx, who).await? {
                Ok(user) => user,
                Err(outside) => return Ok(Err(outside)),
            },
        };
        if user.disabled_at.is_some() {
            return Ok(Err(Outside::Disabled));
        }
        let user = match with_role(&mut tx, user, who.role).await? {
            Ok(user) => user,
            Err(outside) => return Ok(Err(outside)),
        };
        let present = micros(tx.now());
        execute!(
            tx,
            "UPDATE person_identities SET last_at = $3, email = COALESCE($4, email) WHERE issuer = $1 AND subject = $2",
            who.issuer,
            who.subject,
            present,
            who.email
        )?;
        let detail = json!({ "issuer": who.issuer });
        audit::write(&mut tx, &format!("user:{}", user.name), "signed_in", None, &detail).await?;
        tx.commit().await?;
        Ok(Ok(user))
    }

    /// All identities, by person.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn identities(&self) -> Result<Vec<Identity>, CatalogError> {
        let mut tx = self.reading().await?;
        let rows = all!(
            tx,
            (Uuid, String, String, Option<String>, i64, Option<i64>),
            "SELECT user_id, issuer, subject, email, linked_at, last_at FROM person_identities \
             ORDER BY user_id, linked_at LIMIT 2000"
        )?;
        let identity = |(user, issuer, subject, email, linked, last)| {
            Ok(Identity {
                user_id: UserId(user),
                issuer,
                subject,
                email,
                linked_at: at(T, "linked_at", linked)?,
                last_at: maybe_at(T, "last_at", last)?,
            })
        };
        rows.into_iter().map(identity).collect()
    }

    /// Takes a person's identity at a provider away, and ends the sessions that were opened by one; whether there was one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unlink(&self, actor: &str, user: UserId, issuer: &str) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let known = optional!(
            tx,
            (String, String),
            "SELECT i.subject, u.name FROM person_identities i JOIN users u ON u.id = i.user_id \
             WHERE i.user_id = $1 AND i.issuer = $2",
            user.0,
            issuer
        )?;
        let Some((subject, name)) = known else { return Ok(false) };
        execute!(tx, "DELETE FROM person_identities WHERE user_id = $1 AND issuer = $2", user.0, issuer)?;
        execute!(tx, "DELETE FROM sessions WHERE user_id = $1 AND signed_in_by = 'oidc'", user.0)?;
        let detail = json!({ "user": name, "issuer": issuer, "subject": subject });
        audit::write(&mut tx, actor, "identity_unlinked", None, &detail).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Marks a sign-in as come back, until its time would be over; false where it had come back before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn spend_sign_in(&self, of: &Sha256, until: OffsetDateTime) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let present = micros(tx.now());
        execute!(tx, "DELETE FROM spent_sign_ins WHERE expires_at <= $1", present)?;
        let first = execute!(
            tx,
            "INSERT INTO spent_sign_ins (sha256, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            &of.0[..],
            micros(until)
        )?;
        tx.commit().await?;
        Ok(first == 1)
    }

    /// What seals sign-ins on their way, the same on every machine; `fresh` bits become it where there is none yet.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn sign_in_key(&self, fresh: &[u8; 32]) -> Result<[u8; 32], CatalogError> {
        const KEPT: &str = "SELECT secret FROM sign_in_keys WHERE id = 1";
        let mut tx = self.quick().await?;
        let mut kept = optional!(tx, (Vec<u8>,), KEPT)?;
        if kept.is_none() {
            drop(tx);
            let mut tx = self.writing().await?;
            let present = micros(tx.now());
            execute!(
                tx,
                "INSERT INTO sign_in_keys (id, secret, created_at) VALUES (1, $1, $2) ON CONFLICT DO NOTHING",
                &fresh[..],
                present
            )?;
            kept = optional!(tx, (Vec<u8>,), KEPT)?;
            tx.commit().await?;
        }
        let whole = kept.and_then(|(secret,)| <[u8; 32]>::try_from(secret).ok());
        whole.ok_or(CatalogError::Missing { what: "whole key of sign-ins" })
    }
}

async fn by_identity(tx: &mut Tx, who: &Vouched<'_>) -> Result<Option<User>, CatalogError> {
    let text = format!(
        "SELECT {COLUMNS} FROM person_identities i JOIN users u ON u.id = i.user_id \
         WHERE i.issuer = $1 AND i.subject = $2"
    );
    let row = optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), who.issuer, who.subject)?;
    row.map(User::try_from).transpose()
}

/// Links whoever has their address, or adds them.
async fn link(tx: &mut Tx, who: &Vouched<'_>) -> Result<Result<User, Outside>, CatalogError> {
    let Some(email) = who.email else { return Ok(Err(Outside::Unknown)) };
    let text = format!("SELECT {COLUMNS} FROM users u WHERE u.email = $1");
    let row = optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), email)?;
    let is_bound = row.is_none() && who.new_role.is_some() && somebody_is_bound(tx).await?;
    let user = match (row.map(User::try_from).transpose()?, who.new_role) {
        (Some(user), _) => user,
        (None, None) => return Ok(Err(Outside::Unknown)),
        (None, Some(_)) if is_bound => return Ok(Err(Outside::Unbound)),
        (None, Some(new)) => match added(tx, email, who.role.unwrap_or(new)).await? {
            Some(user) => user,
            None => return Ok(Err(Outside::NameTaken)),
        },
    };
    let present = micros(tx.now());
    let linked = execute!(
        tx,
        "INSERT INTO person_identities (issuer, subject, user_id, email, linked_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT DO NOTHING",
        who.issuer,
        who.subject,
        user.id.0,
        email,
        present
    )?;
    if linked != 1 {
        return Ok(Err(Outside::Another));
    }
    let detail = json!({ "user": user.name, "issuer": who.issuer, "subject": who.subject, "email": email });
    audit::write(tx, ACTOR, "identity_linked", None, &detail).await?;
    Ok(Ok(user))
}

/// Whether somebody here sees only some of what there is: then nobody sees all of it unasked.
async fn somebody_is_bound(tx: &mut Tx) -> Result<bool, CatalogError> {
    let sql = "SELECT u.id FROM bindings b JOIN users u ON u.id = b.holder_id LIMIT 1";
    Ok(optional!(tx, (Uuid,), sql)?.is_some())
}

/// Somebody whom nobody added, under their address; none where that name cannot be had. They see no IDs until an admin says so.
async fn added(tx: &mut Tx, email: &str, role: Role) -> Result<Option<User>, CatalogError> {
    if email.chars().count() > NAME_CHARS {
        return Ok(None);
    }
    let present = micros(tx.now());
    let made = optional!(
        tx,
        (Uuid,),
        "INSERT INTO users (id, name, password_hash, role, created_at, sees_ids, email) \
         VALUES ($1, $2, $3, $4, $5, FALSE, $2) ON CONFLICT DO NOTHING RETURNING id",
        UserId::generate().0,
        email,
        NO_PASSWORD,
        role.as_str(),
        present
    )?;
    let Some((id,)) = made else { return Ok(None) };
    let detail = json!({ "user": email, "role": role, "sees_ids": false });
    audit::write(tx, ACTOR, "user_added", None, &detail).await?;
    super::lookup(tx, UserId(id)).await
}

/// The person with the role that their groups give; their other sessions end where it is another than they had.
async fn with_role(
    tx: &mut Tx,
    user: User,
    role: Option<Role>,
) -> Result<Result<User, Outside>, CatalogError> {
    let Some(role) = role.filter(|role| *role != user.role) else { return Ok(Ok(user)) };
    let change = Change { role: Some(role), ..Change::default() };
    let changed = match super::change(tx, user.id, &change).await? {
        Ok(changed) => changed,
        Err(Unchanged::LastAdmin) => return Ok(Err(Outside::LastAdmin)),
        Err(Unchanged::FourEyes) => return Ok(Err(Outside::FourEyes)),
        Err(_) => return Ok(Err(Outside::Unknown)),
    };
    let detail = json!({ "user": changed.name, "role": { "from": user.role, "to": role } });
    audit::write(tx, ACTOR, "user_changed", None, &detail).await?;
    Ok(Ok(changed))
}

/// Longest address (RFC 5321, section 4.5.3.1).
const EMAIL_BYTES: usize = 254;

/// An address as it is kept and compared; none where it is none, or has characters beyond ASCII.
#[must_use]
pub fn email(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let (name, domain) = text.rsplit_once('@')?;
    // What is cut or folded could be somebody else's.
    let plain = text.len() <= EMAIL_BYTES && text.bytes().all(|b| b.is_ascii_graphic());
    let sound = plain && !name.is_empty() && domain.contains('.');
    sound.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_in_one_way() {
        assert_eq!(email(" Ana@Example.ORG ").as_deref(), Some("ana@example.org"));
        for none in ["", "ana", "@example.org", "ana@localhost", "a b@example.org"] {
            assert_eq!(email(none), None, "{none}");
        }
        // None of these is another one's: a Kelvin sign, a dotted I, a control, and what would be cut.
        for near in ["\u{212a}im@example.org", "\u{130}da@example.org", "a\u{7}na@example.org"] {
            assert_eq!(email(near), None, "{near:?}");
        }
        let longest = format!("{}@example.org", "a".repeat(242));
        assert_eq!(email(&longest).as_ref(), Some(&longest));
        assert_eq!(email(&format!("{longest}.evil.example")), None);
    }
}

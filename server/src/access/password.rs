//! Passwords: hashed with argon2id, away from the threads that serve.

use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};
use rand::RngExt;

/// Shortest password taken.
pub const PASSWORD_CHARS: usize = 10;
/// Longest password hashed: argon2 reads all of it.
const PASSWORD_MOST: usize = 200;

/// Why a password is not taken.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too short or too long.
    #[error("a password has {PASSWORD_CHARS} to {PASSWORD_MOST} characters")]
    Length,
    /// argon2 refused.
    #[error("cannot hash the password: {0}")]
    Hash(argon2::password_hash::Error),
    /// The hashing thread died.
    #[error("cannot hash the password")]
    Thread(#[from] tokio::task::JoinError),
}

/// Hashes a password with argon2id and a random salt, away from the threads that serve.
///
/// # Errors
/// When it is too short or too long.
pub async fn hash(password: String) -> Result<String, PasswordError> {
    if !(PASSWORD_CHARS..=PASSWORD_MOST).contains(&password.chars().count()) {
        return Err(PasswordError::Length);
    }
    tokio::task::spawn_blocking(move || {
        let bits: [u8; 16] = rand::rng().random();
        let salt = SaltString::encode_b64(&bits).map_err(PasswordError::Hash)?;
        let hash =
            Argon2::default().hash_password(password.as_bytes(), &salt).map_err(PasswordError::Hash)?;
        Ok(hash.to_string())
    })
    .await?
}

/// What a name without a user is compared with, so that both take as long.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$Zk0H0zq8w3bVb1nXW3VQ0cFv3yD1p9m5qf7mJY1xT0E";

/// Whether a password is the one that a hash is stored of. Where none is, it takes as long to say no.
pub(crate) async fn is_right(password: String, stored: Option<&str>) -> bool {
    let has_one = stored.is_some();
    let stored = stored.unwrap_or(NOBODY).to_owned();
    let right = password.chars().count() <= PASSWORD_MOST
        && tokio::task::spawn_blocking(move || {
            PasswordHash::new(&stored)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        })
        .await
        .unwrap_or(false);
    right && has_one
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_hashed_and_verified() {
        let stored = hash("correct horse battery".to_owned()).await.unwrap();
        let parsed = PasswordHash::new(&stored).unwrap();
        assert!(Argon2::default().verify_password(b"correct horse battery", &parsed).is_ok());
        assert!(Argon2::default().verify_password(b"wrong", &parsed).is_err());
        assert!(matches!(hash("short".to_owned()).await, Err(PasswordError::Length)));
    }

    #[test]
    fn nobodys_hash_is_a_hash() {
        assert!(PasswordHash::new(NOBODY).is_ok());
    }
}

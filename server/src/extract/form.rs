//! A form in several parts (`multipart/form-data`), from a program or from the desk: its parts, one after the other, and no
//! more of each than it may bring.

use axum::{
    extract::{
        Multipart,
        multipart::{Field, MultipartError},
    },
    http::StatusCode,
};

use crate::problem::Problem;

/// What a form may bring, bytes.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// The largest file, as whoever sends more is told.
    pub file: u64,
    /// The longest text.
    pub text: usize,
}

impl Bounds {
    /// The next part.
    ///
    /// # Errors
    /// When the form ends early, or is longer than it may be.
    pub async fn part(self, form: &mut Multipart) -> Result<Option<Field<'_>>, Problem> {
        form.next_field().await.map_err(|e| broken_off(&e, self.file))
    }

    /// A part that is a text, without the space around it.
    ///
    /// # Errors
    /// When it is none, is longer than it may be, or ends early.
    pub async fn text(self, field: Field<'_>) -> Result<String, Problem> {
        let over = || Problem::Unprocessable(format!("a text part has at most {} bytes", self.text));
        let text = String::from_utf8(self.gathered(field, self.text, over).await?)
            .map_err(|_| Problem::BadRequest("a text part must be UTF-8".to_owned()))?;
        if text.contains('\0') {
            return Err(Problem::BadRequest("a text part holds no NUL".to_owned()));
        }
        Ok(text.trim().to_owned())
    }

    /// A part that is a file, of which at most `cap` bytes are kept in memory.
    ///
    /// # Errors
    /// 413 where there are more; when it ends early.
    pub async fn bytes(self, field: Field<'_>, cap: usize) -> Result<Vec<u8>, Problem> {
        self.gathered(field, cap, || Problem::TooLarge { limit_bytes: self.file }).await
    }

    async fn gathered(
        self,
        mut field: Field<'_>,
        cap: usize,
        over: impl Fn() -> Problem,
    ) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(|e| broken_off(&e, self.file))? {
            if bytes.len() + chunk.len() > cap {
                return Err(over());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

/// A form that ended early, or is longer than it may be.
pub fn broken_off(error: &MultipartError, limit_bytes: u64) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::TooLarge { limit_bytes }
    } else {
        Problem::BadRequest("the multipart body ends early or is malformed".to_owned())
    }
}

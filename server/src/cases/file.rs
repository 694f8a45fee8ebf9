//! A file that a person puts beside their words: what it is is seen by its bytes, and only what WhatsApp shows everywhere is
//! taken. It is kept before its message is queued; a worker has it scanned, where there is a scanner, and uploads it.

use acuse_pipeline::{document::Sha256, intake, limits::Limits, reading::Declared};
use acuse_storage::{ObjectKey, attachments, error::Chain, names::AttachmentId};
use acuse_whatsapp::{
    graph::FileType,
    limits::{DOCUMENT_BYTES, FILENAME_CHARS},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde::Deserialize;

use crate::{problem::Problem, state::App};

/// Longest name that is taken, characters; what is sent of it is shorter.
const NAME_CHARS: usize = 512;

/// Largest body of a reply with a file: Base64 is four bytes for three, and there are words.
pub const BODY_BYTES: usize = DOCUMENT_BYTES as usize / 3 * 4 + (64 << 10);

/// A file in a JSON body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InJson {
    name: String,
    /// Base64.
    content: String,
}

impl InJson {
    /// Its bytes and its name.
    ///
    /// # Errors
    /// When it is not Base64, or its name is too long.
    pub fn given(self) -> Result<Given, Problem> {
        if self.name.chars().count() > NAME_CHARS {
            return Err(Problem::Unprocessable(format!("file.name: at most {NAME_CHARS} characters")));
        }
        let bytes = BASE64_STANDARD.decode(self.content.as_bytes());
        let bytes = bytes.map_err(|_| Problem::Unprocessable("file.content: is not Base64".to_owned()))?;
        Ok(Given { name: self.name, bytes: bytes.into() })
    }
}

/// A file as a person gave it.
#[derive(Clone)]
pub struct Given {
    /// What they call it.
    pub name: String,
    /// Its bytes.
    pub bytes: Bytes,
}

/// What a file is, if it may be sent.
///
/// # Errors
/// 422 for another type, one that is two at once, and an empty one; 413 for one that is too large.
fn looked_at(bytes: &Bytes, limits: &Limits) -> Result<FileType, Problem> {
    let refused = |why: &str| Problem::Unprocessable(format!("file: {why}"));
    let kind = FileType::of_bytes(bytes).ok_or_else(|| refused("send a JPEG, a PNG or a PDF"))?;
    if bytes.len() as u64 > kind.most_bytes() {
        return Err(Problem::TooLarge { limit_bytes: kind.most_bytes() });
    }
    let sniffed = intake::sniff(bytes, &Declared::default(), limits).map_err(|why| refused(&why.message))?;
    if sniffed.format.media_type() == kind.mime() {
        Ok(kind)
    } else {
        Err(refused("it is not what it begins as"))
    }
}

/// What it is called on their telephone: no path, nothing that cannot be seen, and an end that says what it is.
fn named(name: &str, kind: FileType) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|c| !c.is_control()).take(FILENAME_CHARS).collect();
    let end = kind.extension();
    match plain.trim() {
        "" => format!("acuse.{end}"),
        name if ends_as(name, kind) => name.to_owned(),
        name => {
            let room = FILENAME_CHARS - end.len() - 1;
            format!("{}.{end}", name.chars().take(room).collect::<String>())
        }
    }
}

fn ends_as(name: &str, kind: FileType) -> bool {
    let end = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default();
    end == kind.extension() || kind == FileType::Jpeg && end == "jpeg"
}

/// Checks a file and keeps it.
///
/// # Errors
/// 422 for what is not sent, 413 where it is too large; when the store fails.
pub async fn kept(app: &App, given: Given) -> Result<attachments::NewFile, Problem> {
    let file_type = looked_at(&given.bytes, &app.limits)?;
    let id = AttachmentId::generate();
    let folder = attachments::NewFile::folder(id);
    let key = ObjectKey::original(folder, &Sha256::of(&given.bytes));
    let stored = app.objects.put_bytes(&key, given.bytes, file_type.mime()).await?;
    Ok(attachments::NewFile { id, stored, file_type, filename: named(&given.name, file_type) })
}

/// Its message was not queued: nothing is left of it.
pub async fn dropped(app: &App, file: &attachments::NewFile) {
    if let Err(error) = app.objects.delete(&file.stored.key).await {
        tracing::warn!(error = %Chain(&error), "cannot clean up after a refused file");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_bytes_are() {
        let limits = Limits::default();
        let of = |bytes: &'static [u8]| looked_at(&Bytes::from_static(bytes), &limits);
        assert!(matches!(of(b"GIF89a"), Err(Problem::Unprocessable(_))));
        assert!(matches!(of(b""), Err(Problem::Unprocessable(_))));
        assert!(matches!(of(b"<html>"), Err(Problem::Unprocessable(_))));
        let large = Bytes::from([b"\x89PNG\r\n\x1a\n".as_slice(), &vec![0; 5_000_000]].concat());
        assert!(matches!(looked_at(&large, &limits), Err(Problem::TooLarge { limit_bytes: 5_000_000 })));
    }

    #[test]
    fn a_name_is_as_long_as_is_described() {
        let of = |name: String| InJson { name, content: String::new() }.given().is_ok();
        assert!(of("n".repeat(NAME_CHARS)) && !of("n".repeat(NAME_CHARS + 1)));
    }

    #[test]
    fn a_name_is_no_path_and_says_what_it_is() {
        assert_eq!(named("C:\\facturas\\mayo.PDF", FileType::Pdf), "mayo.PDF");
        assert_eq!(named("../../foto.jpeg", FileType::Jpeg), "foto.jpeg");
        assert_eq!(named("recibo", FileType::Png), "recibo.png");
        assert_eq!(named("recibo.exe", FileType::Pdf), "recibo.exe.pdf");
        assert_eq!(named("\u{1}\n", FileType::Pdf), "acuse.pdf");
        assert_eq!(named(&"n".repeat(500), FileType::Pdf).chars().count(), FILENAME_CHARS);
    }
}

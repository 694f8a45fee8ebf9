//! A file as the example of a template's header, which Meta wants by a handle: it is uploaded by the Resumable Upload API.
//! A session is begun for so many bytes of one of the types that Meta takes; the bytes follow from where Meta says that it
//! stands, and the last of them is answered with the handle. An upload that breaks off goes on there.

use bytes::Bytes;
use reqwest::{Method, RequestBuilder, header};
use serde_json::Value;

use super::{Call, FileType, Graph, GraphError, not_understood};
use crate::limits;

/// How often an upload that broke off goes on.
const GOES_ON: u32 = 3;
/// What the id of a session begins with.
const SESSION: &str = "upload:";

/// A file that may be the example of a header.
#[derive(Clone, PartialEq, Eq)]
pub struct ExampleFile {
    name: String,
    file_type: Option<FileType>,
    bytes: Bytes,
}

impl std::fmt::Debug for ExampleFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ExampleFile { name, file_type, bytes } = self;
        write!(f, "ExampleFile({name}, {file_type:?}, {} bytes)", bytes.len())
    }
}

impl ExampleFile {
    /// A file for a header of this format (`IMAGE`, `VIDEO` or `DOCUMENT`), by what its bytes begin as.
    ///
    /// # Errors
    /// Why Meta would not take it there.
    pub fn of(format: &str, name: &str, bytes: Bytes) -> Result<Self, &'static str> {
        let file_type = FileType::of_bytes(&bytes);
        let most = match (format, file_type) {
            ("IMAGE", Some(known)) if known.is_picture() => known.most_bytes(),
            ("IMAGE", _) => return Err("an IMAGE is a JPEG or a PNG"),
            ("DOCUMENT", Some(FileType::Pdf)) => FileType::Pdf.most_bytes(),
            ("DOCUMENT", _) => return Err("a DOCUMENT is a PDF"),
            ("VIDEO", None) if bytes.get(4..8) == Some(b"ftyp") => limits::VIDEO_BYTES,
            ("VIDEO", _) => return Err("a VIDEO is an MP4"),
            _ => return Err("a format is IMAGE, VIDEO or DOCUMENT"),
        };
        if bytes.len() as u64 > most {
            return Err("it is larger than is sent: 5 MB of a picture, 10 MB of a PDF, 16 MB of a video");
        }
        Ok(Self { name: name.to_owned(), file_type, bytes })
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is; none: a video, which no message of ours brings.
    #[must_use]
    pub fn file_type(&self) -> Option<FileType> {
        self.file_type
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    fn mime(&self) -> &'static str {
        self.file_type.map_or("video/mp4", FileType::mime)
    }
}

impl Graph {
    /// Uploads a file as the example of a header; Meta's handle of it, which is good for handing a template in.
    ///
    /// # Errors
    /// By class, when Meta refuses, cannot be asked, or the upload breaks off too often.
    pub async fn upload_example(&self, app_id: &str, file: &ExampleFile) -> Result<String, GraphError> {
        let length = file.bytes.len();
        let request = self.request(Method::POST, [app_id, "uploads"]).query(&[
            ("file_name", file.name.as_str()),
            ("file_length", &length.to_string()),
            ("file_type", file.mime()),
        ]);
        let answer = self.call(Call::Upload, request).await?;
        let session = answer.get("id").and_then(Value::as_str).filter(|id| id.starts_with(SESSION));
        let session = session.ok_or_else(|| not_understood(Call::Upload, "no upload session"))?;
        let (mut stands, mut breaks) = (0, 0);
        loop {
            let rest = file.bytes.slice(stands..);
            match self.goes_on(session, stands, rest).await {
                Err(error) if error.class.is_transient() && breaks < GOES_ON => {
                    breaks += 1;
                    stands = self.stands_at(session).await?.min(length);
                }
                ended => return ended,
            }
        }
    }

    /// The rest of a file, from where its session stands.
    async fn goes_on(&self, session: &str, stands: usize, rest: Bytes) -> Result<String, GraphError> {
        let request = self.of_session(Method::POST, session).header("file_offset", stands).body(rest);
        let answer = self.call_within(self.config.upload_timeout, Call::Upload, request).await?;
        let handle = answer.get("h").and_then(Value::as_str).filter(|handle| !handle.is_empty());
        handle.map(str::to_owned).ok_or_else(|| not_understood(Call::Upload, "no handle"))
    }

    /// How many bytes Meta has.
    async fn stands_at(&self, session: &str) -> Result<usize, GraphError> {
        let answer = self.call(Call::Upload, self.of_session(Method::GET, session)).await?;
        let offset = answer.get("file_offset").and_then(Value::as_u64);
        let offset = offset.and_then(|offset| usize::try_from(offset).ok());
        offset.ok_or_else(|| not_understood(Call::Upload, "no offset"))
    }

    /// A request about a session, whose id may bring its signature along as a query. Here Meta wants its token as `OAuth`.
    fn of_session(&self, method: Method, session: &str) -> RequestBuilder {
        let (id, query) = session.split_once('?').unwrap_or((session, ""));
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.push(id);
        }
        url.set_query(Some(query).filter(|query| !query.is_empty()));
        let request = self.http.request(method, url);
        let token = format!("OAuth {}", self.config.access_token.expose());
        match header::HeaderValue::try_from(token) {
            Ok(mut value) => {
                value.set_sensitive(true);
                request.header(header::AUTHORIZATION, value)
            }
            // A token that is no header was refused when the client was made.
            Err(_) => request,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_what_its_header_takes() {
        let of = |format: &str, bytes: &'static [u8]| {
            ExampleFile::of(format, "a", Bytes::from_static(bytes)).map(|file| file.mime())
        };
        let video = b"\0\0\0\x20ftypmp42";
        assert_eq!(of("IMAGE", b"\xff\xd8\xff\xe0"), Ok("image/jpeg"));
        assert_eq!(of("DOCUMENT", b"%PDF-1.7"), Ok("application/pdf"));
        assert_eq!(of("VIDEO", video), Ok("video/mp4"));
        let others: [(&str, &'static [u8]); 6] = [
            ("IMAGE", b"%PDF-1.7"),
            ("DOCUMENT", b"\xff\xd8\xff\xe0"),
            ("VIDEO", b"%PDF-1.7"),
            ("IMAGE", video),
            ("MAP", b"%PDF-1.7"),
            ("DOCUMENT", b""),
        ];
        for (format, bytes) in others {
            assert!(of(format, bytes).is_err(), "{format}");
        }
        let large = [b"%PDF-".as_slice(), &vec![0; 10_000_000]].concat();
        assert!(ExampleFile::of("DOCUMENT", "a", large.into()).is_err());
    }
}

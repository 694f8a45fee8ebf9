//! Every object of a PDF, looked at for what acts and for what is embedded.

use std::{collections::BTreeSet, sync::Arc};

use hayro::hayro_syntax::{
    Pdf,
    object::{Array, Dict, MaybeRef, Name, Object, Stream, String as PdfString},
};
use sha2::{Digest, Sha256};

use super::{measure, traces::Traces};
use crate::{
    intake::{Format, archive::base_name, einvoice, foreign, refusal, sniff},
    limits::Limits,
    reading::{Attachment, Declared},
    reason::{Reason, ReasonCode},
};

/// Embedded files kept; Factur-X has one.
const MOST_ATTACHMENTS: usize = 16;

/// Actions that run or send something (ISO 32000-2, table 201); `GoTo`, `Named` and plain links are harmless.
const ACTIONS: &[&str] =
    &["JavaScript", "Launch", "ImportData", "RichMediaExecute", "Rendition", "GoTo3DView", "Movie", "Sound"];
/// Actions that are harmless as a link one may click, but not when the file takes them by itself.
const UNASKED_ACTIONS: &[&str] = &["URI", "SubmitForm", "GoToR", "GoToE"];
/// Schemes of links that do not lead to a page but run or open something, in lower case.
const ACTIVE_SCHEMES: &[&str] = &["javascript:", "vbscript:", "file:", "data:"];
/// Actions that follow one another are looked at this far.
const LONGEST_CHAIN: usize = 64;
/// Annotations that play or run something.
const ANNOTATIONS: &[&str] = &["RichMedia", "Movie", "Sound", "Screen", "3D"];

/// What was found.
pub(super) struct Survey {
    /// Set when anything in the file acts or hides.
    pub active: Option<Reason>,
    /// Embedded XML.
    pub attachments: Vec<Attachment>,
    pub notes: Vec<String>,
}

/// Walks every object, referenced or not: what one reader ignores another may run.
pub(super) fn survey(pdf: &Pdf, traces: &Traces, limits: &Limits) -> Result<Survey, Reason> {
    let mut walk = Walk::new(limits);
    for object in pdf.objects() {
        walk.object(&object, 0);
    }
    // What is not looked at could hold anything.
    if walk.too_deep {
        return Err(measure::too_deep(limits));
    }
    let mut attachments: Vec<Attachment> = Vec::new();
    let mut notes = Vec::new();
    let mut found = walk.found;
    let mut seen: Vec<Vec<u8>> = Vec::new();
    let mut annexes = Vec::new();
    let named = walk.files.into_iter().map(|(name, stream)| (Some(name), stream));
    let nameless = walk.nameless.into_iter().map(|stream| (None, stream));
    for (name, stream) in named.chain(nameless) {
        let is_nameless = name.is_none();
        let name = name.unwrap_or_else(|| "without a name".to_owned());
        let Some(file) = embedded(&stream, limits)? else {
            found.insert(format!("embedded file {name} that cannot be read"));
            continue;
        };
        let hash = Sha256::digest(&file).to_vec();
        if is_nameless && seen.contains(&hash) {
            continue;
        }
        seen.push(hash);
        if !einvoice::is_markup(&file) || foreign::active_text(file.get(..1024).unwrap_or(&file)).is_some() {
            let kind = foreign::name(&file).map_or_else(String::new, |kind| format!(" ({kind})"));
            let suspicion = format!("embedded file {name}{kind}");
            match harmless(&name, &file, limits) {
                Some(what) => {
                    annexes.push((format!("Carries {name} ({what}), which is not read."), suspicion));
                }
                None => {
                    found.insert(suspicion);
                }
            }
            continue;
        }
        let xml = Attachment { name, bytes: einvoice::utf8(&file).into_bytes() };
        if !attachments.iter().any(|other| other.bytes == xml.bytes) && attachments.len() < MOST_ATTACHMENTS {
            notes.push(format!("Carries {} as embedded XML.", xml.name));
            attachments.push(xml);
        }
    }
    // An e-invoice may carry its annexes (EN 16931, BG-24); on any other paper a file inside is a stranger's.
    let is_invoice = attachments.iter().any(|xml| einvoice::dialect(&xml.bytes).is_ok());
    for (note, suspicion) in annexes {
        if is_invoice {
            notes.push(note);
        } else {
            found.insert(suspicion);
        }
    }
    found.extend(traces.beyond(&found));
    Ok(Survey { active: told(found), attachments, notes })
}

/// Why a person looks, where anything acts or hides.
fn told(found: BTreeSet<String>) -> Option<Reason> {
    let list: Vec<String> = found.into_iter().collect();
    let why = format!("The PDF contains {}.", list.join(", "));
    (!list.is_empty()).then(|| Reason::new(ReasonCode::ActiveContent, why).with("found", list))
}

/// Ends of the names of texts that nothing runs.
const TEXTS: [&str; 3] = [".txt", ".csv", ".tsv"];

/// What an annex is, where nothing in it acts: a picture, plain words, or a PDF that is inert itself.
fn harmless(name: &str, file: &[u8], limits: &Limits) -> Option<&'static str> {
    let lower = name.to_lowercase();
    if TEXTS.iter().any(|end| lower.ends_with(end)) && is_plain_text(file) {
        return Some("text");
    }
    match sniff(file, &Declared::default(), limits).ok()?.format {
        picture @ (Format::Jpeg | Format::Png | Format::Gif | Format::Webp | Format::Bmp) => {
            Some(picture.name())
        }
        Format::Pdf => is_inert(file, limits).then_some("PDF"),
        _ => None,
    }
}

/// UTF-8 without a control character, and nothing that a browser or a shell would run.
fn is_plain_text(file: &[u8]) -> bool {
    let plain = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\u{c}');
    std::str::from_utf8(file).is_ok_and(|text| text.chars().all(plain))
        && foreign::active_text(file).is_none()
        && foreign::name(file).is_none()
        && !file.starts_with(b"%PDF-")
}

/// Whether nothing in an embedded PDF acts, and it carries no file of its own.
fn is_inert(file: &[u8], limits: &Limits) -> bool {
    let Ok(measured) = measure::check(file, limits) else { return false };
    let Ok(pdf) = Pdf::new(Arc::new(file.to_vec())) else { return false };
    if pdf.len() as u64 > limits.pdf_objects.into() || measure::check_opened(&pdf, limits).is_err() {
        return false;
    }
    let mut walk = Walk::new(limits);
    for object in pdf.objects() {
        walk.object(&object, 0);
    }
    let carries = !walk.files.is_empty() || !walk.nameless.is_empty();
    !walk.too_deep && !carries && walk.found.is_empty() && measured.traces.beyond(&walk.found).is_empty()
}

/// The bytes of an embedded file; `None` when it cannot be decoded.
fn embedded(stream: &Stream<'_>, limits: &Limits) -> Result<Option<Vec<u8>>, Reason> {
    let Ok(bytes) = stream.decoded_data() else { return Ok(None) };
    let size = bytes.len() as u64;
    if size > limits.xml_bytes {
        return Err(refusal::too_large("bytes in an embedded file", "xml_bytes", limits.xml_bytes, size));
    }
    Ok(Some(bytes.into_owned()))
}

struct Walk<'a, 'l> {
    found: BTreeSet<String>,
    /// Files that a specification names.
    files: Vec<(String, Stream<'a>)>,
    /// Every stream that is a file, named or not.
    nameless: Vec<Stream<'a>>,
    too_deep: bool,
    limits: &'l Limits,
}

impl<'a, 'l> Walk<'a, 'l> {
    fn new(limits: &'l Limits) -> Self {
        Self { found: BTreeSet::new(), files: Vec::new(), nameless: Vec::new(), too_deep: false, limits }
    }

    fn object(&mut self, object: &Object<'a>, depth: u32) {
        if depth > self.limits.pdf_depth {
            self.too_deep = true;
            return;
        }
        match object {
            Object::Dict(dict) => self.dict(dict, depth),
            Object::Stream(stream) => {
                if named(stream.dict(), "Type").is_some_and(|kind| kind == "EmbeddedFile") {
                    self.nameless.push(stream.clone());
                }
                self.dict(stream.dict(), depth);
            }
            Object::Array(array) => {
                for item in array.raw_iter() {
                    if let MaybeRef::NotRef(item) = item {
                        self.object(&item, depth + 1);
                    }
                }
            }
            _ => {}
        }
    }

    fn dict(&mut self, dict: &Dict<'a>, depth: u32) {
        if let Some(action) = named(dict, "S").filter(|s| ACTIONS.contains(&s.as_str())) {
            self.found.insert(action);
        }
        if let Some(scheme) = dict.get::<PdfString<'a>>("URI").and_then(|uri| active_scheme(uri.as_bytes())) {
            self.found.insert(format!("link to {scheme}"));
        }
        if dict.contains_key("JS") {
            self.found.insert("JavaScript".to_owned());
        }
        if dict.contains_key("JavaScript") {
            self.found.insert("JavaScript (document level)".to_owned());
        }
        if dict.contains_key("XFA") {
            self.found.insert("XFA form".to_owned());
        }
        if let Some(kind) = named(dict, "Subtype").filter(|s| ANNOTATIONS.contains(&s.as_str())) {
            self.found.insert(format!("{kind} annotation"));
        }
        if dict.contains_key("RichMediaContent") {
            self.found.insert("RichMedia".to_owned());
        }
        self.unasked(dict);
        if let Some(files) = dict.get::<Dict<'a>>("EF") {
            self.file(dict, &files);
        }
        for (_, value) in dict.entries() {
            if let MaybeRef::NotRef(value) = value {
                self.object(&value, depth + 1);
            }
        }
    }

    /// `OpenAction` and `AA`: what the file does when it is opened, printed, looked at.
    fn unasked(&mut self, dict: &Dict<'a>) {
        if let Some(action) = dict.get::<Dict<'a>>("OpenAction") {
            self.action("OpenAction", &action);
        }
        let Some(triggers) = dict.get::<Dict<'a>>("AA") else { return };
        let keys: Vec<Name<'a>> = triggers.keys().collect();
        for key in keys {
            if let Some(action) = triggers.get::<Dict<'a>>(key.as_str()) {
                self.action("AA", &action);
            }
        }
    }

    /// An action that is taken unasked, and those that follow it.
    fn action(&mut self, trigger: &str, action: &Dict<'a>) {
        let act = |s: &String| ACTIONS.contains(&s.as_str()) || UNASKED_ACTIONS.contains(&s.as_str());
        let mut chain = vec![action.clone()];
        let mut looked_at = 0;
        while let Some(action) = chain.pop() {
            if looked_at == LONGEST_CHAIN {
                self.found.insert(format!("{trigger} to more actions than are looked at"));
                return;
            }
            looked_at += 1;
            if let Some(kind) = named(&action, "S").filter(act) {
                self.found.insert(format!("{trigger} to {kind}"));
            }
            if let Some(next) = action.get::<Dict<'a>>("Next") {
                chain.push(next);
            } else if let Some(all) = action.get::<Array<'a>>("Next") {
                chain.extend(all.iter::<Dict<'a>>().take(LONGEST_CHAIN + 1));
            }
        }
    }

    /// A file specification: the first of its streams, under its readable name.
    fn file(&mut self, spec: &Dict<'a>, files: &Dict<'a>) {
        let text = |key: &str| spec.get::<PdfString<'a>>(key).map(|s| text(s.as_bytes()));
        let name =
            text("UF").or_else(|| text("F")).map(|name| base_name(&name)).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| "without a name".to_owned());
        let stream = ["UF", "F", "Unix", "DOS", "Mac"].iter().find_map(|key| files.get::<Stream<'a>>(*key));
        match stream {
            Some(stream) if self.files.len() < MOST_ATTACHMENTS => self.files.push((name, stream)),
            Some(_) => {
                self.found.insert("more embedded files than are looked at".to_owned());
            }
            None => {}
        }
    }
}

/// The scheme of a link that runs or opens something, with its colon.
fn active_scheme(uri: &[u8]) -> Option<&'static str> {
    let lower = text(uri).trim_start().to_lowercase();
    ACTIVE_SCHEMES.iter().copied().find(|scheme| lower.starts_with(scheme))
}

/// A name's value, or the first name of an array.
fn named(dict: &Dict<'_>, key: &str) -> Option<String> {
    let direct = dict.get::<Name<'_>>(key).map(|name| name.as_str().to_owned());
    direct.or_else(|| {
        dict.get::<Array<'_>>(key)?.iter::<Name<'_>>().next().map(|name| name.as_str().to_owned())
    })
}

/// A text string: UTF-16 by its mark, else as good as Latin-1 (ISO 32000-1, 7.9.2.2).
fn text(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, ..] | [0xff, 0xfe, ..] | [0xef, 0xbb, 0xbf, ..] => einvoice::utf8(bytes),
        _ => bytes.iter().copied().map(char::from).collect(),
    }
}

//! Templates as files, `LANGUAGE/NAME.toml`: those that come with Acuse, or a folder of one's own.

use std::path::Path;

use acuse_whatsapp::{
    graph::{Example, ExampleFile, NewButton, NewHeader, NewTemplate},
    limits::VIDEO_BYTES,
    template::places,
};
use anyhow::{Context, bail, ensure};
use serde::Deserialize;

/// Longest body (Meta), characters.
const BODY_CHARS: usize = 1_024;
/// Longest header (Meta), characters.
const HEADER_CHARS: usize = 60;
/// Most buttons of a template, the longest title of one, and the longest link and code (Meta).
const BUTTONS: usize = 10;
const BUTTON_CHARS: usize = 25;
const LINK_CHARS: usize = 2_000;
const CODE_CHARS: usize = 15;

macro_rules! ours {
    ($($language:literal: $($name:literal),+;)+) => {
        &[$($(($language, $name, include_str!(concat!("../../../../templates/", $language, "/", $name, ".toml")))),+),+]
    };
}

/// Those that come with Acuse: language, name, text.
const OURS: &[(&str, &str, &str)] = ours! {
    "es": "acuse_approval", "acuse_collection", "acuse_filed", "acuse_in_review", "acuse_reminder", "acuse_reminder_2",
        "acuse_send_again", "acuse_summary";
    "en": "acuse_approval", "acuse_collection", "acuse_filed", "acuse_in_review", "acuse_reminder", "acuse_reminder_2",
        "acuse_send_again", "acuse_summary";
    "pt_BR": "acuse_approval", "acuse_collection", "acuse_filed", "acuse_in_review", "acuse_reminder", "acuse_reminder_2",
        "acuse_send_again", "acuse_summary";
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    category: String,
    header: Option<WrittenHeader>,
    body: String,
    #[serde(default)]
    examples: Vec<String>,
    #[serde(default)]
    buttons: Vec<WrittenButton>,
}

/// `header = { text = "Pedido {{1}}", example = "77" }`, `{ format = "DOCUMENT", file = "factura.pdf" }` with that file beside
/// this one, or `{ format = "DOCUMENT", example = "4::aW…" }` with Meta's handle of one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenHeader {
    text: Option<String>,
    format: Option<String>,
    example: Option<String>,
    file: Option<String>,
}

/// The title of a quick reply; or a table: `{ text, url, example }`, `{ text, phone }` or `{ code }`.
#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenButton {
    Reply(String),
    Other(OtherButton),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OtherButton {
    text: Option<String>,
    url: Option<String>,
    example: Option<String>,
    phone: Option<String>,
    code: Option<String>,
}

impl WrittenHeader {
    fn read(self, beside: Option<&Path>) -> anyhow::Result<NewHeader> {
        match (self.text, self.format, self.example, self.file) {
            (Some(text), None, example, None) => {
                let count = places(&text).len();
                ensure!(
                    (1..=HEADER_CHARS).contains(&text.chars().count()),
                    "header: 1 to {HEADER_CHARS} characters"
                );
                ensure!(count <= 1, "header: at most one place");
                ensure!(
                    example.is_some() == (count == 1),
                    "header: an example for its place, and for nothing else"
                );
                Ok(NewHeader::Text { text, example })
            }
            (None, Some(format), Some(handle), None) => {
                let is_known = matches!(format.as_str(), "IMAGE" | "VIDEO" | "DOCUMENT");
                ensure!(is_known, "header: format is IMAGE, VIDEO or DOCUMENT");
                Ok(NewHeader::File { format, example: Example::Handle(handle) })
            }
            (None, Some(format), None, Some(file)) => {
                let example = Example::File(file_of(beside, &format, &file)?);
                Ok(NewHeader::File { format, example })
            }
            _ => bail!(
                "header: a text, or a format with a file beside this one or the handle of an example that was uploaded"
            ),
        }
    }
}

/// The file that a header names: one that lies beside its template, and is what the header takes.
fn file_of(beside: Option<&Path>, format: &str, name: &str) -> anyhow::Result<ExampleFile> {
    let is_plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
    ensure!(is_plain, "header: file is the name of one that lies beside this one, and no path");
    let path = beside.context("header: there is no folder to look for its file in")?.join(name);
    let shown = path.display();
    let length = std::fs::metadata(&path).with_context(|| format!("header: cannot read {shown}"))?.len();
    ensure!(length <= VIDEO_BYTES, "header: {shown} is larger than any that is sent");
    let bytes = std::fs::read(&path).with_context(|| format!("header: cannot read {shown}"))?;
    ExampleFile::of(format, name, bytes.into()).map_err(|why| anyhow::anyhow!("header: {shown}: {why}"))
}

impl WrittenButton {
    fn read(self) -> anyhow::Result<NewButton> {
        let title = |text: Option<String>| {
            text.filter(|text| (1..=BUTTON_CHARS).contains(&text.chars().count()))
                .with_context(|| format!("buttons: a title of 1 to {BUTTON_CHARS} characters each"))
        };
        let other = match self {
            Self::Reply(text) => return title(Some(text)).map(NewButton::Reply),
            Self::Other(other) => other,
        };
        match (other.url, other.phone, other.code) {
            (Some(url), None, None) => {
                let is_link = url.starts_with("https://") && url.chars().count() <= LINK_CHARS;
                ensure!(is_link, "buttons: a link begins with https://");
                let count = places(&url).len();
                ensure!(
                    count <= 1 && (count == 0 || url.ends_with("}}")),
                    "buttons: a link has its place at its end"
                );
                let has_example = other.example.is_some();
                ensure!(
                    has_example == (count == 1),
                    "buttons: an example for the place of a link, and for nothing else"
                );
                Ok(NewButton::Link { text: title(other.text)?, url, example: other.example })
            }
            (None, Some(phone), None) => Ok(NewButton::Call { text: title(other.text)?, phone }),
            (None, None, Some(code)) => {
                let fits = (1..=CODE_CHARS).contains(&code.chars().count());
                ensure!(fits, "buttons: a code of 1 to {CODE_CHARS} characters");
                Ok(NewButton::Code(code))
            }
            _ => bail!("buttons: a title, or a table with a url, a phone or a code"),
        }
    }
}

/// The templates that come with Acuse.
pub fn ours() -> anyhow::Result<Vec<NewTemplate>> {
    OURS.iter().map(|(language, name, text)| parsed(language, name, text, None)).collect()
}

/// Those of a folder, in the order of their names.
pub fn of_folder(folder: &Path) -> anyhow::Result<Vec<NewTemplate>> {
    let mut found = Vec::new();
    let list = |folder: &Path| -> anyhow::Result<Vec<std::path::PathBuf>> {
        let entries =
            std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        let mut paths: Vec<_> = entries.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
        paths.sort();
        Ok(paths)
    };
    let word = |path: &Path| path.file_stem().and_then(|s| s.to_str()).unwrap_or_default().to_owned();
    for language in list(folder)?.into_iter().filter(|path| path.is_dir()) {
        for file in list(&language)?.into_iter().filter(|p| p.extension().is_some_and(|e| e == "toml")) {
            let text =
                std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            found.push(parsed(&word(&language), &word(&file), &text, Some(&language))?);
        }
    }
    ensure!(!found.is_empty(), "{} holds no LANGUAGE/NAME.toml", folder.display());
    Ok(found)
}

fn parsed(language: &str, name: &str, text: &str, beside: Option<&Path>) -> anyhow::Result<NewTemplate> {
    read(language, name, text, beside).with_context(|| format!("{language}/{name}.toml"))
}

fn read(language: &str, name: &str, text: &str, beside: Option<&Path>) -> anyhow::Result<NewTemplate> {
    let written: Written = toml::from_str(text)?;
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    ensure!(plain(name) && name.len() <= 512, "a name is small letters, digits and _");
    ensure!(
        matches!(written.category.as_str(), "UTILITY" | "MARKETING" | "AUTHENTICATION"),
        "category: UTILITY, MARKETING or AUTHENTICATION"
    );
    let body = written.body.trim();
    ensure!((1..=BODY_CHARS).contains(&body.chars().count()), "body: 1 to {BODY_CHARS} characters");
    // Meta refuses a text that begins or ends with what is not known yet.
    ensure!(!body.starts_with("{{") && !body.ends_with("}}"), "body: it begins and ends with words");
    let named = places(body);
    let numbered: Vec<String> = (1..=named.len()).map(|n| n.to_string()).collect();
    ensure!(named == numbered, "body: its places are {{{{1}}}}, {{{{2}}}}… without a gap");
    if written.examples.len() != named.len() {
        bail!("examples: one for each of the {} places in the body", named.len());
    }
    ensure!(written.buttons.len() <= BUTTONS, "buttons: at most {BUTTONS}");
    let buttons = written.buttons.into_iter().map(WrittenButton::read).collect::<Result<_, _>>()?;
    Ok(NewTemplate {
        name: name.to_owned(),
        language: language.to_owned(),
        category: written.category,
        header: written.header.map(|header| header.read(beside)).transpose()?,
        body: body.to_owned(),
        examples: written.examples,
        buttons,
    })
}

#[cfg(test)]
mod tests {
    use acuse_whatsapp::template::Button;

    use super::*;

    #[test]
    fn ours_are_whole_and_the_same_in_every_language() {
        let all = ours().unwrap();
        let names = |language: &str| {
            all.iter().filter(|t| t.language == language).map(|t| t.name.as_str()).collect::<Vec<_>>()
        };
        assert_eq!((names("es"), names("es")), (names("en"), names("pt_BR")));
        let one = |t: &NewTemplate| t.takes().body.len() == 1 && t.takes().header.is_none();
        assert!(all.iter().all(one), "each has the one place of its message's text");
        let taps = |t: &NewTemplate| t.takes().buttons.iter().all(|button| *button == Button::Reply);
        assert!(all.iter().all(taps), "and what can be tapped is a choice of ours");
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../templates"));
        let mut of_files = of_folder(folder).unwrap();
        of_files.sort_by_key(|t| (t.language.clone(), t.name.clone()));
        let mut built_in = all;
        built_in.sort_by_key(|t| (t.language.clone(), t.name.clone()));
        assert_eq!(of_files, built_in, "every file comes with the binary");
    }

    #[test]
    fn what_meta_would_refuse_is_refused_here() {
        for (text, says) in [
            ("category = \"NEWS\"\nbody = \"a\"", "category"),
            ("category = \"UTILITY\"\nbody = \"\"", "body"),
            ("category = \"UTILITY\"\nbody = \"Hola {{1}}\"\nexamples = [\"x\"]", "begins and ends"),
            ("category = \"UTILITY\"\nbody = \"Hola {{1}}.\"", "examples"),
            ("category = \"UTILITY\"\nbody = \"Hola.\"\nbuttons = [\"\"]", "buttons"),
            ("category = \"UTILITY\"\nbody = \"Hola {{2}}.\"\nexamples = [\"x\"]", "without a gap"),
            ("category = \"UTILITY\"\nbody = \"Hola.\"\nheader = { text = \"{{1}}\" }", "header"),
            (
                "category = \"UTILITY\"\nbody = \"Hola.\"\nheader = { format = \"MAP\", example = \"4\" }",
                "format",
            ),
            (
                "category = \"UTILITY\"\nbody = \"Hola.\"\nheader = { format = \"DOCUMENT\", file = \"a.pdf\" }",
                "no folder",
            ),
            (
                "category = \"UTILITY\"\nbody = \"Hola.\"\nheader = { format = \"DOCUMENT\" }",
                "a file beside this one",
            ),
            (
                "category = \"UTILITY\"\nbody = \"Hola.\"\nbuttons = [{ text = \"Ver\", url = \"https://a.es/{{1}}\" }]",
                "example",
            ),
            ("category = \"UTILITY\"\nbody = \"Hola.\"\nbuttons = [{ code = \"0123456789ABCDEF\" }]", "code"),
            ("body = \"Hola.\"", "category"),
        ] {
            let error = format!("{:#}", parsed("es", "acuse_x", text, None).unwrap_err());
            assert!(error.contains(says) && error.starts_with("es/acuse_x.toml"), "{error}");
        }
        let whole = "category = \"UTILITY\"\nheader = { text = \"Pedido {{1}}\", example = \"77\" }\nbody = \"Hola.\"\n\
            buttons = [\"Gracias\", { text = \"Ver\", url = \"https://a.es/{{1}}\", example = \"https://a.es/77\" }]";
        let takes = parsed("es", "order_sent", whole, None).unwrap().takes();
        assert_eq!((takes.header.is_some(), takes.buttons), (true, vec![Button::Reply, Button::Link]));
        assert!(parsed("es", "Acuse X", "category = \"UTILITY\"\nbody = \"Hola.\"", None).is_err());
    }

    #[test]
    fn the_file_of_a_header_lies_beside_its_template_and_is_what_that_takes() {
        let folder = tempfile::tempdir().unwrap();
        let language = folder.path().join("es");
        std::fs::create_dir(&language).unwrap();
        std::fs::write(language.join("factura.pdf"), b"%PDF-1.7").unwrap();
        std::fs::write(language.join("foto.jpg"), b"%PDF-1.7").unwrap();
        let with = |format: &str, file: &str| {
            let header = format!("header = {{ format = \"{format}\", file = \"{file}\" }}");
            let text = format!("category = \"UTILITY\"\n{header}\nbody = \"Hola.\"\n");
            std::fs::write(language.join("factura.toml"), text).unwrap();
            of_folder(folder.path())
        };
        let found = with("DOCUMENT", "factura.pdf").unwrap();
        let file = found[0].example().unwrap();
        assert_eq!((found.len(), file.name(), &file.bytes()[..]), (1, "factura.pdf", b"%PDF-1.7".as_slice()));
        for (format, file, says) in [
            ("IMAGE", "foto.jpg", "a JPEG or a PNG"),
            ("MAP", "factura.pdf", "IMAGE, VIDEO or DOCUMENT"),
            ("DOCUMENT", "none.pdf", "cannot read"),
            ("DOCUMENT", "../es/factura.pdf", "no path"),
            ("DOCUMENT", ".hidden", "no path"),
        ] {
            let error = format!("{:#}", with(format, file).unwrap_err());
            assert!(error.starts_with("es/factura.toml") && error.contains(says), "{error}");
        }
    }
}

//! Templates as files, `LANGUAGE/NAME.toml`: those that come with Acuse, or a folder of one's own.

use std::path::Path;

use acuse_whatsapp::graph::NewTemplate;
use anyhow::{Context, bail, ensure};
use serde::Deserialize;

/// Longest body (Meta), characters.
const BODY_CHARS: usize = 1_024;
/// Most quick replies that we give a template, and the longest title of one (Meta's limit is 25).
const BUTTONS: usize = 3;
const BUTTON_CHARS: usize = 25;

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
    body: String,
    #[serde(default)]
    examples: Vec<String>,
    #[serde(default)]
    buttons: Vec<String>,
}

/// The templates that come with Acuse.
pub fn ours() -> anyhow::Result<Vec<NewTemplate>> {
    OURS.iter().map(|(language, name, text)| parsed(language, name, text)).collect()
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
            found.push(parsed(&word(&language), &word(&file), &text)?);
        }
    }
    ensure!(!found.is_empty(), "{} holds no LANGUAGE/NAME.toml", folder.display());
    Ok(found)
}

fn parsed(language: &str, name: &str, text: &str) -> anyhow::Result<NewTemplate> {
    read(language, name, text).with_context(|| format!("{language}/{name}.toml"))
}

fn read(language: &str, name: &str, text: &str) -> anyhow::Result<NewTemplate> {
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
    let places = (1..).take_while(|n| body.contains(&format!("{{{{{n}}}}}"))).count();
    if written.examples.len() != places {
        bail!("examples: one for each of the {places} places in the body");
    }
    ensure!(written.buttons.len() <= BUTTONS, "buttons: at most {BUTTONS}");
    let fits = |title: &String| (1..=BUTTON_CHARS).contains(&title.chars().count());
    ensure!(written.buttons.iter().all(fits), "buttons: 1 to {BUTTON_CHARS} characters each");
    Ok(NewTemplate {
        name: name.to_owned(),
        language: language.to_owned(),
        category: written.category,
        body: body.to_owned(),
        examples: written.examples,
        buttons: written.buttons,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_are_whole_and_the_same_in_every_language() {
        let all = ours().unwrap();
        let names = |language: &str| {
            all.iter().filter(|t| t.language == language).map(|t| t.name.as_str()).collect::<Vec<_>>()
        };
        assert_eq!((names("es"), names("es")), (names("en"), names("pt_BR")));
        assert!(all.iter().all(|t| t.examples.len() == 1), "each has the one place of its message's text");
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
            ("body = \"Hola.\"", "category"),
        ] {
            let error = format!("{:#}", parsed("es", "acuse_x", text).unwrap_err());
            assert!(error.contains(says) && error.starts_with("es/acuse_x.toml"), "{error}");
        }
        assert!(parsed("es", "Acuse X", "category = \"UTILITY\"\nbody = \"Hola.\"").is_err());
    }
}

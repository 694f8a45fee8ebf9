//! What stands in the trail, in people's words: what somebody did (data, a line an action) and its particulars, from what to
//! what where it says so.

use std::{collections::HashMap, sync::LazyLock};

use serde_json::Value;

use super::{labels, language::Tongue};

static ACTIONS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    include_str!("data/actions.tsv").lines().filter_map(|line| line.split_once('\t')).collect()
});

/// Particulars whose values are words of closed lists, and are said in the reader's language. Others are somebody's own.
const CLOSED: &[&str] = &[
    "act",
    "cause",
    "fields_changed",
    "kind",
    "missing",
    "mode",
    "reason",
    "resolution",
    "role",
    "waits_for",
    "way",
];

/// What an action is called; one that no version knows of by its own name.
pub(super) fn action(word: &str, tongue: Tongue) -> String {
    match ACTIONS.get(word) {
        Some(english) => tongue.t(english).to_owned(),
        None => labels::label(word),
    }
}

/// The particulars on one line.
pub(super) fn particulars(value: &Value, tongue: Tongue) -> String {
    let Value::Object(all) = value else { return String::new() };
    let one = |(name, value): (&String, &Value)| {
        let said = match (value.get("from"), value.get("to")) {
            (Some(from), Some(to)) if from == to => return None,
            (Some(from), Some(to)) => format!("{} → {}", said(name, from, tongue), said(name, to, tongue)),
            _ => said(name, value, tongue),
        };
        let label = labels::label(name.trim_end_matches("_ppm"));
        (!said.is_empty()).then(|| format!("{}: {said}", tongue.t(&label)))
    };
    all.iter().filter_map(one).collect::<Vec<_>>().join(" · ")
}

fn said(name: &str, value: &Value, tongue: Tongue) -> String {
    let closed = CLOSED.contains(&name);
    match value {
        Value::Null => String::new(),
        Value::Bool(is) => tongue.t(if *is { "yes" } else { "no" }).to_owned(),
        Value::Number(ppm) if name.ends_with("_ppm") => {
            format!("{} %", ppm.as_f64().unwrap_or_default() / 10_000.0)
        }
        Value::String(word) if closed => closed_word(word, tongue),
        Value::Array(all) if closed && all.iter().all(Value::is_string) => {
            let all = all.iter().filter_map(Value::as_str);
            all.map(|word| closed_word(word, tongue)).collect::<Vec<_>>().join(", ")
        }
        value => labels::plain(value).unwrap_or_else(|| value.to_string()),
    }
}

/// A word of a closed list in the middle of a line; in English as it stands.
fn closed_word(word: &str, tongue: Tongue) -> String {
    let english = labels::label(word);
    let there = tongue.t(&english);
    if there == english {
        return word.to_owned();
    }
    let mut chars = there.chars();
    match (chars.next(), chars.clone().next()) {
        // An abbreviation stays one.
        (Some(first), second) if !second.is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => there.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use acuse_storage::{reviews::Resolution, users::Role};
    use serde_json::json;

    use super::*;

    #[test]
    fn the_particulars_say_from_what_to_what() {
        let said = json!({
            "user": "eva", "role": { "from": "reviewer", "to": "admin" }, "sees_ids": { "from": true, "to": true },
            "fields_changed": ["total", "date"], "note": null, "share_ppm": { "from": 20_000, "to": 5_000 },
        });
        let line = particulars(&said, Tongue::En);
        assert!(line.contains("Role: reviewer → admin") && line.contains("Share: 2 % → 0.5 %"), "{line}");
        assert!(line.contains("Fields changed: total, date"), "{line}");
        assert!(!line.contains("Sees ids") && !line.contains("Note"), "what stayed is not said: {line}");
        let line = particulars(&said, Tongue::Es);
        assert!(line.contains("Rol: revisor → administrador"), "{line}");
        assert!(line.contains("Campos cambiados: total, fecha") && line.contains("Usuario: eva"), "{line}");
        assert_eq!(
            particulars(&json!({ "agrees": false, "note": "total" }), Tongue::Pt),
            "Coincide: não · Nota: total"
        );
        assert_eq!(particulars(&Value::Null, Tongue::Es), "");
    }

    #[test]
    fn what_somebody_did_is_said_in_every_language() {
        assert_eq!(action("view_id", Tongue::Es), "Vio un documento de identidad");
        assert_eq!(action("of_a_later_version", Tongue::Es), "Of a later version");
        for (tongue, _) in Tongue::ALL.iter().filter(|(tongue, _)| *tongue != Tongue::En) {
            let missing: Vec<_> = ACTIONS.values().filter(|english| tongue.t(english) == **english).collect();
            assert!(missing.is_empty(), "{}.tsv lacks {missing:#?}", tongue.code());
        }
    }

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match path.extension() {
                _ if path.ends_with("conformance") => {}
                _ if path.is_dir() => sources(&path, found),
                Some(end) if end == "rs" => found.push(path),
                _ => {}
            }
        }
    }

    /// The arguments of a call, from behind its bracket.
    fn arguments(text: &str) -> Vec<String> {
        let (mut all, mut one, mut depth, mut quoted) = (Vec::new(), String::new(), 0, false);
        for c in text.chars() {
            match c {
                '"' => quoted = !quoted,
                '(' | '{' | '[' if !quoted => depth += 1,
                ')' | '}' | ']' if !quoted => depth -= 1,
                _ => {}
            }
            if depth < 0 {
                break;
            }
            if c == ',' && depth == 0 && !quoted {
                all.push(std::mem::take(&mut one).trim().to_owned());
            } else {
                one.push(c);
            }
        }
        all.push(one.trim().to_owned());
        all
    }

    /// What code writes into the trail where the call itself does not name it.
    fn named_elsewhere(file: &str, expression: &str) -> Option<Vec<String>> {
        let words = |all: &[&str]| Some(all.iter().map(|word| (*word).to_owned()).collect());
        match (file, expression) {
            (_, "resolution.as_str()") => Some(Resolution::ALL.iter().map(ToString::to_string).collect()),
            ("decision.rs", "state.as_str()") => words(&["approved", "refused"]),
            ("entities.rs", "action") => words(&["entity_added", "entity_changed"]),
            ("wait.rs", "event") => words(&["postponed", "handed_over"]),
            ("save.rs", "action") => words(&["customer_created", "customer_updated"]),
            ("verdicts.rs", "action") => words(&["obligation_promised", "obligation_cancelled"]),
            ("people.rs", "action") => {
                words(&["user_changed", "user_disabled", "user_enabled", "user_password_reset"])
            }
            // What their own `audit` is called with is found where it is called.
            ("webhook_endpoints.rs" | "incident_routes.rs" | "audit.rs", "action") => words(&[]),
            _ => None,
        }
    }

    /// What a call writes into the trail, and what else it says, by the words of the call.
    fn written(file: &str, text: &str) -> (Vec<String>, Vec<String>) {
        let (mut actions, mut keys) = (Vec::new(), Vec::new());
        for (call, nth) in [("audit::write(", 2), ("write_each(", 2), (".audit(", 1), (" audit(&app, ", 1)] {
            for (at, _) in text.match_indices(call) {
                let all = arguments(&text[at + call.len()..]);
                let Some(action) = all.get(nth) else { continue };
                match action.strip_prefix('"').and_then(|word| word.strip_suffix('"')) {
                    Some(word) => actions.push(word.to_owned()),
                    None if action.contains(':') => continue,
                    None => {
                        actions.extend(named_elsewhere(file, action).unwrap_or_else(|| {
                            panic!("{file}: what is {action}? say it in `named_elsewhere`")
                        }));
                    }
                }
                let block = |text: &str| {
                    arguments(text.split_once("json!(").map_or("", |(_, block)| block)).swap_remove(0)
                };
                let detail = match all.last().map(String::as_str) {
                    Some("&detail") => text[..at].rfind("json!({").map(|from| block(&text[from..])),
                    Some(last) => Some(block(last)),
                    None => None,
                };
                let detail = detail.unwrap_or_default();
                let words = detail.split('"').skip(1).step_by(2).zip(detail.split('"').skip(2).step_by(2));
                keys.extend(
                    words.filter(|(_, after)| after.starts_with(':')).map(|(word, _)| word.to_owned()),
                );
            }
        }
        (actions, keys)
    }

    #[test]
    fn every_action_that_code_writes_has_its_words() {
        let (mut files, mut actions, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        for room in ["storage", "server", "workers"] {
            sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(room).join("src"), &mut files);
        }
        for path in files.iter().filter(|path| !path.ends_with("desk/deeds.rs")) {
            let text = std::fs::read_to_string(path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let (theirs, said) = written(&path.file_name().unwrap().to_string_lossy(), code);
            actions.extend(theirs);
            keys.extend(said);
        }
        let unknown: Vec<_> = actions.iter().filter(|word| !ACTIONS.contains_key(word.as_str())).collect();
        assert!(actions.len() > 60 && unknown.is_empty(), "{} and without words {unknown:?}", actions.len());
        // Nobody keeps words for what nothing writes, or ever wrote: trails of before are read still.
        let once = ["user_put"];
        let is_written = |word: &str| once.contains(&word) || actions.iter().any(|action| action == word);
        let unused: Vec<_> = ACTIONS.keys().filter(|word| !is_written(word)).collect();
        assert!(unused.is_empty(), "{unused:?}");

        keys.extend(
            ["by", "note", "fields_changed", "kind", "duplicate_of", "overridden", "because"]
                .map(str::to_owned),
        );
        let labels = keys.iter().map(|key| labels::label(key.trim_end_matches("_ppm")));
        let closed = Role::ALL.iter().map(|role| labels::label(role.as_str()));
        let wanted: std::collections::BTreeSet<String> = labels.chain(closed).collect();
        for tongue in [Tongue::Es, Tongue::Pt] {
            let missing: Vec<_> = wanted.iter().filter(|text| !tongue.knows(text)).collect();
            assert!(missing.is_empty(), "{}.tsv lacks {missing:?}", tongue.code());
        }
    }
}

//! What somebody writes by a template, checked before it is kept.

use crate::problem::Problem;

/// Most parameters of a template, and the longest of one, characters.
const PARAMS: usize = 20;
const PARAM_CHARS: usize = 900;
/// Most buttons of a template (Meta), and the longest that a header or one of them takes, characters.
const BUTTONS: usize = 10;
const PART_CHARS: usize = 2_000;
/// What payloads of our own choices begin with.
const OURS: &str = "acuse:";

/// Whether that can be the name of a template, and that stand in it.
///
/// # Errors
/// 422 naming the member.
pub fn template(name: &str, params: &[String]) -> Result<(), Problem> {
    let bad = |text: String| Err(Problem::Unprocessable(text));
    let is_letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if name.is_empty() || name.len() > 512 || !name.bytes().all(is_letter) {
        return bad("template: small letters, digits and _".to_owned());
    }
    if params.len() > PARAMS || params.iter().any(|p| p.trim().is_empty() || p.chars().count() > PARAM_CHARS)
    {
        return bad(format!("params: at most {PARAMS}, each of 1 to {PARAM_CHARS} characters"));
    }
    Ok(())
}

/// What stands in a template's header and what its buttons take, as they are kept: an empty header is none, and empty
/// buttons at the end are left out.
///
/// # Errors
/// 422 naming the member.
pub fn header_and_buttons(
    header: Option<String>,
    buttons: Option<Vec<String>>,
) -> Result<(Option<String>, Vec<String>), Problem> {
    let is_long = |text: &String| text.chars().count() > PART_CHARS;
    let header = header.map(|header| header.trim().to_owned()).filter(|header| !header.is_empty());
    if header.as_ref().is_some_and(is_long) {
        return Err(Problem::Unprocessable(format!("header: at most {PART_CHARS} characters")));
    }
    let mut buttons: Vec<String> =
        buttons.unwrap_or_default().iter().map(|button| button.trim().to_owned()).collect();
    // As they were said: no template has more, whatever stands there.
    let is_too_many = buttons.len() > BUTTONS;
    while buttons.last().is_some_and(String::is_empty) {
        buttons.pop();
    }
    if is_too_many || buttons.iter().any(is_long) {
        return Err(Problem::Unprocessable(format!(
            "buttons: at most {BUTTONS}, of {PART_CHARS} characters each"
        )));
    }
    if buttons.iter().any(|button| button.starts_with(OURS)) {
        return Err(Problem::Unprocessable(format!(
            "buttons: what begins with {OURS} is a choice of our own"
        )));
    }
    Ok((header, buttons))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_buttons_than_a_template_has_are_taken_however_many_are_empty() {
        let given = |full: usize, empty: usize| {
            let mut all = vec!["o/77".to_owned(); full];
            all.resize(full + empty, " ".to_owned());
            header_and_buttons(None, Some(all))
        };
        assert_eq!(given(1, BUTTONS - 1).unwrap().1, ["o/77"], "those at the end are left out");
        assert_eq!(given(BUTTONS, 0).unwrap().1.len(), BUTTONS);
        for (full, empty) in [(BUTTONS + 1, 0), (1, BUTTONS), (0, BUTTONS + 1)] {
            let Err(Problem::Unprocessable(why)) = given(full, empty) else { panic!("{full} {empty}") };
            assert!(why.contains("at most 10"), "{why}");
        }
    }
}

//! Which template stands in for what, when free text may not be sent: data, a line a purpose.

use acuse_pipeline::knowledge;

const OURS: &str = include_str!("templates.tsv");

/// Names of the templates that may stand in for messages of a purpose: the first that Meta approved and has not paused.
#[must_use]
pub fn stand_ins(purpose: &str) -> Vec<String> {
    let of = |line: &'static str| {
        let mut cells = line.split('\t');
        (cells.next() == Some(purpose)).then(|| cells.map(str::to_owned).collect::<Vec<_>>())
    };
    let named = knowledge::lines(OURS).find_map(of);
    named.unwrap_or_else(|| vec![format!("acuse_{purpose}")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_line_has_its_own_name() {
        assert_eq!(stand_ins("filed"), ["acuse_filed"]);
        assert_eq!(stand_ins("reminder"), ["acuse_reminder", "acuse_reminder_2"]);
    }
}

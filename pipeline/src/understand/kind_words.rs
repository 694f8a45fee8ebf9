//! Words that tell kinds of paper apart, as concepts: each is said in many languages and counts as one; the words are in
//! `data/kind_words.tsv`, folded (see [`super::sheet::fold`]).

use std::sync::LazyLock;

use crate::knowledge;

/// A concept and the words for it.
pub struct Concept {
    /// Its name in the weights.
    pub name: &'static str,
    /// What it is to a person: "it says … (`meaning`)".
    pub meaning: &'static str,
    /// Words and phrases, folded.
    pub words: Vec<&'static str>,
}

/// What papers call themselves: these also count as titles, when they stand high and large.
pub static TITLES: LazyLock<Vec<Concept>> = LazyLock::new(|| group("title"));
/// What stands on them besides.
pub static CONCEPTS: LazyLock<Vec<Concept>> = LazyLock::new(|| group("also"));

fn group(group: &str) -> Vec<Concept> {
    let lines = knowledge::lines(include_str!("data/kind_words.tsv"));
    let concept = |line: &'static str| {
        let [own, name, meaning, words] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
        (own == group).then(|| Concept { name, meaning, words: words.split("; ").collect() })
    };
    lines.filter_map(concept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_concept() {
        let lines = knowledge::lines(include_str!("data/kind_words.tsv")).count();
        assert_eq!(TITLES.len() + CONCEPTS.len(), lines);
    }
}

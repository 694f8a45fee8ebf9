//! Trains all scorers of a bill from documents, and the least probability at which it is filed.

use acuse_pipeline::{
    document::Kind,
    fields::{Field, Fields, Source},
    reason::ReasonCode,
    understand::{
        proofs::vouched,
        scorer::{Scorer, Scorers},
        whole,
    },
};

use crate::{
    choice::{self, CHOICE},
    legible::Legible,
    logistic::{Example, FOLDS, Recipe, calibrated, fold},
    signed::{Document, examples},
    truth::{compare, wrong},
};

/// Found by trial on sources left out. Where rules are all but always right, their word and few signs are enough.
pub const RECIPES: [Recipe; 6] = [
    Recipe { name: "party", signs: &[], penalty: 20.0, by_variance: true },
    Recipe { name: "total", signs: &[], penalty: 5.0, by_variance: false },
    Recipe { name: "date", signs: &["rules", "misread", "two_ways"], penalty: 3.0, by_variance: false },
    Recipe { name: "number", signs: &[], penalty: 5.0, by_variance: false },
    Recipe { name: "tax", signs: &[], penalty: 2.0, by_variance: false },
    Recipe {
        name: "currency",
        signs: &["rules", "printed", "beside", "country"],
        penalty: 5.0,
        by_variance: false,
    },
];
pub const DOCUMENT: Recipe = Recipe {
    name: "document",
    signs: &["all", "kind", "unnamed", "served"],
    penalty: 5.0,
    by_variance: false,
};

/// The share of wrong documents among filed ones that is aimed at.
pub const TARGET: f32 = 0.03;

fn of_fields(documents: &[&Document]) -> Scorers {
    let mut scorers = Scorers::default();
    scorers.set(CHOICE, choice::chooser(documents));
    for recipe in RECIPES {
        let examples = match recipe.name {
            "party" => choice::examples(documents),
            name => examples(documents, name),
        };
        scorers.set(recipe.name, calibrated(&examples, recipe));
    }
    scorers
}

/// Scorers of fields from all documents; of the whole from what scorers that did not see its source say of each.
pub fn train(documents: &[&Document]) -> Scorers {
    let mut wholes = Vec::new();
    for f in 0..FOLDS {
        let (held, kept): (Vec<&Document>, Vec<&Document>) =
            documents.iter().partition(|d| fold(&d.truth.source_repo) == f);
        let scorers = of_fields(&kept);
        wholes.extend(held.into_iter().filter_map(|d| of_whole(d, &scorers)));
    }
    let scorer = calibrated(&wholes, DOCUMENT);
    let least = threshold(&wholes, &scorer);
    let weights = scorer.weights().into_iter().map(|(n, w)| (n.to_owned(), w));
    let weights = weights.chain([("threshold".to_owned(), least)]).collect();
    let mut scorers = of_fields(documents);
    scorers.set(DOCUMENT.name, Scorer::new(weights));
    scorers
}

/// What `scorers` make of a bill that nothing but doubt would hold.
pub fn of_whole(document: &Document, scorers: &Scorers) -> Option<Example> {
    let understood = &document.understood;
    let kind = understood.kind;
    let held = understood.reasons.iter().any(|r| r.code != ReasonCode::LowConfidence);
    if held || !matches!(kind, Kind::Invoice | Kind::Receipt) {
        return None;
    }
    let mut fields: Fields = understood.fields.clone();
    if document.has_party()
        && let Some((signed, _)) = choice::party(document, scorers)
    {
        let confidence = signed.probability(scorers)?;
        fields.insert(signed.name, Field::unplaced(signed.value.as_str(), confidence, Source::Ocr));
    }
    let party = document.party_field();
    for signed in understood.signs.iter().filter(|s| Some(s.name) != party) {
        let other = fields.get(&signed.name).is_some_and(|f| f.value != signed.value);
        let sure = |f: &Field| !matches!(f.source, Source::Ocr | Source::Text);
        if other || fields.get(&signed.name).is_some_and(sure) {
            continue;
        }
        let confidence = signed.probability(scorers)?;
        fields.insert(signed.name, Field::unplaced(signed.value.as_str(), confidence, Source::Ocr));
    }
    vouched::drop_impossible_tax(&mut fields);
    fields.retain(|name, field| whole::is_filed(kind, *name, field));
    let signs = whole::signs(kind, understood.confidence, &understood.doubts, &fields);
    let compared = compare(&document.truth, &fields, None::<&Legible>);
    let right = wrong(&document.truth, Some(kind), &compared).is_empty();
    Some(Example { source: document.truth.source_repo.clone(), signs, right })
}

/// The least probability down to which no more than `TARGET` of the documents filed were wrong, with half a wrong one more
/// than were seen.
fn threshold(wholes: &[Example], scorer: &Scorer) -> f32 {
    let mut sure: Vec<(f32, bool)> =
        wholes.iter().map(|e| (whole::judge(&e.signs, Some(scorer)), e.right)).collect();
    sure.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut wrong, mut least) = (0.5, 1.0);
    for (n, (p, right)) in sure.iter().enumerate() {
        wrong += f32::from(u8::from(!right));
        if wrong / (n as f32 + 2.0) <= TARGET {
            least = *p;
        }
    }
    least
}

/// Scorers for each source that saw nothing of it.
pub fn without_each(documents: &[Document]) -> std::collections::HashMap<String, Scorers> {
    choice::begin(&documents.iter().collect::<Vec<_>>());
    let mut sources: Vec<&str> = documents.iter().map(|d| d.truth.source_repo.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    let without =
        |source: &str| train(&documents.iter().filter(|d| d.truth.source_repo != source).collect::<Vec<_>>());
    let half = sources.len() / 2;
    let of = |part: &[&str]| part.iter().map(|s| ((*s).to_owned(), without(s))).collect::<Vec<_>>();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| of(&sources[..half]));
        let mut all: std::collections::HashMap<_, _> = of(&sources[half..]).into_iter().collect();
        all.extend(first.join().unwrap_or_default());
        all
    })
}

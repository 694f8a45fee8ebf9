//! Trains the classifier: `train DATA EVIDENCE [DRAWN] [--write WEIGHTS] [--folds FOLDER]`.
//!
//! Learns from `DATA/manifest.csv` with the evidence read of each document (`EVIDENCE/<path>.json`), from evidence of
//! drawn samples (`DRAWN/<kind>/*.json`, see the `drawn` example) and from invented papers. Every figure it prints is
//! cross-validated: a document is scored by weights that saw nothing of its source. The weights carry names of features and
//! numbers only.

#![allow(missing_docs, clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)]

#[path = "../eval/legible.rs"]
#[allow(dead_code)]
mod legible;
#[path = "../eval/truth.rs"]
#[allow(dead_code)]
mod truth;

mod fit;
mod invented;
#[allow(dead_code)]
mod kinds;
mod report;

use std::{collections::HashMap, error::Error, fs, path::Path};

use acuse_pipeline::{
    reading::Evidence,
    understand::{
        amounts, features,
        model::{KINDS, Model, softmax},
        mrz, sheet, tax_ids, understand_by,
    },
};
use fit::{Row, Weights};
use invented::Dice;
use kinds::{FOLDS, fold, hash};
use time::OffsetDateTime;
use truth::Truth;

const PENALTY: f32 = 2.0;
/// Copies of each real document that lost lines, as a worse photo would.
const WORN: usize = 3;
const INVENTED: u64 = 600;

pub struct Known {
    pub truth: Truth,
    pub evidence: Evidence,
    pub row: Row,
    worn: Vec<Row>,
    /// The part of its source: what is held out together.
    source: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [data, evidence, rest @ ..] = args.as_slice() else {
        return Err("train DATA EVIDENCE [DRAWN] [--write WEIGHTS]".into());
    };
    let names = features::names();
    let index: HashMap<&str, usize> = names.iter().enumerate().map(|(at, n)| (n.as_str(), at)).collect();
    let known = known(Path::new(data), Path::new(evidence), &index)?;
    let drawn =
        rest.first().filter(|a| !a.starts_with("--")).map_or(Ok(vec![]), |d| drawn(Path::new(d), &index))?;
    let invented: Vec<_> = (0..INVENTED)
        .map(|seed| {
            let paper = invented::invent(seed);
            let row = Row { weight: 0.35, label: paper.label, values: values(&paper.evidence, &index) };
            (paper.layout, row)
        })
        .collect();
    let made: Vec<Row> = invented.iter().map(|(_, row)| row.clone()).chain(drawn).collect();
    println!("{} documents, {} drawn and invented, {} features", known.len(), made.len(), names.len());

    let train_with = |held_out: &dyn Fn(&Known) -> bool, made: &[Row]| -> Weights {
        let kept = known.iter().filter(|k| !held_out(k));
        let rows: Vec<Row> =
            kept.flat_map(|k| std::iter::once(&k.row).chain(&k.worn)).chain(made).cloned().collect();
        fit::fit(&rows, names.len(), PENALTY)
    };
    let train = |held_out: &dyn Fn(&Known) -> bool| train_with(held_out, &made);
    let folds: Vec<Weights> = (0..FOLDS).map(|f| train(&|k| k.source == f)).collect();
    let of = |k: &Known| &folds[k.source as usize];
    let held_out: Vec<_> = known.iter().map(|k| (fit::scores(of(k), &k.row), k.row.label)).collect();
    let temperature = fit::temperature(&held_out);
    let today = OffsetDateTime::now_utc().date();
    let models: Vec<Model> = folds.iter().map(|w| model(w, &names, temperature)).collect();
    let understood: Vec<_> =
        known.iter().map(|k| understand_by(&k.evidence, today, &models[k.source as usize])).collect();
    let figures = report::figures(&known, &understood, temperature);
    println!("{figures}");
    if std::env::var_os("BY_SOURCE").is_some() {
        by_source(&known, &train, &names, temperature);
        by_layout(&invented, &made, &|made| train_with(&|_| false, made), temperature);
    }
    if let Some(at) = rest.iter().position(|a| a == "--folds") {
        let folder = Path::new(rest.get(at + 1).ok_or("--folds FOLDER")?);
        fs::create_dir_all(folder)?;
        for (f, weights) in folds.iter().enumerate() {
            let text = report::weights_file(weights, &names, temperature, "", (known.len(), made.len()));
            fs::write(folder.join(format!("{f}.tsv")), text)?;
        }
    }
    if let Some(at) = rest.iter().position(|a| a == "--write") {
        let out = rest.get(at + 1).ok_or("--write WEIGHTS")?;
        let weights = train(&|_| false);
        fs::write(
            out,
            report::weights_file(&weights, &names, temperature, &figures, (known.len(), made.len())),
        )?;
        println!("wrote {out}");
    }
    Ok(())
}

/// Weights from all documents but those held out.
type Train<'a> = dyn Fn(&dyn Fn(&Known) -> bool) -> Weights + 'a;

/// The harder question: how are documents of a source judged by weights that saw nothing of that source?
fn by_source(known: &[Known], train: &Train<'_>, names: &[String], temperature: f32) {
    let mut sources: Vec<&str> = known.iter().map(|k| k.truth.source_repo.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    for source in sources {
        let model = model(&train(&|k| k.truth.source_repo == source), names, temperature);
        let today = OffsetDateTime::now_utc().date();
        let rows: Vec<&Known> = known.iter().filter(|k| k.truth.source_repo == source).collect();
        let right =
            rows.iter().filter(|k| understand_by(&k.evidence, today, &model).kind == k.truth.label).count();
        println!("without {source}: kind right {right}/{}", rows.len());
    }
}

/// How is an invented layout judged by weights that never saw it? The dangerous ones are papers that look like bills.
fn by_layout(
    invented: &[((usize, &str), Row)],
    made: &[Row],
    train: &dyn Fn(&[Row]) -> Weights,
    temperature: f32,
) {
    let mut layouts: Vec<(usize, &str)> = invented.iter().map(|(layout, _)| *layout).collect();
    layouts.sort_unstable();
    layouts.dedup();
    for layout in layouts {
        let others = invented.iter().filter(|(l, _)| *l != layout).map(|(_, row)| row);
        let rows: Vec<Row> = others.chain(&made[invented.len()..]).cloned().collect();
        let weights = train(&rows);
        let said: Vec<(usize, f32)> = invented
            .iter()
            .filter(|(l, _)| *l == layout)
            .map(|(_, row)| {
                let p = softmax(fit::scores(&weights, row).map(|s| s / temperature));
                (row.label, 1.0 - p[row.label])
            })
            .collect();
        let wrong = said.iter().filter(|(_, off)| *off > 0.5).count();
        let worst = said.iter().map(|(_, off)| *off).fold(0.0, f32::max);
        println!("without “{}”: {wrong} of {} wrong, surest {worst:.3}", layout.1, said.len());
    }
}

fn model(weights: &Weights, names: &[String], temperature: f32) -> Model {
    Model::new(names.iter().cloned().zip(weights.iter().map(|w| w.map(|w| w / temperature))).collect())
}

fn values(evidence: &Evidence, index: &HashMap<&str, usize>) -> Vec<(usize, f32)> {
    let sheet = sheet::Sheet::of(evidence);
    let zone = mrz::find(&sheet, OffsetDateTime::now_utc().date());
    let ids = tax_ids::tax_ids(&sheet);
    let sums = amounts::sums(&sheet, 2);
    let seen = features::Seen { evidence, sheet: &sheet, zone: &zone, ids: &ids, sums: &sums };
    features::features(&seen).iter().filter_map(|f| Some((*index.get(f.name.as_str())?, f.value))).collect()
}

fn known(data: &Path, evidence: &Path, index: &HashMap<&str, usize>) -> Result<Vec<Known>, Box<dyn Error>> {
    let mut known = Vec::new();
    for truth in truth::manifest(data)? {
        let Ok(bytes) = fs::read(evidence.join(format!("{}.json", truth.path))) else {
            eprintln!("no evidence for {}", truth.path);
            continue;
        };
        let evidence: Evidence = serde_json::from_slice(&bytes)?;
        let label = KINDS.iter().position(|k| *k == truth.label).unwrap();
        // The same name in another format is the same document.
        let twins = hash(truth.path.rsplit_once('.').map_or(truth.path.as_str(), |(stem, _)| stem));
        let weight = if truth.hard() { 0.5 } else { 1.0 };
        let mut dice = Dice(twins);
        let worn = (0..WORN)
            .map(|_| Row { values: values(&worn(&evidence, &mut dice), index), label, weight: weight * 0.4 })
            .collect();
        let row = Row { values: values(&evidence, index), label, weight };
        let source = fold(&truth.source_repo);
        known.push(Known { truth, evidence, row, worn, source });
    }
    Ok(known)
}

/// A copy that lost lines here and there and perhaps its head or foot, and may have been photographed.
fn worn(evidence: &Evidence, dice: &mut Dice) -> Evidence {
    let mut copy = evidence.clone();
    let lost = dice.below(30);
    for page in &mut copy.pages {
        let n = page.lines.len();
        let (head, foot) =
            (if dice.chance(25) { n / 5 } else { 0 }, if dice.chance(25) { n - n / 5 } else { n });
        let lines = std::mem::take(&mut page.lines);
        page.lines = lines
            .into_iter()
            .enumerate()
            .filter(|(at, _)| *at >= head && *at < foot && !dice.chance(lost))
            .map(|(_, line)| line)
            .collect();
        page.aspect *= 0.85 + dice.below(30) as f32 / 100.0;
    }
    if dice.chance(50) && copy.pages.len() == 1 && !copy.pages[0].lines.is_empty() {
        copy.media_type = "image/jpeg".to_owned();
        copy.attachments.clear();
    }
    copy
}

fn drawn(folder: &Path, index: &HashMap<&str, usize>) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut rows = Vec::new();
    for (label, kind) in KINDS.iter().enumerate() {
        let mut paths: Vec<_> = fs::read_dir(folder.join(kind.to_string()))?
            .map(|e| e.map(|e| e.path()))
            .collect::<Result<_, _>>()?;
        paths.sort();
        for path in paths {
            let evidence: Evidence = serde_json::from_slice(&fs::read(path)?)?;
            rows.push(Row { values: values(&evidence, index), label, weight: 0.2 });
        }
    }
    Ok(rows)
}

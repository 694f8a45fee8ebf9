//! Draws samples and writes their text as evidence for the classifier: `drawn OUT [COUNT]`.
//!
//! `OUT/<kind>/NNNN.json` holds the lines of a drawn document as its PDF's own text layer gives them; half of the invoices
//! and all others claim to be a picture. No OCR and no models: what a reader of pictures would get wrong, training takes
//! from real ones. `OUT/manifest.csv` holds the truth, so that `score OUT OUT` tells how understanding fares on papers
//! nobody tuned it on.

#![allow(missing_docs, clippy::print_stderr)]

use std::{error::Error, fs, path::Path};

use acuse_fixtures::{Country, Form, Kind, Spec, Truth, generate};
use acuse_pipeline::{fields::Source, limits::Limits, reading::Evidence, text};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let out = Path::new(args.first().ok_or("drawn OUT [COUNT]")?);
    let count: usize = args.get(1).map_or(Ok(120), |n| n.parse())?;
    fs::create_dir_all(out)?;
    let mut manifest = csv::Writer::from_path(out.join("manifest.csv"))?;
    manifest.write_record(COLUMNS)?;
    for kind in [Kind::Invoice, Kind::Receipt, Kind::Id, Kind::Other] {
        let folder = out.join(kind.as_str());
        fs::create_dir_all(&folder)?;
        for at in 0..count {
            let country = Country::ALL[at % Country::ALL.len()];
            let sample = generate(at as u64, &Spec::new(kind, country, Form::PdfText));
            let mut pages = text::layers(&sample.bytes, &Limits::default(), &mut Vec::new());
            let picture = kind != Kind::Invoice || at % 2 == 0;
            if picture {
                pages.iter_mut().for_each(|p| p.source = Source::Ocr);
            }
            let media_type = if picture { "image/jpeg" } else { "application/pdf" }.to_owned();
            let evidence = Evidence { media_type, pages, ..Evidence::default() };
            let path = format!("{}/{at:04}", kind.as_str());
            manifest.write_record(row(&path, &sample.truth))?;
            fs::write(folder.join(format!("{at:04}.json")), serde_json::to_vec(&evidence)?)?;
        }
    }
    manifest.flush()?;
    eprintln!("{count} of each kind in {}", out.display());
    Ok(())
}

/// Of the manifest of the measured sets, those that are read.
const COLUMNS: [&str; 13] = [
    "path",
    "label",
    "subtype",
    "source_repo",
    "lang",
    "gt_vendor",
    "gt_date",
    "gt_total",
    "gt_currency",
    "gt_tax_id",
    "gt_invoice_no",
    "gt_mrz",
    "notes",
];

fn row(path: &str, truth: &Truth) -> [String; 13] {
    let field = |names: &[&str]| names.iter().find_map(|n| truth.fields.get(*n)).cloned().unwrap_or_default();
    let bare = |text: &str| text.to_owned();
    [
        bare(path),
        bare(&truth.kind),
        bare("drawn"),
        bare("fixtures"),
        bare(&truth.language),
        field(&["issuer_name", "merchant_name"]),
        field(&["issue_date", "date"]),
        field(&["total"]),
        field(&["currency"]),
        field(&["issuer_tax_id", "merchant_tax_id"]),
        field(&["number"]),
        String::new(),
        String::new(),
    ]
}

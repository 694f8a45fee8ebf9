//! Classifiers that saw nothing of a source, as `train --folds FOLDER` leaves them: `FOLDER/<fold>.tsv`.

use std::{error::Error, fs, path::Path};

use acuse_pipeline::understand::model::Model;

/// Sources are parted into so many.
pub const FOLDS: u64 = 10;

/// The part of a source, the same on every machine (FNV-1a).
pub fn fold(source: &str) -> u64 {
    hash(source) % FOLDS
}

/// FNV-1a of a text, its halves mixed.
pub fn hash(text: &str) -> u64 {
    let mixed = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    mixed ^ (mixed >> 32)
}

/// A classifier for each part.
pub struct Kinds {
    folds: Vec<Model>,
}

impl Kinds {
    /// Those that `--kinds FOLDER` names; the committed one for all where it is not said.
    pub fn named(args: &[String]) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let Some(at) = args.iter().position(|a| a == "--kinds") else {
            return Ok(Self { folds: vec![Model::committed().clone()] });
        };
        let folder = args.get(at + 1).ok_or("--kinds FOLDER")?;
        let read = |f: u64| -> Result<Model, Box<dyn Error + Send + Sync>> {
            let path = Path::new(folder).join(format!("{f}.tsv"));
            let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            Ok(Model::parse(&text)?)
        };
        Ok(Self { folds: (0..FOLDS).map(read).collect::<Result<_, _>>()? })
    }

    /// The one that saw nothing of this source.
    pub fn of(&self, source: &str) -> &Model {
        &self.folds[fold(source) as usize % self.folds.len()]
    }
}

//! The two networks of the OCR, loaded once and shared by all pages.
//!
//! Files → [`Models::load`] → [`Models`]. The files come with `make models`; nothing is fetched at run time.
//! Inference runs on one worker thread that is started here, so that a sandboxed child may forbid new threads
//! from then on.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use acuse_net::{Map, Program};
use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool};
use rten_tensor::{NdTensor, prelude::*};
use thiserror::Error;

use super::{
    onnx::{self, CutError},
    rest,
};

/// File name of the text detector (PP-OCRv6 small) inside the models folder.
pub const DETECTOR_FILE: &str = "PP-OCRv6_det_small.onnx";
/// File name of the text recogniser (PP-OCRv6 small) inside the models folder.
pub const RECOGNIZER_FILE: &str = "PP-OCRv6_rec_small.onnx";

/// The kind of node the recogniser's convolutions end with.
const EYES_END: &str = "AveragePool";

/// The models are not there or not the ones we know.
#[derive(Debug, Error)]
pub enum ModelsError {
    /// A file could not be read.
    #[error("reading the OCR model {}: run `make models`, or set ACUSE_MODELS_DIR to the folder that holds it", path.display())]
    Read {
        /// The missing file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is not the one expected.
    #[error("an OCR model is not the expected file: run `make models`")]
    Cut(#[from] CutError),
    /// The runtime refused a model.
    #[error("loading the OCR {which}: run `make models`")]
    Load {
        /// `detector` or `recogniser`.
        which: &'static str,
        /// The runtime's message.
        #[source]
        source: rten::LoadError,
    },
}

/// A network failed on an input.
#[derive(Debug, Error)]
pub enum InferError {
    /// The runtime failed.
    #[error("running the OCR {which}")]
    Run {
        /// `detector` or `recogniser`.
        which: &'static str,
        /// The runtime's message.
        #[source]
        source: rten::RunError,
    },
    /// The output has another shape than the model promises.
    #[error("the OCR {which} answered in an unexpected shape")]
    Shape {
        /// `detector` or `recogniser`.
        which: &'static str,
    },
}

/// Detector and recogniser, ready to run.
pub struct Models {
    detector: Program,
    /// The recogniser's eyes: its convolutions, 19 parts of 20.
    recognizer: Program,
    /// The rest of it, attention over the strip.
    head: Model,
    head_ends: [NodeId; 2],
    characters: Vec<char>,
    pool: Arc<ThreadPool>,
}

impl std::fmt::Debug for Models {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Models").field("characters", &self.characters.len()).finish_non_exhaustive()
    }
}

impl Models {
    /// Loads both networks from the folder that `make models` fills.
    ///
    /// # Errors
    /// When a file is missing or is not the model we know; the message names the command to run.
    pub fn load(dir: &Path) -> Result<Self, ModelsError> {
        let read = |name: &str| {
            let path = dir.join(name);
            std::fs::read(&path).map_err(|source| ModelsError::Read { path, source })
        };
        Self::from_bytes(&read(DETECTOR_FILE)?, &read(RECOGNIZER_FILE)?)
    }

    /// The same from the files' bytes, without touching a disk.
    ///
    /// # Errors
    /// As [`Models::load`].
    pub fn from_bytes(detector: &[u8], recognizer: &[u8]) -> Result<Self, ModelsError> {
        let cut = onnx::latin(recognizer)?;
        let rest = rest::after(&cut.onnx, EYES_END)?;
        let mut options = ModelOptions::with_all_ops();
        options.prepack_weights(true);
        let which = "recogniser";
        let head = options
            .load(onnx::flush_denormals(rest.onnx)?)
            .map_err(|source| ModelsError::Load { which, source })?;
        let input = head.find_node(&rest.input).ok_or(CutError::Missing { part: "input of its head" })?;
        let output = *head.output_ids().first().ok_or(CutError::Missing { part: "output" })?;
        Ok(Self {
            detector: Program::read(detector, None)?,
            recognizer: Program::read(recognizer, Some(EYES_END))?,
            head,
            head_ends: [input, output],
            characters: cut.characters,
            pool: Arc::new(ThreadPool::with_num_threads(1)),
        })
    }

    /// The character of each class; class 0 is the CTC blank.
    pub(super) fn characters(&self) -> &[char] {
        &self.characters
    }

    /// A page of three channels → text probability of each pixel.
    pub(super) fn detect(&self, input: Map) -> Result<Vec<f32>, InferError> {
        self.detector.run(input).map(|map| map.values).ok_or(InferError::Shape { which: "detector" })
    }

    /// A strip 48 high of three channels → class probabilities of each time step, `steps × classes`.
    pub(super) fn recognize(&self, input: Map) -> Result<Vec<f32>, InferError> {
        let which = "recogniser";
        let seen = self.recognizer.run(input).ok_or(InferError::Shape { which })?;
        let pixels = NdTensor::from_data([1, seen.height, seen.width, seen.channels], seen.values);
        let [from, to] = self.head_ends;
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.pool)));
        let inputs = vec![(from, pixels.permuted([0, 3, 1, 2]).to_tensor().into())];
        let [scores] = self
            .head
            .run_n(inputs, [to], Some(options))
            .map_err(|source| InferError::Run { which, source })?;
        let scores: NdTensor<f32, 3> = scores.try_into().map_err(|_| InferError::Shape { which })?;
        Ok(scores.into_data())
    }
}

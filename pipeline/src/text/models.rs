//! The two networks of the OCR, loaded once and shared by all pages.
//!
//! Files → [`Models::load`] → [`Models`]. The files come with `make models`; nothing is fetched at run time.
//! Inference runs on one worker thread that is started here, so that a sandboxed child may forbid new threads
//! from then on.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rten::{Model, ModelOptions, RunOptions, ThreadPool};
use rten_tensor::NdTensor;
use thiserror::Error;

use super::onnx::{self, CutError};

/// File name of the text detector (PP-OCRv6 small) inside the models folder.
pub const DETECTOR_FILE: &str = "PP-OCRv6_det_small.onnx";
/// File name of the text recogniser (PP-OCRv6 small) inside the models folder.
pub const RECOGNIZER_FILE: &str = "PP-OCRv6_rec_small.onnx";

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
    detector: Model,
    recognizer: Model,
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
        Self::from_bytes(read(DETECTOR_FILE)?, &read(RECOGNIZER_FILE)?)
    }

    /// The same from the files' bytes, without touching a disk.
    ///
    /// # Errors
    /// As [`Models::load`].
    pub fn from_bytes(detector: Vec<u8>, recognizer: &[u8]) -> Result<Self, ModelsError> {
        let cut = onnx::latin(recognizer)?;
        let mut options = ModelOptions::with_all_ops();
        options.prepack_weights(true);
        let load = |bytes, which| options.load(bytes).map_err(|source| ModelsError::Load { which, source });
        Ok(Self {
            detector: load(onnx::flush_denormals(detector)?, "detector")?,
            recognizer: load(onnx::flush_denormals(cut.onnx)?, "recogniser")?,
            characters: cut.characters,
            pool: Arc::new(ThreadPool::with_num_threads(1)),
        })
    }

    /// Runs inference on `threads` threads instead of one. Two pages on two cores beat one page on two threads,
    /// so this is for a single interactive read.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.pool = Arc::new(ThreadPool::with_num_threads(threads.max(1)));
        self
    }

    /// The character of each class; class 0 is the CTC blank.
    pub(super) fn characters(&self) -> &[char] {
        &self.characters
    }

    /// `[1, 3, h, w]` → text probability of each pixel, `[1, 1, h, w]`.
    pub(super) fn detect(&self, input: NdTensor<f32, 4>) -> Result<NdTensor<f32, 4>, InferError> {
        self.run(&self.detector, input, "detector")
    }

    /// `[n, 3, 48, w]` → class probabilities of each time step, `[n, steps, classes]`.
    pub(super) fn recognize(&self, input: NdTensor<f32, 4>) -> Result<NdTensor<f32, 3>, InferError> {
        self.run(&self.recognizer, input, "recogniser")
    }

    fn run<const N: usize>(
        &self,
        model: &Model,
        input: NdTensor<f32, 4>,
        which: &'static str,
    ) -> Result<NdTensor<f32, N>, InferError> {
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.pool)));
        let value =
            model.run_one(input.into(), Some(options)).map_err(|source| InferError::Run { which, source })?;
        value.try_into().map_err(|_| InferError::Shape { which })
    }
}

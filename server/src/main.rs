//! The `acuse` command.

use acuse_pipeline::{
    limits::Limits,
    reading::read_with,
    reading::{Declared, Reading},
    text::Models,
};
use acuse_workers::sandbox::become_reader_with;

fn main() -> std::process::ExitCode {
    // A child that reads strangers' files is this program too: nothing may be open or running before this line.
    become_reader_with(|folder| {
        let folder = folder.ok_or("no folder of models was named; set ACUSE_MODELS_DIR")?;
        let models = Models::load(folder).map_err(|error| error.to_string())?;
        Ok(
            move |bytes: &[u8],
                  declared: &Declared,
                  limits: &Limits,
                  stage: &mut dyn FnMut(&str)|
                  -> Reading { read_with(bytes, declared, limits, &models, stage) },
        )
    });
    acuse_server::cli::run()
}

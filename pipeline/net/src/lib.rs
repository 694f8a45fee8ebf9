//! The convolutional part of the OCR's networks, computed here.
//!
//! ONNX file → `graph` → [`Program`] → [`Map`] in, [`Map`] out. A general runtime spent four fifths of a page's time
//! in convolutions and did those of single channels a number at a time; with the channels of a pixel side by side
//! every convolution is rows of vector arithmetic. The widest vectors of the processor at hand are used.

mod compile;
mod dense;
mod depthwise;
mod error;
pub mod field;
mod graph;
mod lanes;
mod map;
mod program;
pub mod protobuf;
mod steps;

pub use error::CutError;
pub use map::Map;
pub use program::Program;

/// Weights smaller than this change nothing in `f32` sums of ordinary size.
pub const NOTHING: f32 = 1e-30;

#[cfg(test)]
mod tests {
    use super::map::{Map, Window};

    /// Numbers between −½ and ½ that look random.
    pub(super) fn numbers(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let next = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        (0..count).map(next).collect()
    }

    /// A convolution as the books define it.
    pub(super) fn plain(
        input: &Map,
        weights: &[f32],
        channels: usize,
        alone: bool,
        bias: &[f32],
        window: Window,
    ) -> Map {
        let [top, left, bottom, right] = window.pads;
        let [high, wide] = window.kernel;
        let height = (input.height + top + bottom - high) / window.stride[0] + 1;
        let width = (input.width + left + right - wide) / window.stride[1] + 1;
        let inputs = if alone { 1 } else { input.channels };
        let at = |y: usize, x: usize, c: usize| {
            let (y, x) = (y.checked_sub(top)?, x.checked_sub(left)?);
            (y < input.height && x < input.width)
                .then(|| input.values[(y * input.width + x) * input.channels + c])
        };
        let mut values = Vec::new();
        for place in 0..height * width * channels {
            let (y, x, c) = (place / channels / width, place / channels % width, place % channels);
            let mut sum = bias[c];
            for step in 0..inputs * high * wide {
                let (i, ky, kx) = (step / (high * wide), step / wide % high, step % wide);
                let from = if alone { c } else { i };
                let pixel = at(y * window.stride[0] + ky, x * window.stride[1] + kx, from);
                sum += pixel.unwrap_or(0.0) * weights[c * inputs * high * wide + step];
            }
            values.push(sum);
        }
        Map { height, width, channels, values }
    }
}

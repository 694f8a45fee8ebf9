//! Convolutions of each channel by itself.
//!
//! Channels stand side by side, so a vector holds some channels of one pixel and the kernel is walked once for a few
//! neighbouring pixels, their sums in registers.

use fearless_simd::{Level, dispatch, prelude::*};

use super::map::{Map, Pool, Window};

/// One convolution with its weights laid out like the picture.
pub(super) struct Depthwise {
    window: Window,
    channels: usize,
    /// A row of channels for each place of the kernel, each row filled up with zeros to `wide`.
    weights: Vec<f32>,
    bias: Vec<f32>,
    wide: usize,
    level: Level,
}

/// The widest vector any processor has, in numbers.
const WIDEST: usize = 16;

impl Depthwise {
    /// From weights as ONNX has them: `[channels, 1, height, width]`.
    pub fn new(level: Level, weights: &[f32], channels: usize, bias: &[f32], window: Window) -> Self {
        let area = window.kernel[0] * window.kernel[1];
        let wide = channels.next_multiple_of(WIDEST);
        let mut own = vec![0.0; area * wide];
        for (tap, row) in own.chunks_exact_mut(wide).enumerate() {
            for (c, slot) in row.iter_mut().take(channels).enumerate() {
                *slot = weights[c * area + tap];
            }
        }
        let mut bias = bias.to_vec();
        bias.resize(wide, 0.0);
        Self { window, channels, weights: own, bias, wide, level }
    }

    /// Rows of the kernel, and rows it moves by.
    pub fn rows(&self) -> (usize, usize) {
        (self.window.kernel[0], self.window.stride[0])
    }

    /// Convolves a picture of as many channels as the weights have.
    pub fn run(&self, input: &Map, pool: &mut Pool) -> Map {
        debug_assert_eq!(input.channels, self.channels);
        let padded = input.padded(self.window.pads, pool);
        let [height, width] = self.window.places(&padded);
        let mut out = pool.map(height, width, self.channels);
        dispatch!(self.level, simd => convolve(simd, self, &padded, &mut out));
        pool.give(padded);
        out
    }
}

#[inline(always)]
fn convolve<S: Simd>(simd: S, layer: &Depthwise, input: &Map, out: &mut Map) {
    // The widest vectors come with the most registers.
    match (layer.window.kernel[1], layer.window.stride[1], S::f32s::LEN >= 16) {
        (3, 1, true) => rows::<S, 3, 8>(simd, layer, input, out),
        (7, 1, true) => rows::<S, 7, 8>(simd, layer, input, out),
        (3, 1, false) => rows::<S, 3, 6>(simd, layer, input, out),
        (7, 1, false) => rows::<S, 7, 4>(simd, layer, input, out),
        _ => rows::<S, 0, 1>(simd, layer, input, out),
    }
}

/// All rows, `P` pixels at a time; `K` is the kernel's width where it is known beforehand and moves by one, else 0.
#[inline(always)]
fn rows<S: Simd, const K: usize, const P: usize>(simd: S, layer: &Depthwise, input: &Map, out: &mut Map) {
    let channels = layer.channels;
    let row = out.width * channels;
    for (y, out) in out.values.chunks_exact_mut(row.max(1)).enumerate() {
        let top = y * layer.window.stride[0] * input.width * channels;
        for (tile, out) in out.chunks_mut(P * channels).enumerate() {
            let start = top + tile * P * layer.window.stride[1] * channels;
            if K > 0 && out.len() == P * channels && channels >= S::f32s::LEN {
                places::<S, K, P>(simd, layer, input, start, out);
            } else {
                for (x, out) in out.chunks_exact_mut(channels).enumerate() {
                    place(simd, layer, input, start + x * layer.window.stride[1] * channels, out);
                }
            }
        }
    }
}

/// `P` neighbouring pixels whose windows begin at `start` of the input and overlap: each pixel under them is fetched
/// once a row of the kernel.
#[inline(always)]
fn places<S: Simd, const K: usize, const P: usize>(
    simd: S,
    layer: &Depthwise,
    input: &Map,
    start: usize,
    out: &mut [f32],
) {
    let (lanes, channels) = (S::f32s::LEN, layer.channels);
    let mut w = [S::f32s::splat(simd, 0.0); K];
    let mut c = 0;
    while c < channels {
        // The last vector of a pixel reaches back over the one before when the channels do not fill it.
        c = c.min(channels - lanes);
        let mut sums = [S::f32s::from_slice(simd, &layer.bias[c..c + lanes]); P];
        let mut ky = 0;
        while ky < layer.window.kernel[0] {
            let mut k = 0;
            while k < K {
                let at = (ky * K + k) * layer.wide + c;
                w[k] = S::f32s::from_slice(simd, &layer.weights[at..at + lanes]);
                k += 1;
            }
            let (mut x, mut at) = (0, start + ky * input.width * channels + c);
            while x < P + K - 1 {
                let value = S::f32s::from_slice(simd, &input.values[at..at + lanes]);
                let mut k = 0;
                while k < K {
                    if x >= k && x - k < P {
                        sums[x - k] = value.mul_add(w[k], sums[x - k]);
                    }
                    k += 1;
                }
                at += channels;
                x += 1;
            }
            ky += 1;
        }
        let mut i = 0;
        while i < P {
            let at = i * channels + c;
            sums[i].store_slice(&mut out[at..at + lanes]);
            i += 1;
        }
        c += lanes;
    }
}

/// One pixel whose window begins at `start` of the input.
#[inline(always)]
fn place<S: Simd>(simd: S, layer: &Depthwise, input: &Map, start: usize, out: &mut [f32]) {
    let (lanes, channels) = (S::f32s::LEN, layer.channels);
    let [high, wide] = layer.window.kernel;
    let mut c = 0;
    while c < channels {
        let here = lanes.min(channels - c);
        let mut sum = S::f32s::from_slice(simd, &layer.bias[c..c + lanes]);
        let mut tap = 0;
        while tap < high * wide {
            let at = start + (tap / wide * input.width + tap % wide) * channels + c;
            let weight = tap * layer.wide + c;
            let weight = S::f32s::from_slice(simd, &layer.weights[weight..weight + lanes]);
            let under = &input.values[at..at + here];
            let x = if here == lanes { S::f32s::from_slice(simd, under) } else { few(simd, under) };
            sum = x.mul_add(weight, sum);
            tap += 1;
        }
        out[c..c + here].copy_from_slice(&sum.as_slice()[..here]);
        c += here;
    }
}

/// Fewer numbers than a vector holds.
#[inline(always)]
fn few<S: Simd>(simd: S, numbers: &[f32]) -> S::f32s {
    let mut all = [0.0; WIDEST];
    all[..numbers.len()].copy_from_slice(numbers);
    S::f32s::from_slice(simd, &all[..S::f32s::LEN])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{numbers, plain};

    #[test]
    fn is_the_sum_over_the_window_channel_by_channel() {
        for (channels, kernel, stride) in [
            (24, [3, 3], [1, 1]),
            (48, [7, 7], [1, 1]),
            (32, [3, 3], [2, 1]),
            (12, [3, 3], [1, 1]),
            (21, [1, 7], [1, 1]),
        ] {
            let pads = [kernel[0] / 2, kernel[1] / 2, kernel[0] / 2, kernel[1] / 2];
            let window = Window { kernel, stride, pads };
            let input = Map { height: 8, width: 19, channels, values: numbers(8 * 19 * channels, 1) };
            let weights = numbers(channels * kernel[0] * kernel[1], 2);
            let bias = numbers(channels, 3);
            for level in [Level::new(), Level::baseline()] {
                let layer = Depthwise::new(level, &weights, channels, &bias, window);
                let got = layer.run(&input, &mut Pool::default());
                let want = plain(&input, &weights, channels, true, &bias, window);
                assert_eq!((got.height, got.width), (want.height, want.width));
                for (got, want) in got.values.iter().zip(&want.values) {
                    assert!((got - want).abs() < 1e-4, "{got} for {want}");
                }
            }
        }
    }
}

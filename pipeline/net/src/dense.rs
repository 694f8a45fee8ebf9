//! Convolutions that mix channels: a small matrix product at every place of the picture.
//!
//! Pixels hold their channels side by side, so the numbers under one row of the kernel are one run of memory: no
//! window is ever copied out. A tile of a few pixels times a block of a few vectors of output channels stays in
//! registers while the runs are walked; each step is one broadcast number times one row of weights.

use fearless_simd::{Level, dispatch, prelude::*};

use super::{
    lanes::Activation,
    map::{Map, Pool, Window},
};

/// Vectors of output channels computed together, at most.
const MAX_VECTORS: usize = 3;
/// Numbers of input worked through for all blocks before the next are begun: they stay in the fast cache.
const PANEL: usize = 1 << 15;

/// One convolution with its weights laid out for the processor at hand.
pub(super) struct Dense {
    window: Window,
    channels: usize,
    inputs: usize,
    activation: Activation,
    blocks: Vec<Block>,
    level: Level,
}

/// Some neighbouring output channels.
struct Block {
    first: usize,
    vectors: usize,
    /// `kernel × inputs` rows of `vectors × lanes`, channels that are not there as zeros.
    weights: Vec<f32>,
    bias: Vec<f32>,
}

/// Sizes of one convolution at work.
struct Job<'a> {
    input: &'a [f32],
    /// Numbers under one row of the kernel, and from one such row to the next.
    run: usize,
    row: usize,
    rows: usize,
    /// Width of the output, and numbers from one of its places to the next, across and down.
    width: usize,
    across: usize,
    down: usize,
    places: usize,
    channels: usize,
    activation: Activation,
}

impl Dense {
    /// From weights as ONNX has them: `[channels, inputs, height, width]`.
    pub fn new(
        level: Level,
        weights: &[f32],
        [channels, inputs]: [usize; 2],
        bias: &[f32],
        window: Window,
        activation: Activation,
    ) -> Self {
        let lanes = dispatch!(level, simd => lanes(simd));
        let area = window.kernel[0] * window.kernel[1];
        let mut blocks = Vec::new();
        let mut first = 0;
        while first < channels {
            let vectors = (channels - first).div_ceil(lanes).min(MAX_VECTORS);
            let wide = vectors * lanes;
            let here = wide.min(channels - first);
            let mut packed = vec![0.0; area * inputs * wide];
            for (step, row) in packed.chunks_exact_mut(wide).enumerate() {
                let (tap, input) = (step / inputs, step % inputs);
                for (c, slot) in row.iter_mut().take(here).enumerate() {
                    *slot = weights[((first + c) * inputs + input) * area + tap];
                }
            }
            let mut own = bias.get(first..first + here).unwrap_or_default().to_vec();
            own.resize(wide, 0.0);
            blocks.push(Block { first, vectors, weights: packed, bias: own });
            first += here;
        }
        Self { window, channels, inputs, activation, blocks, level }
    }

    /// Rows of the kernel, and rows it moves by.
    pub fn rows(&self) -> (usize, usize) {
        (self.window.kernel[0], self.window.stride[0])
    }

    /// Convolves a picture of as many channels as the weights have inputs.
    pub fn run(&self, input: &Map, pool: &mut Pool) -> Map {
        debug_assert_eq!(input.channels, self.inputs);
        let padded = (self.window.pads != [0; 4]).then(|| input.padded(self.window.pads, pool));
        let input = padded.as_ref().unwrap_or(input);
        let [height, width] = self.window.places(input);
        let mut out = pool.map(height, width, self.channels);
        let job = Job {
            input: &input.values,
            run: self.window.kernel[1] * self.inputs,
            row: input.width * self.inputs,
            rows: self.window.kernel[0],
            width,
            across: self.window.stride[1] * self.inputs,
            down: self.window.stride[0] * input.width * self.inputs,
            places: height * width,
            channels: self.channels,
            activation: self.activation,
        };
        dispatch!(self.level, simd => convolve(simd, &job, &self.blocks, &mut out.values));
        if let Some(padded) = padded {
            pool.give(padded);
        }
        out
    }
}

#[inline(always)]
fn lanes<S: Simd>(_: S) -> usize {
    S::f32s::LEN
}

#[inline(always)]
fn convolve<S: Simd>(simd: S, job: &Job, blocks: &[Block], out: &mut [f32]) {
    let panel = (PANEL / (job.run * job.rows).max(1)).clamp(24, 1 << 12) / 24 * 24;
    let mut from = 0;
    while from < job.places {
        let to = (from + panel).min(job.places);
        for block in blocks {
            // As many sums as there are registers for: 32 where vectors hold 16 numbers, else 16.
            match (block.vectors, S::f32s::LEN >= 16) {
                (3, true) => tiles::<S, 3, 8>(simd, job, block, from, to, out),
                (2, true) => tiles::<S, 2, 12>(simd, job, block, from, to, out),
                (_, true) => tiles::<S, 1, 12>(simd, job, block, from, to, out),
                (3, false) => tiles::<S, 3, 4>(simd, job, block, from, to, out),
                (2, false) => tiles::<S, 2, 6>(simd, job, block, from, to, out),
                (_, false) => tiles::<S, 1, 8>(simd, job, block, from, to, out),
            }
        }
        from = to;
    }
}

/// The places `from..to` of one block, `P` at a time.
///
/// Here and below counted loops and plain indices, no iterators: builds for development take those as calls into
/// crates that are not optimised, a hundred times slower.
#[inline(always)]
fn tiles<S: Simd, const V: usize, const P: usize>(
    simd: S,
    job: &Job,
    block: &Block,
    from: usize,
    to: usize,
    out: &mut [f32],
) {
    let lanes = S::f32s::LEN;
    let here = (job.channels - block.first).min(V * lanes);
    let mut first = from;
    while first < to {
        let count = (to - first).min(P);
        let mut starts = [0; P];
        let (mut y, mut x, mut i) = (first / job.width, first % job.width, 0);
        while i < P {
            starts[i] = y * job.down + x * job.across;
            i += 1;
            // Past the end the last place is computed again.
            if i < count {
                x += 1;
                if x == job.width {
                    (x, y) = (0, y + 1);
                }
            }
        }
        let sums = sums::<S, V, P>(simd, job, block, &starts);
        let mut i = 0;
        while i < count {
            let at = (first + i) * job.channels + block.first;
            let mut v = 0;
            while v < V {
                let value = job.activation.of(simd, sums[i][v]);
                let begin = v * lanes;
                if begin + lanes <= here {
                    value.store_slice(&mut out[at + begin..at + begin + lanes]);
                } else if begin < here {
                    out[at + begin..at + here].copy_from_slice(&value.as_slice()[..here - begin]);
                }
                v += 1;
            }
            i += 1;
        }
        first += count;
    }
}

#[inline(always)]
fn sums<S: Simd, const V: usize, const P: usize>(
    simd: S,
    job: &Job,
    block: &Block,
    starts: &[usize; P],
) -> [[S::f32s; V]; P] {
    let lanes = S::f32s::LEN;
    let mut w = [S::f32s::splat(simd, 0.0); V];
    let mut v = 0;
    while v < V {
        w[v] = S::f32s::from_slice(simd, &block.bias[v * lanes..v * lanes + lanes]);
        v += 1;
    }
    let mut sums = [w; P];
    let (mut row, mut at) = (0, 0);
    while row < job.rows {
        let mut under: [&[f32]; P] = [&[]; P];
        let mut i = 0;
        while i < P {
            let start = starts[i] + row * job.row;
            under[i] = &job.input[start..start + job.run];
            i += 1;
        }
        let mut k = 0;
        while k < job.run {
            let mut v = 0;
            while v < V {
                w[v] = S::f32s::from_slice(simd, &block.weights[at..at + lanes]);
                at += lanes;
                v += 1;
            }
            let mut i = 0;
            while i < P {
                let x = S::f32s::splat(simd, under[i][k]);
                let mut v = 0;
                while v < V {
                    sums[i][v] = x.mul_add(w[v], sums[i][v]);
                    v += 1;
                }
                i += 1;
            }
            k += 1;
        }
        row += 1;
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{numbers, plain};

    #[test]
    fn is_the_sum_over_the_window() {
        let levels = [Level::new(), Level::baseline()];
        for (inputs, channels, kernel, stride) in [
            (3, 24, [3, 3], [2, 2]),
            (5, 12, [2, 2], [1, 1]),
            (16, 50, [1, 1], [1, 1]),
            (4, 7, [1, 3], [2, 1]),
        ] {
            let window = Window { kernel, stride, pads: [0, 1, 1, 0] };
            let input = Map { height: 9, width: 11, channels: inputs, values: numbers(99 * inputs, 1) };
            let weights = numbers(channels * inputs * kernel[0] * kernel[1], 2);
            let bias = numbers(channels, 3);
            for level in levels {
                let shape = [channels, inputs];
                let layer = Dense::new(level, &weights, shape, &bias, window, Activation::Relu);
                let got = layer.run(&input, &mut Pool::default());
                let want = plain(&input, &weights, channels, false, &bias, window);
                assert_eq!((got.height, got.width, got.channels), (want.height, want.width, channels));
                for (got, want) in got.values.iter().zip(&want.values) {
                    assert!((got - want.max(0.0)).abs() < 1e-4, "{got} for {want}");
                }
            }
        }
    }
}

//! The cheap steps between convolutions: sums, pools, scalings.

use super::{
    lanes::{self, Pair},
    map::{Map, Pool},
};

/// `a + b`, number by number.
pub(super) fn add(a: &mut Map, b: &Map) {
    lanes::pairs(&mut a.values, &b.values, Pair::Add);
}

/// Each channel times its own number plus `more`.
pub(super) fn scale(a: &mut Map, by: &Map, more: f32) {
    lanes::scale(&mut a.values, &by.values, more);
}

/// `clamp(slope · x + middle)` to 0..=1.
pub(super) fn hard_sigmoid(a: &mut Map, slope: f32, middle: f32) {
    for x in &mut a.values {
        *x = (slope * *x + middle).clamp(0.0, 1.0);
    }
}

/// `1 ÷ (1 + e^-x)`.
pub(super) fn sigmoid(a: &mut Map) {
    for x in &mut a.values {
        *x = 1.0 / (1.0 + (-*x).exp());
    }
}

/// Mean of each channel over the picture.
pub(super) fn mean(a: &Map, pool: &mut Pool) -> Map {
    let mut out = pool.map(1, 1, a.channels);
    out.values.fill(0.0);
    // Row by row, so that a long sum does not swallow its small terms.
    let mut row_sum = vec![0.0_f32; a.channels];
    for row in a.values.chunks_exact((a.width * a.channels).max(1)) {
        row_sum.fill(0.0);
        for pixel in row.chunks_exact(a.channels.max(1)) {
            lanes::pairs(&mut row_sum, pixel, Pair::Add);
        }
        lanes::pairs(&mut out.values, &row_sum, Pair::Add);
    }
    let share = 1.0 / (a.width * a.height).max(1) as f32;
    out.values.iter_mut().for_each(|x| *x *= share);
    out
}

/// Each pixel `times` times in both directions.
pub(super) fn enlarge(a: &Map, times: usize, pool: &mut Pool) -> Map {
    let mut out = pool.map(a.height * times, a.width * times, a.channels);
    let (from, to) = (a.width * a.channels, a.width * a.channels * times);
    for (row, rows) in
        a.values.chunks_exact(from.max(1)).zip(out.values.chunks_exact_mut((to * times).max(1)))
    {
        let (first, others) = rows.split_at_mut(to);
        let pixels = row.chunks_exact(a.channels.max(1));
        for (pixel, copies) in pixels.zip(first.chunks_exact_mut((a.channels * times).max(1))) {
            for copy in copies.chunks_exact_mut(a.channels) {
                copy.copy_from_slice(pixel);
            }
        }
        others.chunks_exact_mut(to.max(1)).for_each(|other| other.copy_from_slice(first));
    }
    out
}

/// The channels of several pictures of one size, one after the other.
pub(super) fn concat(parts: &[&Map], pool: &mut Pool) -> Map {
    let Some(first) = parts.first() else { return Map::default() };
    let channels = parts.iter().map(|part| part.channels).sum();
    let mut out = pool.map(first.height, first.width, channels);
    let mut at = 0;
    for part in parts {
        let pixels = out.values.chunks_exact_mut(channels.max(1));
        for (to, from) in pixels.zip(part.values.chunks_exact(part.channels.max(1))) {
            to[at..at + part.channels].copy_from_slice(from);
        }
        at += part.channels;
    }
    out
}

/// The largest of each pixel and its neighbours to the right and below.
pub(super) fn max_of_four(a: &Map, pool: &mut Pool) -> Map {
    let mut out = pool.copy(a);
    let row = a.width * a.channels;
    let larger = |to: &mut [f32], from: &[f32]| lanes::pairs(to, from, Pair::Max);
    for (to, from) in out.values.chunks_exact_mut(row.max(1)).zip(a.values.chunks_exact(row.max(1))) {
        larger(to, &from[a.channels..]);
    }
    let wide = out.values.len();
    for y in 1..a.height {
        let (above, below) = out.values.split_at_mut((y * row).min(wide));
        larger(&mut above[(y - 1) * row..], &below[..row]);
    }
    out
}

/// Mean over windows of `size` side by side.
pub(super) fn mean_of_windows(a: &Map, size: [usize; 2], pool: &mut Pool) -> Map {
    let mut out = pool.map(a.height / size[0], a.width / size[1], a.channels);
    let share = 1.0 / (size[0] * size[1]) as f32;
    let width = out.width;
    for (place, sums) in out.values.chunks_exact_mut(a.channels.max(1)).enumerate() {
        let (y, x) = (place / width * size[0], place % width * size[1]);
        sums.fill(0.0);
        for at in (0..size[0] * size[1]).map(|i| (y + i / size[1]) * a.width + x + i % size[1]) {
            lanes::pairs(sums, &a.values[at * a.channels..], Pair::Add);
        }
        sums.iter_mut().for_each(|sum| *sum *= share);
    }
    out
}

/// Each pixel's channels, four groups of them, set out as a square of four pixels.
pub(super) fn unfold(a: &Map, pool: &mut Pool) -> Map {
    let channels = a.channels / 4;
    let mut out = pool.map(a.height * 2, a.width * 2, channels);
    let wide = out.width * channels;
    for (place, pixel) in a.values.chunks_exact(a.channels.max(1)).enumerate() {
        let (y, x) = (place / a.width * 2, place % a.width * 2);
        for (down, pair) in pixel.chunks_exact(2 * channels).enumerate() {
            out.values[(y + down) * wide + x * channels..][..2 * channels].copy_from_slice(pair);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(height: usize, width: usize, channels: usize, values: &[f32]) -> Map {
        Map { height, width, channels, values: values.to_vec() }
    }

    #[test]
    fn each_does_what_it_says() {
        let pool = &mut Pool::default();
        // What a map was used for before must not show.
        pool.give(map(1, 64, 1, &[f32::NAN; 64]));
        let a = map(2, 2, 1, &[1., 4., 3., 2.]);
        assert_eq!(max_of_four(&a, pool).values, [4., 4., 3., 2.]);
        assert_eq!(mean(&a, pool).values, [2.5]);
        assert_eq!(mean_of_windows(&a, [2, 1], pool), map(1, 2, 1, &[2., 3.]));
        let enlarged = [1., 1., 4., 4., 1., 1., 4., 4., 3., 3., 2., 2., 3., 3., 2., 2.];
        assert_eq!(enlarge(&a, 2, pool), map(4, 4, 1, &enlarged));
        assert_eq!(concat(&[&a, &a], pool), map(2, 2, 2, &[1., 1., 4., 4., 3., 3., 2., 2.]));
        let four = map(1, 2, 4, &[1., 2., 3., 4., 5., 6., 7., 8.]);
        assert_eq!(unfold(&four, pool), map(2, 4, 1, &[1., 2., 5., 6., 3., 4., 7., 8.]));
        let mut b = map(1, 2, 2, &[1., 2., 3., 4.]);
        scale(&mut b, &map(1, 1, 2, &[2., 0.5]), 1.0);
        assert_eq!(b.values, [3., 3., 9., 6.]);
        add(&mut b, &map(1, 2, 2, &[1.; 4]));
        assert_eq!(b.values, [4., 4., 10., 7.]);
        hard_sigmoid(&mut b, 0.1, 0.0);
        assert_eq!(b.values, [0.4, 0.4, 1.0, 0.7]);
        let mut half = map(1, 1, 1, &[0.0]);
        sigmoid(&mut half);
        assert_eq!(half.values, [0.5]);
    }
}

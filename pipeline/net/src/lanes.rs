//! Functions of a whole vector of numbers at once.

use fearless_simd::{Level, dispatch, prelude::*};

/// What a layer does to its sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activation {
    None,
    Relu,
    Gelu,
}

impl Activation {
    #[inline(always)]
    pub fn of<S: Simd>(self, simd: S, x: S::f32s) -> S::f32s {
        match self {
            Self::None => x,
            Self::Relu => x.max(S::f32s::splat(simd, 0.0)),
            Self::Gelu => gelu(simd, x),
        }
    }
}

/// What is done to pairs of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pair {
    Add,
    Max,
}

/// Changes each number of `a` by the one at the same place of `b`.
pub(super) fn pairs(a: &mut [f32], b: &[f32], pair: Pair) {
    dispatch!(Level::new(), simd => each_pair(simd, a, b, pair));
}

/// `a · (b + more)`, `b` again and again.
pub(super) fn scale(a: &mut [f32], b: &[f32], more: f32) {
    dispatch!(Level::new(), simd => each_times(simd, a, b, more));
}

#[inline(always)]
fn each_pair<S: Simd>(simd: S, a: &mut [f32], b: &[f32], pair: Pair) {
    let (lanes, end) = (S::f32s::LEN, a.len().min(b.len()));
    let mut at = 0;
    while at + lanes <= end {
        let (x, y) =
            (S::f32s::from_slice(simd, &a[at..at + lanes]), S::f32s::from_slice(simd, &b[at..at + lanes]));
        let z = match pair {
            Pair::Add => x + y,
            Pair::Max => x.max(y),
        };
        z.store_slice(&mut a[at..at + lanes]);
        at += lanes;
    }
    while at < end {
        a[at] = match pair {
            Pair::Add => a[at] + b[at],
            Pair::Max => a[at].max(b[at]),
        };
        at += 1;
    }
}

#[inline(always)]
fn each_times<S: Simd>(simd: S, a: &mut [f32], b: &[f32], more: f32) {
    let (lanes, wide) = (S::f32s::LEN, b.len());
    let mut at = 0;
    while wide > 0 && at + wide <= a.len() {
        let mut c = 0;
        while c + lanes <= wide {
            let factor = S::f32s::from_slice(simd, &b[c..c + lanes]) + S::f32s::splat(simd, more);
            let x = S::f32s::from_slice(simd, &a[at + c..at + c + lanes]) * factor;
            x.store_slice(&mut a[at + c..at + c + lanes]);
            c += lanes;
        }
        while c < wide {
            a[at + c] *= b[c] + more;
            c += 1;
        }
        at += wide;
    }
}

/// `x · Φ(x)`, Φ the normal distribution, as the models define it: with the error function.
#[inline(always)]
fn gelu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let half = x * S::f32s::splat(simd, 0.5);
    let phi = erf(simd, x * S::f32s::splat(simd, std::f32::consts::FRAC_1_SQRT_2));
    phi.mul_add(half, half)
}

/// Numerator (odd powers) and denominator (even powers) of the error function on −4..=4, from the highest power
/// down: the rational approximation of Eigen and XLA, right to a few units in the last place.
const ERF_ODD: [f32; 7] = [
    -2.726_142_3e-10,
    2.770_681_4e-8,
    -2.101_024e-6,
    -5.692_506_4e-5,
    -7.349_906_3e-4,
    -2.954_6e-3,
    -1.609_603_3e-2,
];
const ERF_EVEN: [f32; 5] = [-1.456_607_2e-5, -2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_474e-2];

#[inline(always)]
fn erf<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let x = x.min(S::f32s::splat(simd, 4.0)).max(S::f32s::splat(simd, -4.0));
    let square = x * x;
    let mut odd = S::f32s::splat(simd, ERF_ODD[0]);
    let mut i = 1;
    while i < ERF_ODD.len() {
        odd = odd.mul_add(square, S::f32s::splat(simd, ERF_ODD[i]));
        i += 1;
    }
    let mut even = S::f32s::splat(simd, ERF_EVEN[0]);
    let mut i = 1;
    while i < ERF_EVEN.len() {
        even = even.mul_add(square, S::f32s::splat(simd, ERF_EVEN[i]));
        i += 1;
    }
    x * odd / even
}

#[cfg(test)]
mod tests {
    use super::*;

    #[inline(always)]
    fn first<S: Simd>(simd: S, of: Activation, x: f32) -> f32 {
        of.of(simd, S::f32s::splat(simd, x)).as_slice()[0]
    }

    #[test]
    fn gelu_is_what_the_tables_say() {
        // x · Φ(x) with Φ of the normal distribution's table.
        for (x, want) in
            [(0.0, 0.0), (1.0, 0.841_345), (-1.0, -0.158_655), (2.0, 1.954_5), (-6.0, 0.0), (9.0, 9.0)]
        {
            let got = dispatch!(Level::new(), simd => first(simd, Activation::Gelu, x));
            assert!((got - want).abs() < 1e-5, "{got} for {want}");
        }
    }
}

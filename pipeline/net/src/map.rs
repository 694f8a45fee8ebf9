//! What flows through a network: rows of pixels, each pixel its channels side by side.

/// A picture of `channels` numbers a pixel; the channels of one pixel stand side by side.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Map {
    /// Rows of pixels.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// Numbers of a pixel.
    pub channels: usize,
    /// `height × width × channels` values.
    pub values: Vec<f32>,
}

impl Map {
    /// The rows `from..to`.
    pub(super) fn rows(&self, from: usize, to: usize, pool: &mut Pool) -> Option<Self> {
        let row = self.width * self.channels;
        let values = self.values.get(from * row..to * row)?;
        let mut part = pool.map(to - from, self.width, self.channels);
        part.values.copy_from_slice(values);
        Some(part)
    }

    /// With a border of zeros: top, left, bottom, right.
    pub(super) fn padded(&self, [top, left, bottom, right]: [usize; 4], pool: &mut Pool) -> Self {
        let channels = self.channels;
        let mut out = pool.map(self.height + top + bottom, self.width + left + right, channels);
        let (row, wide) = (self.width * channels, out.width * channels);
        let (above, inner) = out.values.split_at_mut(top * wide);
        let (inner, below) = inner.split_at_mut(self.height * wide);
        above.fill(0.0);
        below.fill(0.0);
        for (to, from) in inner.chunks_exact_mut(wide.max(1)).zip(self.values.chunks_exact(row.max(1))) {
            let (before, rest) = to.split_at_mut(left * channels);
            let (within, after) = rest.split_at_mut(row);
            before.fill(0.0);
            within.copy_from_slice(from);
            after.fill(0.0);
        }
        out
    }
}

/// Memory of maps that are done with: fresh memory costs more than most steps spend on it.
#[derive(Default)]
pub(super) struct Pool(Vec<Vec<f32>>);

impl Pool {
    /// A map to be written all over: what stands in it is left from before.
    pub fn map(&mut self, height: usize, width: usize, channels: usize) -> Map {
        let size = height * width * channels;
        let fits = self.0.iter().enumerate().filter(|(_, free)| free.capacity() >= size);
        let best = fits.min_by_key(|(_, free)| free.capacity()).map(|(index, _)| index);
        let mut values = best.map(|index| self.0.swap_remove(index)).unwrap_or_default();
        values.resize(size, 0.0);
        Map { height, width, channels, values }
    }

    /// A copy.
    pub fn copy(&mut self, map: &Map) -> Map {
        let mut copy = self.map(map.height, map.width, map.channels);
        copy.values.copy_from_slice(&map.values);
        copy
    }

    /// Takes a map's memory back.
    pub fn give(&mut self, map: Map) {
        self.0.push(map.values);
    }
}

/// How a kernel moves over a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    /// Height and width.
    pub kernel: [usize; 2],
    /// Steps down and across.
    pub stride: [usize; 2],
    /// Zeros around the picture: top, left, bottom, right.
    pub pads: [usize; 4],
}

impl Window {
    /// Looks at one pixel at a time.
    pub const PIXEL: Self = Self { kernel: [1, 1], stride: [1, 1], pads: [0; 4] };

    /// Height and width of the result over a picture that has its border already.
    pub fn places(&self, padded: &Map) -> [usize; 2] {
        let steps = |side: usize, axis: usize| {
            side.checked_sub(self.kernel[axis]).map_or(0, |room| room / self.stride[axis].max(1) + 1)
        };
        [steps(padded.height, 0), steps(padded.width, 1)]
    }
}

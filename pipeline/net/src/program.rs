//! A network as steps that follow each other, and how they are run.
//!
//! The first steps make the largest maps. They run on one band of the picture after the other, overlapping as far as
//! a result reaches, so that a band's maps stay in the processor's cache; the results are the same.

use std::collections::HashSet;

use super::{
    compile,
    dense::Dense,
    depthwise::Depthwise,
    graph::Graph,
    map::{Map, Pool},
    steps,
};
use crate::error::CutError;

/// One step, from maps to a map.
pub(super) enum Step {
    Dense(Dense),
    Depthwise(Depthwise),
    /// A transposed convolution of two by two that doubles both sides.
    Double(Dense),
    Add,
    /// Times a number a channel, and that number and one more where the map itself is added again.
    Scale(f32),
    HardSigmoid(f32, f32),
    Sigmoid,
    Mean,
    Enlarge(usize),
    Concat,
    MaxOfFour,
    MeanOfWindows([usize; 2]),
}

/// A step and the places its maps are kept at.
pub(super) struct Line {
    pub step: Step,
    pub inputs: Vec<usize>,
    pub output: usize,
    /// Maps nobody needs afterwards.
    pub done_with: Vec<usize>,
}

/// Rows of the input looked at together at the beginning, where maps are largest: so many fit in a processor's cache.
const BAND: usize = 96;

/// A network ready to run.
pub struct Program {
    lines: Vec<Line>,
    places: usize,
    output: usize,
    start: Start,
}

/// The first lines of a network, whose results hang only on what is near: they run on bands of the picture.
#[derive(Debug, Clone, Copy, Default)]
struct Start {
    lines: usize,
    /// Rows above and below that a result may hang on.
    reach: usize,
    /// Rows of the picture for one row of the result.
    shrink: usize,
}

impl Program {
    /// Compiles the network of an ONNX file, as far as the output of its only `until` node if one is named.
    ///
    /// # Errors
    /// When the file is malformed or holds a step that is not known.
    pub fn read(onnx: &[u8], until: Option<&'static str>) -> Result<Self, CutError> {
        let mut graph = Graph::read(onnx)?;
        if let Some(op) = until {
            let end = graph.nodes.iter().find(|node| node.op == op).ok_or(CutError::Missing { part: op })?;
            let end = end.output.clone();
            graph.end_at(&end);
        }
        compile::compile(&graph)
    }

    /// A program of lines that use `places` maps, the input in the first.
    pub(super) fn new(lines: Vec<Line>, places: usize, output: usize) -> Self {
        let start = start(&lines, places);
        Self { lines, places, output, start }
    }

    /// Runs the network on a picture; `None` only if it were compiled wrongly.
    pub fn run(&self, input: Map) -> Option<Map> {
        let mut pool = Pool::default();
        let Start { lines, shrink, .. } = self.start;
        let (start, rest) = self.lines.split_at_checked(lines)?;
        if start.is_empty() || input.height <= 2 * BAND || !input.height.is_multiple_of(shrink) {
            return self.follow(&self.lines, 0, input, self.output, &mut pool);
        }
        let between = start.last()?.output;
        let seen = self.in_bands(start, &input, &mut pool)?;
        drop(input);
        self.follow(rest, between, seen, self.output, &mut pool)
    }

    /// Runs some lines with one map given; gives the map that one of them leaves.
    fn follow(&self, lines: &[Line], at: usize, given: Map, wanted: usize, pool: &mut Pool) -> Option<Map> {
        let mut kept: Vec<Option<Map>> = vec![None; self.places];
        *kept.get_mut(at)? = Some(given);
        for line in lines {
            let output = line.run(&mut kept, pool)?;
            for place in &line.done_with {
                if let Some(map) = kept.get_mut(*place)?.take() {
                    pool.give(map);
                }
            }
            *kept.get_mut(line.output)? = Some(output);
        }
        kept.get_mut(wanted)?.take()
    }

    /// The result of the first lines, put together from bands that overlap by what they reach.
    fn in_bands(&self, lines: &[Line], input: &Map, pool: &mut Pool) -> Option<Map> {
        let Start { reach, shrink, .. } = self.start;
        let wanted = lines.last()?.output;
        let mut whole = Map::default();
        for top in (0..input.height).step_by(BAND) {
            let bottom = (top + BAND).min(input.height);
            let (from, to) = (top.saturating_sub(reach), (bottom + reach).min(input.height));
            let seen = self.follow(lines, 0, input.rows(from, to, pool)?, wanted, pool)?;
            let row = seen.width * seen.channels;
            let own = seen.values.get((top - from) / shrink * row..(bottom - from) / shrink * row)?;
            if whole.values.is_empty() {
                whole = Map { height: 0, values: Vec::with_capacity(input.height / shrink * row), ..seen };
            }
            whole.values.extend_from_slice(own);
            whole.height += (bottom - top) / shrink;
            pool.give(Map { values: seen.values, ..whole });
        }
        Some(whole)
    }
}

impl Line {
    fn run(&self, kept: &mut [Option<Map>], pool: &mut Pool) -> Option<Map> {
        match &self.step {
            Step::Add | Step::Scale(_) | Step::HardSigmoid(..) | Step::Sigmoid => {
                let mut map = self.own(kept, pool)?;
                match &self.step {
                    Step::Add => steps::add(&mut map, self.input(kept, 1)?),
                    Step::Scale(more) => steps::scale(&mut map, self.input(kept, 1)?, *more),
                    Step::HardSigmoid(slope, middle) => steps::hard_sigmoid(&mut map, *slope, *middle),
                    _ => steps::sigmoid(&mut map),
                }
                return Some(map);
            }
            Step::Concat => {
                let parts: Option<Vec<&Map>> = (0..self.inputs.len()).map(|i| self.input(kept, i)).collect();
                return Some(steps::concat(&parts?, pool));
            }
            _ => {}
        }
        let first = self.input(kept, 0)?;
        Some(match &self.step {
            Step::Dense(layer) => layer.run(first, pool),
            Step::Depthwise(layer) => layer.run(first, pool),
            Step::Double(layer) => {
                let folded = layer.run(first, pool);
                let map = steps::unfold(&folded, pool);
                pool.give(folded);
                map
            }
            Step::Mean => steps::mean(first, pool),
            Step::Enlarge(times) => steps::enlarge(first, *times, pool),
            Step::MaxOfFour => steps::max_of_four(first, pool),
            Step::MeanOfWindows(size) => steps::mean_of_windows(first, *size, pool),
            _ => return None,
        })
    }

    fn input<'m>(&self, kept: &'m [Option<Map>], index: usize) -> Option<&'m Map> {
        kept.get(*self.inputs.get(index)?)?.as_ref()
    }

    /// The first input to be changed in place: itself when nobody needs it any more, else a copy.
    fn own(&self, kept: &mut [Option<Map>], pool: &mut Pool) -> Option<Map> {
        let first = *self.inputs.first()?;
        if self.done_with.contains(&first) {
            kept.get_mut(first)?.take()
        } else {
            kept.get(first)?.as_ref().map(|map| pool.copy(map))
        }
    }
}

/// How far the network can run in bands: to the last value before a sum over the whole picture that alone is needed
/// afterwards.
fn start(lines: &[Line], places: usize) -> Start {
    // Rows of the picture behind one row of each map.
    let mut shrinks = vec![1; places];
    let (mut reach, mut best) = (0, Start::default());
    let mut live: HashSet<usize> = HashSet::from([0]);
    for (index, line) in lines.iter().enumerate() {
        let shrink = line.inputs.iter().map(|place| shrinks[*place]).max().unwrap_or(1);
        let (kernel, stride) = match &line.step {
            Step::Dense(layer) => layer.rows(),
            Step::Depthwise(layer) => layer.rows(),
            Step::MaxOfFour => (2, 1),
            Step::Add | Step::Scale(_) | Step::Concat => (1, 1),
            _ => break,
        };
        reach += (kernel - 1) * shrink;
        shrinks[line.output] = shrink * stride;
        live.insert(line.output);
        live.retain(|place| !line.done_with.contains(place));
        if live.len() == 1 && live.contains(&line.output) {
            let shrink = shrink * stride;
            // A band begins where a row of the result begins.
            best = Start { lines: index + 1, reach: reach.next_multiple_of(shrink), shrink };
        }
    }
    if BAND.is_multiple_of(best.shrink.max(1)) { best } else { Start::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{lanes::Activation, map::Window, tests::numbers};
    use fearless_simd::Level;

    /// Two convolutions that halve the picture, a depthwise one, then a step over the whole picture.
    fn program() -> Program {
        let level = Level::new();
        let halving = Window { kernel: [3, 3], stride: [2, 2], pads: [1; 4] };
        let same = Window { kernel: [3, 3], stride: [1, 1], pads: [1; 4] };
        let dense = |inputs: usize, seed| {
            let weights = numbers(4 * inputs * 9, seed);
            Dense::new(level, &weights, [4, inputs], &[0.1; 4], halving, Activation::Relu)
        };
        let depthwise = Depthwise::new(level, &numbers(36, 7), 4, &[0.2; 4], same);
        let line = |step, inputs: &[usize], output, done_with: &[usize]| Line {
            step,
            inputs: inputs.to_vec(),
            output,
            done_with: done_with.to_vec(),
        };
        let lines = vec![
            line(Step::Dense(dense(3, 5)), &[0], 1, &[0]),
            line(Step::Dense(dense(4, 6)), &[1], 2, &[1]),
            line(Step::Depthwise(depthwise), &[2], 3, &[2]),
            line(Step::Mean, &[3], 4, &[]),
            line(Step::Scale(1.0), &[3, 4], 5, &[3, 4]),
        ];
        Program::new(lines, 6, 5)
    }

    #[test]
    fn bands_give_what_the_whole_gives() {
        let program = program();
        assert_eq!((program.start.lines, program.start.shrink), (3, 4));
        let input = Map { height: 4 * BAND - 8, width: 12, channels: 3, values: Vec::new() };
        let input = Map { values: numbers(input.height * 12 * 3, 9), ..input };
        let whole = program.follow(&program.lines, 0, input.clone(), 5, &mut Pool::default()).unwrap();
        assert_eq!(program.run(input).unwrap(), whole);
    }
}

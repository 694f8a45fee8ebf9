//! From the nodes of an ONNX file to a [`Program`] of few and large steps: bias and activation go into the
//! convolution before them.
//!
//! Only what the models at hand contain is known; anything else is refused when the model is loaded, never when a
//! page is read.

use std::collections::{HashMap, HashSet};

use fearless_simd::Level;

use super::{
    dense::Dense,
    depthwise::Depthwise,
    graph::{Graph, Node},
    lanes::Activation,
    map::Window,
    program::{Line, Program, Step},
};
use crate::error::CutError;

/// The steps of a network.
///
/// # Errors
/// When it holds a node that is not known.
pub(super) fn compile(graph: &Graph) -> Result<Program, CutError> {
    Compiler::new(graph).compile()
}

/// What is known while the nodes are walked.
struct Compiler<'a> {
    graph: &'a Graph,
    level: Level,
    /// Nodes that went into a step before them.
    taken: HashSet<usize>,
    places: HashMap<&'a str, usize>,
    lines: Vec<Line>,
}

impl<'a> Compiler<'a> {
    fn new(graph: &'a Graph) -> Self {
        let places = HashMap::from([(graph.input.as_str(), 0)]);
        Self { graph, level: Level::new(), taken: HashSet::new(), places, lines: Vec::new() }
    }

    fn compile(mut self) -> Result<Program, CutError> {
        for (index, node) in self.graph.nodes.iter().enumerate() {
            if !self.taken.contains(&index) {
                let (step, inputs, output) =
                    self.step(node).ok_or_else(|| CutError::Unknown { op: node.op.clone() })?;
                let inputs: Option<Vec<usize>> =
                    inputs.into_iter().map(|name| self.places.get(name).copied()).collect();
                let inputs = inputs.ok_or_else(|| CutError::Unknown { op: node.op.clone() })?;
                let place = self.places.len();
                self.places.insert(output, place);
                self.lines.push(Line { step, inputs, output: place, done_with: Vec::new() });
            }
        }
        let output = self.places.get(self.graph.output.as_str()).copied();
        let output = output.ok_or(CutError::Missing { part: "output" })?;
        let mut seen = HashSet::from([output]);
        for line in self.lines.iter_mut().rev() {
            line.done_with = line.inputs.iter().copied().filter(|place| seen.insert(*place)).collect();
        }
        Ok(Program::new(self.lines, self.places.len(), output))
    }

    /// The step a node begins, the values it takes and the value it gives; `None` for what is not known.
    fn step(&mut self, node: &'a Node) -> Option<(Step, Vec<&'a str>, &'a str)> {
        let (first, output) = (node.input(0), node.output.as_str());
        let one = |step| Some((step, vec![first], output));
        let all = |step| Some((step, node.inputs.iter().map(String::as_str).collect(), output));
        match node.op.as_str() {
            "Conv" => {
                let (step, output) = self.convolution(node)?;
                Some((step, vec![first], output))
            }
            "ConvTranspose" => {
                let (step, output) = self.transposed(node)?;
                Some((step, vec![first], output))
            }
            "Add" => all(Step::Add),
            "Mul" => {
                let all = vec![first, node.input(1)];
                match self.graph.only_user(output) {
                    Some((at, add)) if add.op == "Add" && add.inputs.iter().any(|i| i == first) => {
                        self.taken.insert(at);
                        Some((Step::Scale(1.0), all, &add.output))
                    }
                    _ => Some((Step::Scale(0.0), all, output)),
                }
            }
            "Concat" if node.ints("axis") == [1] => all(Step::Concat),
            "HardSigmoid" => one(Step::HardSigmoid(node.float("alpha")?, node.float("beta")?)),
            "Sigmoid" => one(Step::Sigmoid),
            "GlobalAveragePool" => one(Step::Mean),
            "ReduceMean" if node.ints("axes") == [2, 3] => one(Step::Mean),
            "Resize" if node.says("mode", "nearest") && node.says("nearest_mode", "floor") => {
                match *self.graph.constant(node.input(2))? {
                    [1.0, 1.0, y, x] if y == x && y >= 1.0 && y.fract() == 0.0 => {
                        one(Step::Enlarge(y as usize))
                    }
                    _ => None,
                }
            }
            "MaxPool"
                if node.ints("kernel_shape") == [2, 2]
                    && node.ints("strides") == [1, 1]
                    && node.says("auto_pad", "SAME_UPPER") =>
            {
                one(Step::MaxOfFour)
            }
            "AveragePool"
                if node.ints("kernel_shape") == node.ints("strides")
                    && node.ints("pads").iter().all(|pad| *pad == 0) =>
            {
                one(Step::MeanOfWindows(node.ints("strides").try_into().ok()?))
            }
            _ => None,
        }
    }

    fn convolution(&mut self, node: &'a Node) -> Option<(Step, &'a str)> {
        let weights = self.graph.constants.get(node.input(1))?;
        let [channels, inputs, high, wide] = *weights.dims.as_slice() else { return None };
        if node.ints("dilations").iter().any(|d| *d != 1) || node.inputs.len() != 2 {
            return None;
        }
        let stride: [usize; 2] = node.ints("strides").try_into().ok()?;
        let pads = if node.says("auto_pad", "SAME_UPPER") && stride == [1, 1] {
            [(high - 1) / 2, (wide - 1) / 2, high / 2, wide / 2]
        } else {
            node.ints("pads").try_into().ok()?
        };
        let window = Window { kernel: [high, wide], stride, pads };
        let (bias, output) = self.bias(&node.output, channels);
        if node.ints("group") == [1] {
            let (activation, output) = self.activation(output);
            let shape = [channels, inputs];
            let layer = Dense::new(self.level, &weights.values, shape, &bias, window, activation);
            return Some((Step::Dense(layer), output));
        }
        (node.ints("group") == [channels] && inputs == 1).then(|| {
            let layer = Depthwise::new(self.level, &weights.values, channels, &bias, window);
            (Step::Depthwise(layer), output)
        })
    }

    /// A transposed convolution whose windows do not overlap: every pixel becomes four.
    fn transposed(&mut self, node: &'a Node) -> Option<(Step, &'a str)> {
        let weights = self.graph.constants.get(node.input(1))?;
        let [inputs, channels, 2, 2] = *weights.dims.as_slice() else { return None };
        if node.ints("strides") != [2, 2]
            || node.ints("group") != [1]
            || node.ints("pads").iter().any(|pad| *pad != 0)
            || node.ints("dilations").iter().any(|d| *d != 1)
        {
            return None;
        }
        let (bias, output) = self.bias(&node.output, channels);
        let (activation, output) = self.activation(output);
        let mut turned = vec![0.0; weights.values.len()];
        for (at, value) in weights.values.iter().enumerate() {
            let (tap, channel, input) = (at % 4, at / 4 % channels, at / 4 / channels);
            turned[(tap * channels + channel) * inputs + input] = *value;
        }
        let (shape, bias) = ([4 * channels, inputs], bias.repeat(4));
        let layer = Dense::new(self.level, &turned, shape, &bias, Window::PIXEL, activation);
        Some((Step::Double(layer), output))
    }

    /// The constant added to each channel right after a convolution, and the value after that.
    fn bias(&mut self, value: &'a str, channels: usize) -> (Vec<f32>, &'a str) {
        if let Some((index, node)) = self.graph.only_user(value)
            && node.op == "Add"
            && let Some(bias) = self.graph.constant(node.input(1))
            && bias.len() == channels
        {
            self.taken.insert(index);
            return (bias.to_vec(), &node.output);
        }
        (vec![0.0; channels], value)
    }

    /// The activation of a value when nothing else takes it, and the value after that.
    fn activation(&mut self, value: &'a str) -> (Activation, &'a str) {
        if let Some((index, node)) = self.graph.only_user(value)
            && node.op == "Relu"
        {
            self.taken.insert(index);
            return (Activation::Relu, &node.output);
        }
        match self.gelu(value) {
            Some(output) => (Activation::Gelu, output),
            None => (Activation::None, value),
        }
    }

    /// `x · (erf(x ÷ √2) + 1) · ½`, five nodes.
    fn gelu(&mut self, value: &'a str) -> Option<&'a str> {
        let graph = self.graph;
        let near =
            |name: &str, wanted: f32| matches!(graph.constant(name), Some([c]) if (c - wanted).abs() < 1e-4);
        if graph.users(value).count() != 2 {
            return None;
        }
        let mut users = graph.users(value);
        let (divide_at, divide) =
            users.find(|(_, node)| node.op == "Div" && near(node.input(1), std::f32::consts::SQRT_2))?;
        let (erf_at, erf) = graph.only_user(&divide.output).filter(|(_, node)| node.op == "Erf")?;
        let (add_at, add) =
            graph.only_user(&erf.output).filter(|(_, n)| n.op == "Add" && near(n.input(1), 1.0))?;
        let (times_at, times) = graph
            .only_user(&add.output)
            .filter(|(_, n)| n.op == "Mul" && n.inputs.iter().any(|input| input == value))?;
        let (half_at, half) =
            graph.only_user(&times.output).filter(|(_, n)| n.op == "Mul" && near(n.input(1), 0.5))?;
        self.taken.extend([divide_at, erf_at, add_at, times_at, half_at]);
        Some(&half.output)
    }
}

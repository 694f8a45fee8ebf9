//! A network as its ONNX file tells it: constants, and nodes in the order they run.

use std::collections::{HashMap, HashSet};

use crate::{
    NOTHING,
    error::CutError,
    field,
    protobuf::{Message, Part, find, read_varint},
};

/// One constant of the file.
#[derive(Debug, Default)]
pub(super) struct Tensor {
    pub dims: Vec<usize>,
    /// Empty for a constant that does not hold `f32`.
    pub values: Vec<f32>,
}

/// One operation; names of values are those behind `Identity` nodes.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub op: String,
    pub inputs: Vec<String>,
    pub output: String,
    ints: HashMap<String, Vec<usize>>,
    floats: HashMap<String, f32>,
    strings: HashMap<String, Vec<u8>>,
}

impl Node {
    /// An attribute of whole numbers; empty when it is not there.
    pub fn ints(&self, name: &str) -> &[usize] {
        self.ints.get(name).map_or(&[], Vec::as_slice)
    }

    pub fn float(&self, name: &str) -> Option<f32> {
        self.floats.get(name).copied()
    }

    /// Whether an attribute of text says `value`.
    pub fn says(&self, name: &str, value: &str) -> bool {
        self.strings.get(name).is_some_and(|s| s == value.as_bytes())
    }

    /// The input at `index`, or a name that nothing has.
    pub fn input(&self, index: usize) -> &str {
        self.inputs.get(index).map_or("", String::as_str)
    }
}

/// A network: what flows in, what is done, what comes out.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub input: String,
    pub output: String,
    pub nodes: Vec<Node>,
    pub constants: HashMap<String, Tensor>,
}

impl Graph {
    /// Reads an ONNX file.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn read(onnx: &[u8]) -> Result<Self, CutError> {
        let mut graph = Self::default();
        for part in Message(onnx) {
            let part = part?;
            if part.number != field::MODEL_GRAPH {
                continue;
            }
            for part in Message(part.body) {
                let part = part?;
                match part.number {
                    field::GRAPH_NODE => graph.nodes.push(node(part.body)?),
                    field::GRAPH_INITIALIZER => {
                        let (name, tensor) = tensor(part.body)?;
                        graph.constants.insert(name, tensor);
                    }
                    field::GRAPH_INPUT => graph.input = name_of(part.body)?,
                    field::GRAPH_OUTPUT => graph.output = name_of(part.body)?,
                    _ => {}
                }
            }
        }
        graph.forget_identities();
        Ok(graph)
    }

    /// Drops nodes that only give a value another name.
    fn forget_identities(&mut self) {
        let mut names: HashMap<String, String> = HashMap::new();
        for node in &mut self.nodes {
            for input in &mut node.inputs {
                if let Some(name) = names.get(input) {
                    input.clone_from(name);
                }
            }
            if node.op == "Identity" {
                names.insert(node.output.clone(), node.input(0).to_owned());
            }
        }
        if let Some(name) = names.get(&self.output) {
            self.output.clone_from(name);
        }
        self.nodes.retain(|node| node.op != "Identity");
    }

    /// Ends the network at an inner value and drops what is not needed for it.
    pub fn end_at(&mut self, output: &str) {
        output.clone_into(&mut self.output);
        let mut needed: HashSet<&str> = HashSet::from([output]);
        let mut keep = vec![false; self.nodes.len()];
        for (node, keep) in self.nodes.iter().zip(&mut keep).rev() {
            if needed.contains(node.output.as_str()) {
                *keep = true;
                needed.extend(node.inputs.iter().map(String::as_str));
            }
        }
        let mut keep = keep.into_iter();
        self.nodes.retain(|_| keep.next().unwrap_or(false));
    }

    /// The values of a constant.
    pub fn constant(&self, name: &str) -> Option<&[f32]> {
        self.constants.get(name).map(|tensor| tensor.values.as_slice())
    }

    /// The only node that takes a value; `None` when several do.
    pub fn only_user(&self, value: &str) -> Option<(usize, &Node)> {
        let mut users = self.users(value);
        let first = users.next()?;
        users.next().is_none().then_some(first)
    }

    /// All nodes that take a value.
    pub fn users<'a>(&'a self, value: &str) -> impl Iterator<Item = (usize, &'a Node)> {
        self.nodes.iter().enumerate().filter(move |(_, node)| node.inputs.iter().any(|input| input == value))
    }
}

fn text(part: &Part) -> String {
    String::from_utf8_lossy(part.body).into_owned()
}

fn name_of(value_info: &[u8]) -> Result<String, CutError> {
    Ok(find(value_info, field::VALUE_NAME)?.map(|part| text(&part)).unwrap_or_default())
}

fn node(bytes: &[u8]) -> Result<Node, CutError> {
    let mut node = Node::default();
    for part in Message(bytes) {
        let part = part?;
        match part.number {
            field::NODE_INPUT => node.inputs.push(text(&part)),
            field::NODE_OUTPUT => node.output = text(&part),
            field::NODE_OP => node.op = text(&part),
            field::NODE_ATTRIBUTE => attribute(part.body, &mut node)?,
            _ => {}
        }
    }
    Ok(node)
}

fn attribute(bytes: &[u8], node: &mut Node) -> Result<(), CutError> {
    let (mut name, mut ints) = (String::new(), Vec::new());
    for part in Message(bytes) {
        let part = part?;
        match part.number {
            field::ATTRIBUTE_NAME => name = text(&part),
            field::ATTRIBUTE_INT => ints.push(part.varint as usize),
            field::ATTRIBUTE_INTS => numbers(&part, &mut ints)?,
            field::ATTRIBUTE_STRING => {
                node.strings.insert(name.clone(), part.body.to_vec());
            }
            field::ATTRIBUTE_FLOAT => {
                if let Ok(bytes) = part.body.try_into() {
                    node.floats.insert(name.clone(), f32::from_le_bytes(bytes));
                }
            }
            _ => {}
        }
    }
    if !ints.is_empty() {
        node.ints.insert(name, ints);
    }
    Ok(())
}

/// A repeated number: one a field, or all packed in one.
fn numbers(part: &Part, into: &mut Vec<usize>) -> Result<(), CutError> {
    if part.body.is_empty() {
        into.push(part.varint as usize);
    }
    let mut at = 0;
    while at < part.body.len() {
        into.push(read_varint(part.body, &mut at)? as usize);
    }
    Ok(())
}

/// Name and values of a constant; weights that are all but zero become zero, see [`NOTHING`].
fn tensor(bytes: &[u8]) -> Result<(String, Tensor), CutError> {
    let (mut name, mut tensor, mut is_float) = (String::new(), Tensor::default(), false);
    for part in Message(bytes) {
        let part = part?;
        match part.number {
            field::TENSOR_DIMS => numbers(&part, &mut tensor.dims)?,
            field::TENSOR_TYPE => is_float = part.varint == field::FLOAT,
            field::TENSOR_NAME => name = text(&part),
            field::TENSOR_RAW if is_float => {
                let values = part.body.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
                tensor.values = values.map(|v| if v.abs() < NOTHING { 0.0 } else { v }).collect();
            }
            _ => {}
        }
    }
    if !tensor.values.is_empty() && tensor.values.len() != tensor.dims.iter().product::<usize>() {
        return Err(CutError::Missing { part: "constant of the size it names" });
    }
    Ok((name, tensor))
}

//! The end of a network, after its convolutions, as an ONNX file of its own.

use std::collections::HashSet;

use acuse_net::{
    CutError, field,
    protobuf::{Message, find, put_bytes},
};

/// Keeps what comes after the only node of kind `op`, whose output becomes the network's input.
///
/// # Errors
/// When the file is not an ONNX model or has no such node.
pub fn after(onnx: &[u8], op: &'static str) -> Result<Rest, CutError> {
    let mut out = Vec::new();
    let mut input = None;
    for part in Message(onnx) {
        let part = part?;
        if part.number == field::MODEL_GRAPH {
            let begin = node_of_kind(part.body, op)?.ok_or(CutError::Missing { part: op })?;
            put_bytes(&mut out, field::MODEL_GRAPH, &graph_after(part.body, &begin)?);
            input = Some(begin);
        } else {
            out.extend_from_slice(part.whole);
        }
    }
    Ok(Rest { onnx: out, input: input.ok_or(CutError::Missing { part: op })? })
}

/// The end of a network.
#[derive(Debug)]
pub struct Rest {
    /// The smaller ONNX file.
    pub onnx: Vec<u8>,
    /// Name of its input.
    pub input: String,
}

/// Name of the value that the first node of a kind gives.
fn node_of_kind(graph: &[u8], op: &str) -> Result<Option<String>, CutError> {
    for part in Message(graph) {
        let part = part?;
        if part.number == field::GRAPH_NODE {
            let node = names(part.body)?;
            if node.op == op.as_bytes() {
                return Ok(node.outputs.first().map(|name| String::from_utf8_lossy(name).into_owned()));
            }
        }
    }
    Ok(None)
}

/// What a node is called and what it takes and gives.
#[derive(Default)]
struct Names<'a> {
    op: &'a [u8],
    inputs: Vec<&'a [u8]>,
    outputs: Vec<&'a [u8]>,
}

fn names(node: &[u8]) -> Result<Names<'_>, CutError> {
    let mut names = Names::default();
    for part in Message(node) {
        let part = part?;
        match part.number {
            field::NODE_INPUT => names.inputs.push(part.body),
            field::NODE_OUTPUT => names.outputs.push(part.body),
            field::NODE_OP => names.op = part.body,
            _ => {}
        }
    }
    Ok(names)
}

/// The graph without the nodes and constants that only `input` hangs on.
fn graph_after(graph: &[u8], input: &str) -> Result<Vec<u8>, CutError> {
    let parts = Message(graph).collect::<Result<Vec<_>, _>>()?;
    let mut needed: HashSet<&[u8]> = HashSet::new();
    let mut keep = vec![false; parts.len()];
    for part in parts.iter().filter(|part| part.number == field::GRAPH_OUTPUT) {
        needed.extend(name_of(part.body, field::VALUE_NAME)?);
    }
    for (part, keep) in parts.iter().zip(&mut keep).rev() {
        if part.number == field::GRAPH_NODE {
            let node = names(part.body)?;
            *keep = node.outputs.iter().any(|name| *name != input.as_bytes() && needed.contains(name));
            if *keep {
                needed.extend(node.inputs);
            }
        }
    }
    let mut out = Vec::new();
    for (part, keep) in parts.iter().zip(keep) {
        match part.number {
            field::GRAPH_NODE if !keep => {}
            field::GRAPH_INITIALIZER
                if !name_of(part.body, field::TENSOR_NAME)?.is_some_and(|name| needed.contains(name)) => {}
            field::GRAPH_INPUT => {
                let mut value = Vec::new();
                put_bytes(&mut value, field::VALUE_NAME, input.as_bytes());
                put_bytes(&mut out, field::GRAPH_INPUT, &value);
            }
            _ => out.extend_from_slice(part.whole),
        }
    }
    Ok(out)
}

fn name_of(message: &[u8], number: u64) -> Result<Option<&[u8]>, CutError> {
    Ok(find(message, number)?.map(|part| part.body))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(op: &str, inputs: &[&str], output: &str) -> Vec<u8> {
        let mut out = Vec::new();
        inputs.iter().for_each(|name| put_bytes(&mut out, field::NODE_INPUT, name.as_bytes()));
        put_bytes(&mut out, field::NODE_OUTPUT, output.as_bytes());
        put_bytes(&mut out, field::NODE_OP, op.as_bytes());
        out
    }

    fn named(number: u64, name: &str) -> Vec<u8> {
        let mut out = Vec::new();
        put_bytes(&mut out, number, name.as_bytes());
        out
    }

    /// `x → Conv(w) → AveragePool → MatMul(v) → y`, with a constant of its own beside `v`.
    fn model() -> Vec<u8> {
        let mut graph = Vec::new();
        for node in [
            node("Conv", &["x", "w"], "a"),
            node("AveragePool", &["a"], "pooled"),
            node("Reshape", &["v0"], "v"),
            node("MatMul", &["pooled", "v"], "y"),
        ] {
            put_bytes(&mut graph, field::GRAPH_NODE, &node);
        }
        for constant in ["w", "v0"] {
            put_bytes(&mut graph, field::GRAPH_INITIALIZER, &named(field::TENSOR_NAME, constant));
        }
        put_bytes(&mut graph, field::GRAPH_INPUT, &named(field::VALUE_NAME, "x"));
        put_bytes(&mut graph, field::GRAPH_OUTPUT, &named(field::VALUE_NAME, "y"));
        let mut model = Vec::new();
        put_bytes(&mut model, field::MODEL_GRAPH, &graph);
        model
    }

    #[test]
    fn keeps_what_hangs_on_the_pool_and_what_that_needs() {
        let rest = after(&model(), "AveragePool").unwrap();
        assert_eq!(rest.input, "pooled");
        let model = Message(&rest.onnx).next().unwrap().unwrap();
        let parts: Vec<_> = Message(model.body).map(Result::unwrap).collect();
        let ops: Vec<_> = parts
            .iter()
            .filter(|p| p.number == field::GRAPH_NODE)
            .map(|p| names(p.body).unwrap().op.to_vec())
            .collect();
        assert_eq!(ops, [b"Reshape".to_vec(), b"MatMul".to_vec()]);
        let named = |number, name| {
            let part = parts.iter().find(|p| p.number == number).unwrap();
            name_of(part.body, name).unwrap().unwrap().to_vec()
        };
        assert_eq!(named(field::GRAPH_INITIALIZER, field::TENSOR_NAME), b"v0");
        assert_eq!(named(field::GRAPH_INPUT, field::VALUE_NAME), b"pooled");
    }

    #[test]
    fn a_model_without_the_pool_or_cut_short_is_an_error() {
        assert_eq!(after(&model(), "Loop").unwrap_err(), CutError::Missing { part: "Loop" });
        let model = model();
        for end in 0..model.len() {
            assert!(after(&model[..end], "AveragePool").is_err(), "{end} bytes");
        }
    }
}

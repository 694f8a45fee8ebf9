//! Cuts a recogniser's ONNX file down to the characters we read.
//!
//! PP-OCRv6's last layer scores 18,710 characters, nearly all Chinese. Slicing it to the Latin ones saves about
//! 15 % of the recogniser's time and 40 % of its memory, and keeps look-alikes out of the answer. The file is a
//! protobuf: this walks its fields, rewrites the two tensors of that layer and copies everything else.

pub use acuse_net::CutError;
use acuse_net::{
    NOTHING, field,
    protobuf::{Message, find, put_bytes, put_varint},
};

/// Weight and bias of the layer that scores characters, `[features, classes]` and `[classes]`.
const LAST_LAYER: [&[u8]; 2] = [b"linear_8.w_0", b"linear_8.b_0"];

/// A recogniser that knows Latin characters only.
#[derive(Debug)]
pub struct Cut {
    /// The smaller ONNX file.
    pub onnx: Vec<u8>,
    /// The character of each class; class 0 (the CTC blank) is `'\0'`, the last is a space.
    pub characters: Vec<char>,
}

/// Keeps the classes of characters used in Latin scripts, digits, punctuation and currency signs.
///
/// # Errors
/// When the file is not PP-OCRv6's recogniser as distributed.
pub fn latin(onnx: &[u8]) -> Result<Cut, CutError> {
    let listed = characters(onnx)?;
    let classes = listed.len() + 2; // blank first, space last
    let mut keep = vec![0];
    let mut kept = vec!['\0'];
    for (class, text) in listed.iter().enumerate() {
        let mut chars = text.chars();
        if let (Some(c), None) = (chars.next(), chars.next())
            && is_latin(c)
        {
            keep.push(class + 1);
            kept.push(c);
        }
    }
    keep.push(classes - 1);
    kept.push(' ');

    let mut out = Vec::with_capacity(onnx.len());
    let mut found = 0;
    for part in Message(onnx) {
        let part = part?;
        if part.number == field::MODEL_GRAPH {
            let graph = cut_graph(part.body, &keep, classes, &mut found)?;
            put_bytes(&mut out, field::MODEL_GRAPH, &graph);
        } else if part.number != field::MODEL_METADATA {
            out.extend_from_slice(part.whole);
        }
    }
    if found != LAST_LAYER.len() {
        return Err(CutError::Missing { part: "last layer `linear_8`" });
    }
    Ok(Cut { onnx: out, characters: kept })
}

/// Sets weights that are all but zero to zero.
///
/// Training left a quarter of a million denormal numbers in the detector. A processor takes a hundred times as long
/// over each: they cost more than a quarter of the detector's time.
///
/// # Errors
/// When the file is not an ONNX model.
pub fn flush_denormals(mut onnx: Vec<u8>) -> Result<Vec<u8>, CutError> {
    for (from, to) in float_tensors(&onnx)? {
        for value in onnx.get_mut(from..to).unwrap_or_default().chunks_exact_mut(4) {
            if let Ok(bytes) = <[u8; 4]>::try_from(&*value)
                && f32::from_le_bytes(bytes).abs() < NOTHING
            {
                value.fill(0);
            }
        }
    }
    Ok(onnx)
}

/// Where in the file the values of each `f32` tensor stand.
fn float_tensors(onnx: &[u8]) -> Result<Vec<(usize, usize)>, CutError> {
    let start = onnx.as_ptr() as usize;
    let mut ranges = Vec::new();
    for graph in Message(onnx) {
        let graph = graph?;
        if graph.number != field::MODEL_GRAPH {
            continue;
        }
        for tensor in Message(graph.body) {
            let tensor = tensor?;
            if tensor.number != field::GRAPH_INITIALIZER {
                continue;
            }
            let (mut is_float, mut raw) = (false, None);
            for part in Message(tensor.body) {
                let part = part?;
                match part.number {
                    field::TENSOR_TYPE => is_float = part.varint == field::FLOAT,
                    field::TENSOR_RAW => raw = Some(part.body),
                    _ => {}
                }
            }
            if let (true, Some(raw)) = (is_float, raw) {
                let from = raw.as_ptr() as usize - start;
                ranges.push((from, from + raw.len()));
            }
        }
    }
    Ok(ranges)
}

/// The characters a document in a Latin script may hold.
fn is_latin(c: char) -> bool {
    matches!(c, '!'..='~' | '\u{a1}'..='\u{24f}') || "–—‘’“”„•…€₡₲₱₹₺№™†‰‹›−".contains(c)
}

fn characters(onnx: &[u8]) -> Result<Vec<String>, CutError> {
    for part in Message(onnx) {
        let part = part?;
        if part.number != field::MODEL_METADATA {
            continue;
        }
        let mut is_characters = false;
        for entry in Message(part.body) {
            let entry = entry?;
            match entry.number {
                field::ENTRY_KEY => is_characters = entry.body == b"character",
                field::ENTRY_VALUE if is_characters => {
                    let text = String::from_utf8_lossy(entry.body);
                    return Ok(text.lines().map(str::to_owned).collect());
                }
                _ => {}
            }
        }
    }
    Err(CutError::Missing { part: "metadata `character`" })
}

fn cut_graph(graph: &[u8], keep: &[usize], classes: usize, found: &mut usize) -> Result<Vec<u8>, CutError> {
    let mut out = Vec::with_capacity(graph.len());
    for part in Message(graph) {
        let part = part?;
        match part.number {
            field::GRAPH_INITIALIZER if is_last_layer(part.body)? => {
                let tensor = cut_tensor(part.body, keep, classes)?;
                put_bytes(&mut out, field::GRAPH_INITIALIZER, &tensor);
                *found += 1;
            }
            // Recorded shapes would contradict the new ones; the runtime infers them again.
            field::GRAPH_VALUE_INFO => {}
            field::GRAPH_OUTPUT => {
                let mut named = Vec::new();
                for inner in Message(part.body) {
                    let inner = inner?;
                    if inner.number == field::VALUE_NAME {
                        named.extend_from_slice(inner.whole);
                    }
                }
                put_bytes(&mut out, field::GRAPH_OUTPUT, &named);
            }
            _ => out.extend_from_slice(part.whole),
        }
    }
    Ok(out)
}

fn is_last_layer(tensor: &[u8]) -> Result<bool, CutError> {
    Ok(find(tensor, field::TENSOR_NAME)?.is_some_and(|name| LAST_LAYER.contains(&name.body)))
}

/// Keeps the wanted columns of a `[rows, classes]` or `[classes]` tensor of little-endian `f32`.
fn cut_tensor(tensor: &[u8], keep: &[usize], classes: usize) -> Result<Vec<u8>, CutError> {
    let mut out = Vec::new();
    for part in Message(tensor) {
        let part = part?;
        match part.number {
            field::TENSOR_DIMS if part.varint == classes as u64 => {
                put_varint(&mut out, field::TENSOR_DIMS << 3);
                put_varint(&mut out, keep.len() as u64);
            }
            field::TENSOR_RAW => {
                let row_bytes = classes * 4;
                if part.body.is_empty() || part.body.len() % row_bytes != 0 {
                    return Err(CutError::Shape { classes: part.body.len() / 4, characters: classes });
                }
                let mut raw = Vec::with_capacity(part.body.len() / classes * keep.len());
                for row in part.body.chunks_exact(row_bytes) {
                    for class in keep {
                        raw.extend_from_slice(row.get(class * 4..class * 4 + 4).unwrap_or(&[0; 4]));
                    }
                }
                put_bytes(&mut out, field::TENSOR_RAW, &raw);
            }
            _ => out.extend_from_slice(part.whole),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A model of two features and six classes: blank, `a`, `中`, `ñ`, `€`, space.
    fn tiny() -> Vec<u8> {
        let tensor = |name: &str, dims: &[u64], values: &[f32]| {
            let mut out = Vec::new();
            for dim in dims {
                put_varint(&mut out, field::TENSOR_DIMS << 3);
                put_varint(&mut out, *dim);
            }
            put_varint(&mut out, field::TENSOR_TYPE << 3);
            put_varint(&mut out, field::FLOAT);
            put_bytes(&mut out, field::TENSOR_NAME, name.as_bytes());
            let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            put_bytes(&mut out, field::TENSOR_RAW, &raw);
            out
        };
        let mut graph = Vec::new();
        let weights: Vec<f32> = (0..12).map(|i| i as f32).collect();
        put_bytes(&mut graph, field::GRAPH_INITIALIZER, &tensor("linear_8.w_0", &[2, 6], &weights));
        put_bytes(&mut graph, field::GRAPH_INITIALIZER, &tensor("linear_8.b_0", &[6], &weights[..6]));
        put_bytes(&mut graph, field::GRAPH_INITIALIZER, &tensor("other", &[6], &weights[..6]));
        let mut entry = Vec::new();
        put_bytes(&mut entry, field::ENTRY_KEY, b"character");
        put_bytes(&mut entry, field::ENTRY_VALUE, "a\n中\nñ\n€".as_bytes());
        let mut model = Vec::new();
        put_bytes(&mut model, field::MODEL_GRAPH, &graph);
        put_bytes(&mut model, field::MODEL_METADATA, &entry);
        model
    }

    fn raw_of(model: &[u8], name: &str) -> Vec<f32> {
        let graph = Message(model).map(Result::unwrap).find(|p| p.number == field::MODEL_GRAPH).unwrap();
        for tensor in Message(graph.body).map(Result::unwrap) {
            let parts: Vec<_> = Message(tensor.body).map(Result::unwrap).collect();
            if parts.iter().any(|p| p.number == field::TENSOR_NAME && p.body == name.as_bytes()) {
                let raw = parts.iter().find(|p| p.number == field::TENSOR_RAW).unwrap().body;
                return raw.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
            }
        }
        panic!("no tensor {name}");
    }

    #[test]
    fn keeps_latin_columns_and_leaves_other_tensors_alone() {
        let cut = latin(&tiny()).unwrap();
        assert_eq!(cut.characters, ['\0', 'a', 'ñ', '€', ' ']);
        assert_eq!(raw_of(&cut.onnx, "linear_8.w_0"), [0., 1., 3., 4., 5., 6., 7., 9., 10., 11.]);
        assert_eq!(raw_of(&cut.onnx, "linear_8.b_0"), [0., 1., 3., 4., 5.]);
        assert_eq!(raw_of(&cut.onnx, "other").len(), 6);
    }

    #[test]
    fn weights_that_are_all_but_zero_become_zero() {
        let mut model = tiny();
        let at = model.windows(4).position(|w| w == 5.0_f32.to_le_bytes()).unwrap();
        model[at..at + 4].copy_from_slice(&f32::from_bits(3).to_le_bytes());
        let flushed = flush_denormals(model).unwrap();
        assert_eq!(raw_of(&flushed, "linear_8.w_0")[..7], [0., 1., 2., 3., 4., 0., 6.]);
        assert!(flush_denormals(vec![0xff; 3]).is_err());
    }

    #[test]
    fn a_truncated_file_is_an_error_not_a_panic() {
        let model = tiny();
        for end in 0..model.len() {
            assert!(latin(&model[..end]).is_err(), "{end} bytes");
        }
    }
}

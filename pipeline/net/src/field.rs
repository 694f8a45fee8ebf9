//! Field numbers of ONNX (`onnx.proto`: ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto, ValueInfoProto,
//! StringStringEntryProto).

#![allow(missing_docs)]

pub const MODEL_GRAPH: u64 = 7;
pub const MODEL_METADATA: u64 = 14;
pub const GRAPH_NODE: u64 = 1;
pub const GRAPH_INITIALIZER: u64 = 5;
pub const GRAPH_INPUT: u64 = 11;
pub const GRAPH_OUTPUT: u64 = 12;
pub const GRAPH_VALUE_INFO: u64 = 13;
pub const NODE_INPUT: u64 = 1;
pub const NODE_OUTPUT: u64 = 2;
pub const NODE_OP: u64 = 4;
pub const NODE_ATTRIBUTE: u64 = 5;
pub const ATTRIBUTE_NAME: u64 = 1;
pub const ATTRIBUTE_FLOAT: u64 = 2;
pub const ATTRIBUTE_INT: u64 = 3;
pub const ATTRIBUTE_STRING: u64 = 4;
pub const ATTRIBUTE_INTS: u64 = 8;
pub const TENSOR_DIMS: u64 = 1;
pub const TENSOR_TYPE: u64 = 2;
pub const TENSOR_NAME: u64 = 8;
pub const TENSOR_RAW: u64 = 9;
pub const VALUE_NAME: u64 = 1;
pub const ENTRY_KEY: u64 = 1;
pub const ENTRY_VALUE: u64 = 2;

/// `TensorProto.DataType.FLOAT`, a value of [`TENSOR_TYPE`].
pub const FLOAT: u64 = 1;

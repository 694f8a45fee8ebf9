//! A pseudorandom function with holes: it gives every document a key, and forgets single ones for ever.
//!
//! It is the tree of Goldreich, Goldwasser and Micali: a node's secret gives the secrets of the two halves below it, and
//! never the other way round. At first there is only the root. To forget a leaf, the node above it is replaced by the
//! nodes beside its path (at most 64): every other leaf still follows from what is left, this one from nothing.

use ring::hmac;

/// Levels below the root. A leaf is 64 bits of a document's hash: among a million documents two share a leaf once in
/// some 40 million such collections.
const DEPTH: u8 = 64;

/// A secret of a node, or a leaf's: a document's key.
pub(super) type Secret = [u8; 32];

/// What is left of one part of the tree: all leaves that begin with `depth` bits of `prefix`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) depth: u8,
    /// Its first `depth` bits; the rest are zero.
    pub(super) prefix: u64,
    pub(super) secret: Secret,
}

/// The nodes that are left, in the order of their prefixes. No two overlap.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Tree(Vec<Node>);

fn half(secret: &Secret, right: bool) -> Secret {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), &[u8::from(right)]);
    let mut below = [0; 32];
    below.copy_from_slice(tag.as_ref());
    below
}

/// The bit that says which way a leaf lies below a node of this depth.
fn way(leaf: u64, depth: u8) -> bool {
    leaf >> (DEPTH - 1 - depth) & 1 == 1
}

/// A mask of the first `depth` bits.
fn first_bits(depth: u8) -> u64 {
    u64::MAX.checked_shl(u32::from(DEPTH - depth)).unwrap_or(0)
}

impl Tree {
    pub(super) fn new(root: Secret) -> Self {
        Self(vec![Node { depth: 0, prefix: 0, secret: root }])
    }

    /// What a file holds, unless it is no tree.
    pub(super) fn from_nodes(nodes: Vec<Node>) -> Option<Self> {
        let sound = |node: &Node| node.depth <= DEPTH && node.prefix & !first_bits(node.depth) == 0;
        let apart = |pair: &[Node]| match pair {
            [left, right] => left.prefix | !first_bits(left.depth) < right.prefix,
            _ => true,
        };
        (nodes.iter().all(sound) && nodes.windows(2).all(apart)).then_some(Self(nodes))
    }

    pub(super) fn nodes(&self) -> &[Node] {
        &self.0
    }

    /// Where the node stands under which a leaf lies.
    fn above(&self, leaf: u64) -> Option<usize> {
        let index = self.0.partition_point(|node| node.prefix <= leaf).checked_sub(1)?;
        self.0.get(index).filter(|node| leaf & first_bits(node.depth) == node.prefix).map(|_| index)
    }

    /// The secret of a leaf; none where it was forgotten.
    pub(super) fn leaf(&self, leaf: u64) -> Option<Secret> {
        let node = self.0.get(self.above(leaf)?)?;
        Some((node.depth..DEPTH).fold(node.secret, |secret, depth| half(&secret, way(leaf, depth))))
    }

    /// Forgets a leaf; whether it was known.
    pub(super) fn forget(&mut self, leaf: u64) -> bool {
        let Some(index) = self.above(leaf) else { return false };
        let node = self.0.remove(index);
        let (mut left, mut right, mut secret) = (Vec::new(), Vec::new(), node.secret);
        for depth in node.depth..DEPTH {
            let goes = way(leaf, depth);
            let side = 1_u64 << (DEPTH - 1 - depth);
            let prefix = (leaf & first_bits(depth)) | if goes { 0 } else { side };
            let beside = Node { depth: depth + 1, prefix, secret: half(&secret, !goes) };
            if goes {
                left.push(beside);
            } else {
                right.push(beside);
            }
            secret = half(&secret, goes);
        }
        right.reverse();
        left.append(&mut right);
        self.0.splice(index..index, left);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forgotten_is_gone_and_all_else_stays() {
        let mut tree = Tree::new([7; 32]);
        let leaves: Vec<u64> =
            (0..200_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).chain([0, 1, u64::MAX]).collect();
        let before: Vec<_> = leaves.iter().map(|leaf| tree.leaf(*leaf).unwrap()).collect();
        for (n, leaf) in leaves.iter().enumerate() {
            if n % 3 == 0 {
                assert!(tree.forget(*leaf));
                assert!(!tree.forget(*leaf), "once");
            }
        }
        for (n, leaf) in leaves.iter().enumerate().take(200) {
            let now = tree.leaf(*leaf);
            assert_eq!(now, (n % 3 != 0).then(|| before[n]), "{n}");
        }
        // None of what is left is on the way to what is gone.
        assert!(tree.nodes().iter().all(|node| leaves[0] & first_bits(node.depth) != node.prefix));
        assert!(Tree::from_nodes(tree.nodes().to_vec()).unwrap() == tree);
    }

    #[test]
    fn nodes_that_overlap_are_no_tree() {
        let node = |depth, prefix| Node { depth, prefix, secret: [0; 32] };
        assert!(Tree::from_nodes(vec![node(0, 0), node(1, 1 << 63)]).is_none());
        assert!(Tree::from_nodes(vec![node(1, 1)]).is_none());
        assert!(Tree::from_nodes(vec![node(65, 0)]).is_none());
        assert!(Tree::from_nodes(vec![node(1, 0), node(1, 1 << 63)]).is_some());
        assert!(Tree::from_nodes(Vec::new()).is_some(), "all is forgotten");
    }
}

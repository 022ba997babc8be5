//! The tamper-evident log as pure code: leaf and tree hashing (RFC 6962), tiles, proofs, signed checkpoints (C2SP) and the
//! offline verifier. It leaves out everything that touches the world: no file, no database, no clock, no randomness; what is
//! read comes in as values or through a closure, what is to be written goes out as values.

pub mod checkpoint;
pub mod checkpoint_file;
pub mod edge;
pub mod expected;
pub mod key;
pub mod leaf;
pub mod proof;
pub mod proof_text;
pub mod report;
pub mod tile;
pub mod tree;
pub mod verify;

mod judge;
mod note;
mod text;
#[cfg(test)]
mod vectors;

pub use checkpoint::{Checkpoint, CheckpointError, Epoch, parse_signed};
pub use checkpoint_file::{FileFault, file_record, last_in_file, parse_file, read_file, whole_records};
pub use edge::TileEdge;
pub use expected::{CheckpointSource, Checkpoints};
pub use key::{KeyError, SigningKey, VerifyingKey};
pub use leaf::{Hash, Salt, empty_root, leaf_hash, node_hash, rfc6962_leaf};
pub use proof::{
    LeafReader, ProofError, consistency_proof, consistency_tiles, inclusion_proof, inclusion_tiles, verify_consistency,
    verify_inclusion,
};
pub use proof_text::{ProofText, ProofTextError};
pub use report::{Fault, FaultKind, Report, Restore};
pub use tile::{ReadError, Tile, TileError, TileReader, grown_tiles};
pub use tree::{CompactRange, SIZE_MAX, TreeError, root_of};
pub use verify::{LeafEvidence, Recomputed, Verifier, group_digest};

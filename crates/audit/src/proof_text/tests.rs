//! Tests of `proof_text`: published vectors, tables and properties.

use super::*;
use crate::key::SigningKey;
use crate::proof::{LeafReader, inclusion_proof};
use crate::tree::root_of;
use crate::vectors::many;

const ORIGIN: &str = "cpis.example/log";

fn key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[9; 32]).unwrap()
}

fn proof(index: u64, size: u64) -> ProofText {
    let leaves = many(size);
    let hashes = inclusion_proof(index, size, &LeafReader(&leaves)).unwrap();
    let note = Checkpoint::new(ORIGIN, size, root_of(leaves.iter().copied())).sign(&key()).unwrap();
    ProofText { index, leaf: leaves[index as usize], hashes, note }
}

#[test]
fn a_text_is_read_and_holds() {
    for (index, size) in [(0, 1), (0, 2), (5, 7), (255, 300), (299, 300)] {
        let proof = proof(index, size);
        let read: ProofText = proof.to_string().parse().unwrap();
        assert_eq!(read, proof);
        assert_eq!(read.verify(&[key().verifying_key().clone()]).unwrap().size, size);
    }
}

#[test]
fn a_changed_proof_does_not_hold() {
    let good = proof(5, 7);
    let keys = [key().verifying_key().clone()];
    let stranger = SigningKey::from_seed(ORIGIN, &[8; 32]).unwrap();
    let (other_leaf, other_index) =
        (ProofText { leaf: [0; 32], ..good.clone() }, ProofText { index: 4, ..good.clone() });
    let other_note = ProofText { note: proof(5, 8).note, ..good.clone() };
    for bad in [other_leaf, other_index, other_note] {
        assert!(matches!(bad.verify(&keys), Err(ProofTextError::Proof(_))), "{bad}");
    }
    let unknown = good.verify(&[stranger.verifying_key().clone()]);
    assert!(matches!(unknown, Err(ProofTextError::Checkpoint(CheckpointError::NoKnownSignature))));
    let forged = ProofText { note: good.note.replace("\n7\n", "\n6\n"), ..good };
    assert!(matches!(forged.verify(&keys), Err(ProofTextError::Checkpoint(CheckpointError::BadSignature))));
}

#[test]
fn malformed_texts_are_refused() {
    let good = proof(5, 7).to_string();
    let hash = to_base64(&[1; 32]);
    let leaf = good.lines().nth(1).unwrap();
    for bad in [
        String::new(),
        good.replace("@v1", "@v2"),
        good.replace('\n', "\r\n"),
        good.replacen(leaf, "", 1),
        good.replacen(&format!("{leaf}\n"), "", 1),
        good.replacen(leaf, "extra AAAA", 1),
        good.replacen(leaf, &leaf.replace('=', ""), 1),
        good.replace("index 5", "index 05"),
        good.replace("index 5", "index -5"),
        good.replace("index 5", "Index 5"),
        good.replace("index 5\n", ""),
        good.replace("index 5", "index 5\nAAAA"),
        good.replace("index 5\n", &format!("index 5\n{}", format!("{hash}\n").repeat(64))),
        good.replace("\n\n", "\n"),
        format!("{good}{}", "x".repeat(PROOF_BYTES_MAX)),
    ] {
        assert!(matches!(bad.parse::<ProofText>(), Err(ProofTextError::Malformed(_))), "{:?}", bad.get(..300));
    }
}

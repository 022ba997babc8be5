//! Forgeries of the signature and of the whole token's shape.

use super::*;
use serde_json::json;

/// Signatures that are none, and tokens that were bent.
pub(super) fn forgeries(world: &World) -> Vec<Forgery> {
    let World { ec, head, rsa_head, claims, good, .. } = world;
    let mut forged = Vec::new();
    let mut add = |name: &str, token: String| forged.push((name.to_owned(), token));
    let parts: Vec<&str> = good.split('.').collect();
    let (h, p, s) = (parts[0], parts[1], parts[2]);

    // signatures that are none
    for (name, bytes) in [
        ("zero", vec![0; 64]),
        ("one", [vec![0; 31], vec![1], vec![0; 31], vec![1]].concat()),
        ("ones", vec![0xff; 64]),
        ("r is zero", [vec![0; 32], URL_SAFE_NO_PAD.decode(s).unwrap()[32..].to_vec()].concat()),
        ("s is zero", [URL_SAFE_NO_PAD.decode(s).unwrap()[..32].to_vec(), vec![0; 32]].concat()),
        ("DER", vec![0x30, 6, 2, 1, 1, 2, 1, 1]),
        ("short", vec![0; 63]),
        ("long", vec![0; 65]),
        ("empty", Vec::new()),
    ] {
        add(name, with_signature(head, claims, bytes));
    }
    for bytes in [vec![0; 256], vec![1], [vec![0; 255], vec![1]].concat(), vec![0xff; 256]] {
        add("RSA signature", with_signature(rsa_head, claims, bytes));
    }

    // bent tokens
    let other = ec.sign(head, &put(claims, "sub", "555000000009"));
    let other: Vec<&str> = other.split('.').collect();
    for (name, token) in [
        ("another's claims", format!("{h}.{}.{s}", other[1])),
        ("another's signature", format!("{h}.{p}.{}", other[2])),
        ("two parts", format!("{h}.{p}")),
        ("one part", h.to_owned()),
        ("four parts", format!("{good}.{s}")),
        ("five parts", format!("{h}.{p}.{s}.{p}.{s}")),
        ("a dot before", format!(".{good}")),
        ("a dot after", format!("{good}.")),
        ("two dots", format!("{h}..{s}")),
        ("only dots", "..".to_owned()),
        ("a dot", ".".to_owned()),
        ("cut", good[..good.len() - 1].to_owned()),
        ("cut in the claims", format!("{h}.{}.{s}", &p[..p.len() - 4])),
        ("longer", format!("{good}A")),
        ("padding", format!("{good}==")),
        ("padding of the header", format!("{h}=.{p}.{s}")),
        ("plain base64", format!("{h}.{p}.{}", STANDARD.encode([0xfb; 64]))),
        ("a space", format!("{h}.{p} .{s}")),
        ("twice", format!("{good} {good}")),
        ("a comma", format!("{good},{good}")),
        ("quoted", format!("\"{good}\"")),
        ("percent", good.replace('.', "%2E")),
        ("JSON", json!({"payload": p, "protected": h, "signature": s}).to_string()),
        ("a letter", "a".to_owned()),
        ("not ASCII", format!("{good}é")),
        ("1 MiB", "a".repeat(1 << 20)),
        ("1 MiB in three parts", format!("{h}.{}.{s}", "a".repeat(1 << 20))),
        ("over the limit", ec.sign(head, &put(claims, "filler", "f".repeat(12 * 1024)))),
    ] {
        add(name, token);
    }
    let last = s.chars().next_back().unwrap();
    let canonical = "AQgw".contains(last);
    assert!(canonical, "64 bytes leave four bits of the last character");
    add("other trailing bits", format!("{}{}", &good[..good.len() - 1], char::from(last as u8 + 1)));
    forged
}

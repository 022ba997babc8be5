//! The key ring: a file, never in the database, with the keys that wrap all others and find numbers.
//!
//! A new key is first distributed for reading on every node, then promoted, then everything is sealed again under it
//! ([`crate::rotation`]), and only then the old one is retired. The two look-up columns belong to two keys at a time.

use crate::effects::{Entropy, random};
use crate::seal::{SealError, SealKey, keyed_digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use cpis_model::Date;
use cpis_model::access::AuthorKey;
use cpis_model::nhs_number::NhsNumber;
use cpis_store::NumberKeys;
use hkdf::Hkdf;
use minicbor::{Decoder, Encoder};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::collections::BTreeSet;
use std::convert::Infallible;
use zeroize::Zeroizing;

/// A look-up column of the tables of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Column {
    /// The first.
    A,
    /// The second.
    B,
}

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Opens and finds.
    Reading,
    /// Also seals everything new. Exactly one key.
    Active,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileKey {
    id: u32,
    column: Column,
    state: State,
    secret: Zeroizing<String>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileSigning {
    name: String,
    seed: Zeroizing<String>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    signing: FileSigning,
    key: Vec<FileKey>,
    #[serde(default)]
    erased: Vec<i64>,
}

struct Key {
    id: u32,
    column: Column,
    wrap: SealKey,
    find: Zeroizing<[u8; 32]>,
}

/// The keys, ready for use.
pub struct KeyRing {
    file: File,
    keys: Vec<Key>,
    active: usize,
    seed: Zeroizing<[u8; 32]>,
}

/// What is wrong with a key ring's file or a step of rotation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    /// Not the expected form. Never shows the text, which holds secrets.
    #[error("the key ring cannot be read: {0}")]
    Form(&'static str),
    /// This step is not possible now.
    #[error("{0}")]
    Step(&'static str),
}

fn decode(secret: &str) -> Result<Zeroizing<[u8; 32]>, RingError> {
    let bytes = Zeroizing::new(BASE64.decode(secret.trim()).map_err(|_| RingError::Form("a secret is not Base64"))?);
    Ok(Zeroizing::new(bytes.as_slice().try_into().map_err(|_| RingError::Form("a secret has not 32 bytes"))?))
}

fn derive(secret: &[u8; 32], purpose: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    // 32 bytes are within what HKDF gives; a zero key would find and open nothing.
    let _ = Hkdf::<Sha256>::new(None, secret).expand(purpose, key.as_mut_slice());
    key
}

impl KeyRing {
    /// A new ring with one active key. `name` stands in signed checkpoints, such as `cpis.example.org/log`.
    pub fn generate(name: &str, entropy: &dyn Entropy) -> Result<Self, RingError> {
        let secret = |bytes: [u8; 32]| Zeroizing::new(BASE64.encode(bytes));
        Self::build(File {
            signing: FileSigning { name: name.to_owned(), seed: secret(random(entropy)) },
            key: vec![FileKey { id: 1, column: Column::A, state: State::Active, secret: secret(random(entropy)) }],
            erased: Vec::new(),
        })
    }

    /// Reads a ring's file.
    pub fn parse(text: &str) -> Result<Self, RingError> {
        Self::build(toml::from_str(text).map_err(|_| RingError::Form("it is not a key ring in TOML"))?)
    }

    /// The file's text. Secret.
    pub fn to_text(&self) -> Zeroizing<String> {
        let body = toml::to_string(&self.file).unwrap_or_default();
        Zeroizing::new(format!(
            "# OpenCPIS key ring. Whoever has this file and the database can read every record.\n\
             # Keep a copy apart from the backups of the database. Without it, nothing can be opened again.\n{body}"
        ))
    }

    fn build(file: File) -> Result<Self, RingError> {
        let mut keys = Vec::new();
        for key in &file.key {
            let secret = decode(&key.secret)?;
            keys.push(Key {
                id: key.id,
                column: key.column,
                wrap: SealKey::new(*derive(&secret, b"opencpis wrap v1")),
                find: derive(&secret, b"opencpis find v1"),
            });
        }
        let column = |column| file.key.iter().filter(|key| key.column == column).count();
        let distinct = file.key.iter().all(|key| file.key.iter().filter(|other| other.id == key.id).count() == 1);
        if column(Column::A) > 1 || column(Column::B) > 1 || !distinct {
            return Err(RingError::Form("two keys share an id or a look-up column"));
        }
        let mut actives = file.key.iter().enumerate().filter(|(_, key)| key.state == State::Active);
        let (Some((active, _)), None) = (actives.next(), actives.next()) else {
            return Err(RingError::Form("exactly one key must be active"));
        };
        let name = &file.signing.name;
        if name.is_empty() || name.len() > 128 || name.contains(|c: char| c.is_whitespace() || c == '+') {
            return Err(RingError::Form("the signing name must be without spaces and plus signs"));
        }
        let seed = decode(&file.signing.seed)?;
        Ok(Self { file, keys, active, seed })
    }

    /// The digests by which a number is found, one for each column that has a key.
    pub fn find(&self, number: NhsNumber) -> NumberKeys {
        let digest = |column| {
            let key = self.keys.iter().find(|key| key.column == column)?;
            Some(keyed_digest(key.find.as_slice(), &[number.digits().as_bytes()]))
        };
        NumberKeys { a: digest(Column::A), b: digest(Column::B) }
    }

    /// The digests by which somebody is found by folded family name and date of birth, one for each column that has a key.
    pub fn search(&self, folded_family: &str, birth: Date) -> NumberKeys {
        let digest = |column| {
            let key = self.keys.iter().find(|key| key.column == column)?;
            let birth = birth.to_string();
            Some(keyed_digest(key.find.as_slice(), &[b"search", folded_family.as_bytes(), birth.as_bytes()]))
        };
        NumberKeys { a: digest(Column::A), b: digest(Column::B) }
    }

    /// The key under which somebody lists their own reports. It says nothing without the ring.
    pub fn reporter(&self, user: &str, organisation: &str) -> AuthorKey {
        AuthorKey(keyed_digest(self.signing_seed(), &[b"reporter", user.as_bytes(), organisation.as_bytes()]))
    }

    /// The key under which somebody finds their own looks, whichever child they were of. It says nothing without the ring, and
    /// not that the reports of the same person are theirs.
    pub fn reader(&self, user: &str, organisation: &str) -> AuthorKey {
        AuthorKey(keyed_digest(self.signing_seed(), &[b"reader", user.as_bytes(), organisation.as_bytes()]))
    }

    /// A keyed digest of some words, for what is found again and must say nothing without the ring. It stays the same when
    /// keys are rotated.
    pub fn group(&self, words: &[&str]) -> [u8; 16] {
        let parts: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        keyed_digest(self.signing_seed(), &[&[&b"kept"[..]], &parts[..]].concat())
    }

    /// Seals under the active key: id of the key, then the sealed value.
    pub fn seal(&self, entropy: &dyn Entropy, place: &[u8], value: &[u8]) -> Vec<u8> {
        let Some(key) = self.keys.get(self.active) else { return Vec::new() };
        let mut sealed = key.id.to_be_bytes().to_vec();
        sealed.extend(key.wrap.seal(entropy, place, value));
        sealed
    }

    /// Opens what any key of the ring sealed.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (id, sealed) = sealed.split_first_chunk::<4>().ok_or(SealError)?;
        let id = u32::from_be_bytes(*id);
        self.keys.iter().find(|key| key.id == id).ok_or(SealError)?.wrap.open(place, sealed)
    }

    /// Whether a sealed value is under the active key.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        let active = self.keys.get(self.active).map(|key| key.id.to_be_bytes());
        sealed.first_chunk::<4>() == active.as_ref()
    }

    /// Name of the log in checkpoints.
    pub fn signing_name(&self) -> &str {
        &self.file.signing.name
    }

    /// Seed of the Ed25519 key that signs checkpoints.
    pub fn signing_seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// Surrogates of people who were erased, kept here so that a restored backup does not bring anybody back.
    pub fn erased(&self) -> &[i64] {
        &self.file.erased
    }

    /// The ring with one more erased surrogate.
    pub fn with_erased(&self, person: i64) -> Result<Self, RingError> {
        let mut file = self.file.clone();
        if !file.erased.contains(&person) {
            file.erased.push(person);
        }
        Self::build(file)
    }

    /// The ring with more erased surrogates.
    pub fn with_all_erased(&self, people: &[i64]) -> Result<Self, RingError> {
        let known: BTreeSet<i64> = self.file.erased.iter().copied().collect();
        let mut file = self.file.clone();
        file.erased.extend(people.iter().copied().collect::<BTreeSet<_>>().difference(&known));
        Self::build(file)
    }

    /// The secrets in few bytes, without the list of erased people: to be split among people.
    pub(crate) fn to_compact(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(512));
        let mut encoder = Encoder::new(&mut *bytes);
        // Encoding into memory does not fail.
        let _ = (|| -> Result<(), minicbor::encode::Error<Infallible>> {
            encoder.array(3)?.str(&self.file.signing.name)?.bytes(self.seed.as_slice())?;
            encoder.array(self.file.key.len() as u64)?;
            for key in &self.file.key {
                let secret = decode(&key.secret).unwrap_or_default();
                encoder.array(4)?.u32(key.id)?.bool(key.column == Column::B)?.bool(key.state == State::Active)?;
                encoder.bytes(secret.as_slice())?;
            }
            Ok(())
        })();
        bytes
    }

    /// The ring of such bytes, with its list of erased people.
    pub(crate) fn from_compact(bytes: &[u8], erased: Vec<i64>) -> Result<Self, RingError> {
        let mut decoder = Decoder::new(bytes);
        let read = (|| -> Result<File, minicbor::decode::Error> {
            decoder.array()?;
            let name = decoder.str()?.to_owned();
            let seed = Zeroizing::new(BASE64.encode(decoder.bytes()?));
            let count = decoder.array()?.unwrap_or_default();
            let mut key = Vec::new();
            for _ in 0..count {
                decoder.array()?;
                let id = decoder.u32()?;
                let column = if decoder.bool()? { Column::B } else { Column::A };
                let state = if decoder.bool()? { State::Active } else { State::Reading };
                key.push(FileKey { id, column, state, secret: Zeroizing::new(BASE64.encode(decoder.bytes()?)) });
            }
            Ok(File { signing: FileSigning { name, seed }, key, erased })
        })();
        Self::build(read.map_err(|_| RingError::Form("it is not what was split"))?)
    }

    /// The keys: id, column, state.
    pub fn keys(&self) -> Vec<(u32, Column, State)> {
        self.file.key.iter().map(|key| (key.id, key.column, key.state)).collect()
    }

    /// The ring with a new key for reading, in the free column.
    pub fn with_new_key(&self, entropy: &dyn Entropy) -> Result<Self, RingError> {
        let mut file = self.file.clone();
        let [only] = file.key.as_slice() else {
            return Err(RingError::Step("there are two keys already: finish or retire the last rotation first"));
        };
        let column = if only.column == Column::A { Column::B } else { Column::A };
        let secret = Zeroizing::new(BASE64.encode(random::<32>(entropy)));
        file.key.push(FileKey { id: only.id + 1, column, state: State::Reading, secret });
        Self::build(file)
    }

    /// The ring with the newest key active. Only after every node has it for reading.
    pub fn promoted(&self) -> Result<Self, RingError> {
        let mut file = self.file.clone();
        let newest = file.key.iter().map(|key| key.id).max();
        if file.key.len() < 2 {
            return Err(RingError::Step("there is no new key to promote: add one first"));
        }
        for key in &mut file.key {
            key.state = if Some(key.id) == newest { State::Active } else { State::Reading };
        }
        Self::build(file)
    }

    /// The ring without the key that is not active. Only after a rotation has finished.
    pub fn retired(&self) -> Result<Self, RingError> {
        let mut file = self.file.clone();
        if file.key.len() < 2 {
            return Err(RingError::Step("there is no old key to retire"));
        }
        file.key.retain(|key| key.state == State::Active);
        Self::build(file)
    }

    /// The column of the active key.
    pub fn active_column(&self) -> Column {
        self.keys.get(self.active).map_or(Column::A, |key| key.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effects::SystemEntropy;

    fn number() -> NhsNumber {
        "9990000018".parse().unwrap()
    }

    #[test]
    fn a_ring_survives_its_file_and_a_rotation() {
        let entropy = SystemEntropy::seeded(1);
        let first = KeyRing::generate("test.example/log", &entropy).unwrap();
        let sealed = first.seal(&entropy, b"place", b"value");
        let read = KeyRing::parse(&first.to_text()).unwrap();
        assert_eq!(read.open(b"place", &sealed).unwrap().as_slice(), b"value");
        assert_eq!(read.find(number()), first.find(number()));
        assert_eq!(first.find(number()).b, None);

        let second = first.with_new_key(&entropy).unwrap();
        assert_eq!(second.find(number()).a, first.find(number()).a);
        assert!(second.find(number()).b.is_some() && second.is_current(&sealed));
        let third = second.promoted().unwrap();
        assert!(!third.is_current(&sealed));
        assert_eq!(third.open(b"place", &sealed).unwrap().as_slice(), b"value");
        let fourth = third.retired().unwrap();
        assert!(fourth.open(b"place", &sealed).is_err());
        assert_eq!(fourth.find(number()).a, None);
        assert_eq!(fourth.with_new_key(&entropy).unwrap().keys().len(), 2);
        assert!(first.retired().is_err() && first.promoted().is_err() && second.with_new_key(&entropy).is_err());
    }

    #[test]
    fn a_broken_file_is_named_without_its_secrets() {
        let ring = KeyRing::generate("test.example/log", &SystemEntropy::seeded(1)).unwrap();
        let text = ring.to_text();
        for (from, to) in [
            ("active", "reading"),
            ("secret = \"", "secret = \"!"),
            ("column = \"a\"", "column = \"c\""),
            ("seed", "sead"),
        ] {
            let broken = text.replace(from, to);
            let error = KeyRing::parse(&broken).err().map(|error| error.to_string()).unwrap();
            assert!(error.starts_with("the key ring cannot be read"), "{error}");
        }
        assert!(KeyRing::parse("").is_err());
        assert_eq!(ring.with_erased(5).unwrap().erased(), [5]);
    }
}

//! Refresh tokens: opaque to clients, known to the database by their hashes alone.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::id;

/// What every refresh token begins with.
const PREFIX: &str = "rt_";
/// The longest id of a family, in bytes.
const FAMILY_ID_MAX: usize = 32;

/// What makes a token's successor: random, and useless without the token.
pub type Salt = [u8; 32];
/// The hash of a token's secret.
pub type Hash = [u8; 32];
/// What makes the proofs of one family: random, and useless without a secret.
pub type ProofKey = [u8; 32];

const SECRET_BYTES: usize = 32;
const NUMBER_BYTES: usize = 4;
const PROOF_BYTES: usize = 16;

/// A refresh token, `rt_<family>.<secret, number, proof>`.
///
/// The secret of 256 bits is what a user is recognised by. The number says how many tokens of the family
/// were issued before: a database that was restored from a copy, or by a replica that lagged behind, has
/// forgotten the newest ones, which aren't spent. The proof, a code over both, shows that the token was
/// issued in its family under this number, however long ago: nobody has to remember those that are spent.
/// Tokens from before there were numbers or proofs have none.
#[derive(Clone, Eq, PartialEq)]
pub struct RefreshToken {
    family_id: String,
    secret: [u8; SECRET_BYTES],
    number: Option<u32>,
    proof: Option<[u8; PROOF_BYTES]>,
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshToken").finish_non_exhaustive()
    }
}

impl RefreshToken {
    /// Makes the first token of a new family.
    pub fn generate(proof_key: &ProofKey) -> Self {
        Self::with_proof(id::family_id(), id::random_bytes(), 0, proof_key)
    }

    /// Parses the text that a client sends.
    pub fn parse(text: &str) -> Option<Self> {
        let (family_id, secret) = text.strip_prefix(PREFIX)?.split_once('.')?;
        let is_plain = family_id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if family_id.is_empty() || family_id.len() > FAMILY_ID_MAX || !is_plain {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(secret).ok()?;
        let (secret, rest) = bytes.split_first_chunk::<SECRET_BYTES>()?;
        let (number, proof) = match rest.len() {
            0 => (None, None),
            PROOF_BYTES => (None, Some(rest.try_into().ok()?)),
            _ => {
                let (number, proof) = rest.split_first_chunk::<NUMBER_BYTES>()?;
                (Some(u32::from_be_bytes(*number)), Some(proof.try_into().ok()?))
            }
        };
        Some(Self { family_id: family_id.to_owned(), secret: *secret, number, proof })
    }

    /// Returns the text that a client gets.
    pub fn text(&self) -> String {
        let mut bytes = numbered(&self.secret, self.number);
        bytes.extend(self.proof.iter().flatten());
        format!("{PREFIX}{}.{}", self.family_id, URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Returns the id of its family.
    pub fn family_id(&self) -> &str {
        &self.family_id
    }

    /// Returns the hash by which the database knows it. The secret is random, so one round is enough.
    pub fn hash(&self) -> Hash {
        Sha256::digest(self.secret).into()
    }

    /// Whether the token was issued in the family with this key, under this number if it has one. The key
    /// of a family from before there were proofs is empty, and proves nothing.
    pub fn is_proven_by(&self, proof_key: &[u8]) -> bool {
        let expected = proof_of(&self.secret, self.number, proof_key);
        let (Some(proof), Some(expected)) = (&self.proof, expected) else { return false };
        verify_slices_are_equal(proof, &expected).is_ok()
    }

    /// Returns its number. Only that of a token that is proven means anything.
    pub fn number(&self) -> Option<u32> {
        self.number
    }

    /// Whether the token has a proof, right or wrong.
    pub fn has_proof(&self) -> bool {
        self.proof.is_some()
    }

    /// Returns the token that replaces it, under this number, in the family with this key.
    ///
    /// A token that was just replaced has to give the same successor again, on any node, though the
    /// database doesn't hold it. So the successor is computed: from this token, which only its holder
    /// has, and a salt, which only the database has. Neither a copy of the database nor an old token
    /// is enough. A secret that all families share would be one more thing to keep, and a
    /// copy of the database would give away every token. The signing key plays no part: it may change.
    #[must_use]
    pub fn successor(&self, salt: &Salt, number: u32, proof_key: &[u8]) -> Self {
        Self::with_proof(self.family_id.clone(), code_of(&self.secret, salt), number, proof_key)
    }

    fn with_proof(
        family_id: String,
        secret: [u8; SECRET_BYTES],
        number: u32,
        proof_key: &[u8],
    ) -> Self {
        let proof = proof_of(&secret, Some(number), proof_key);
        // Without a proof, the number is withheld.
        let number = proof.map(|_| number);
        Self { family_id, secret, number, proof }
    }
}

fn proof_of(
    secret: &[u8; SECRET_BYTES],
    number: Option<u32>,
    proof_key: &[u8],
) -> Option<[u8; PROOF_BYTES]> {
    if proof_key.is_empty() {
        return None;
    }
    code_of(proof_key, &numbered(secret, number)).first_chunk().copied()
}

/// Returns a secret and the number behind it. The lengths tell whether there is one.
fn numbered(secret: &[u8; SECRET_BYTES], number: Option<u32>) -> Vec<u8> {
    let mut bytes = secret.to_vec();
    bytes.extend(number.map(u32::to_be_bytes).iter().flatten());
    bytes
}

fn code_of(key: &[u8], message: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(HMAC_SHA256, key), message);
    let code: &[u8] = tag.as_ref();
    code.try_into().expect("a SHA-256 code has 32 bytes")
}

#[cfg(test)]
mod tests {
    use contracts::REFRESH_TOKEN_MAX;

    use super::*;

    const KEY: ProofKey = [7; 32];

    #[test]
    fn a_token_is_read_as_it_was_written_and_shown_nowhere_else() {
        let numbered = RefreshToken { number: Some(u32::MAX - 7), ..RefreshToken::generate(&KEY) };
        let without_number = RefreshToken { number: None, ..RefreshToken::generate(&KEY) };
        let without_proof = RefreshToken { proof: None, ..without_number.clone() };
        for token in [RefreshToken::generate(&KEY), numbered, without_number, without_proof] {
            assert_eq!(RefreshToken::parse(&token.text()), Some(token.clone()));
            assert!(!format!("{token:?}").contains(token.family_id()));
            let text = token.text();
            assert!(text.len() <= REFRESH_TOKEN_MAX);
            for broken in ["", "rt_", "rt_.", "rt_a.b", &text[3..], &text[..text.len() - 1]] {
                assert_eq!(RefreshToken::parse(broken), None, "{broken}");
            }
            assert_eq!(RefreshToken::parse(&format!("{text}AAAA")), None, "too long");
            let foreign = text.replacen(token.family_id(), "../etc", 1);
            assert_eq!(RefreshToken::parse(&foreign), None);
        }
    }

    #[test]
    fn a_successor_depends_on_the_token_and_on_the_salt() {
        let (token, salt) = (RefreshToken::generate(&KEY), id::random_bytes());
        let successor = token.successor(&salt, 1, &KEY);
        assert_eq!(successor, token.successor(&salt, 1, &KEY));
        assert_eq!(successor.family_id(), token.family_id());
        assert_ne!(successor.hash(), token.hash());
        assert_ne!(successor, token.successor(&id::random_bytes(), 1, &KEY));
        let other = RefreshToken::generate(&KEY).successor(&salt, 1, &KEY);
        assert_ne!(successor.secret, other.secret);
    }

    #[test]
    fn a_token_is_proven_in_its_own_family_alone_and_no_other_secret_or_number_takes_its_proof() {
        let token = RefreshToken::generate(&KEY);
        let successor = token.successor(&id::random_bytes(), 1, &KEY);
        for issued in [&token, &successor] {
            assert!(issued.is_proven_by(&KEY));
            assert!(!issued.is_proven_by(&[8; 32]));
            assert!(!issued.is_proven_by(&[]));
        }
        let invented = RefreshToken { secret: id::random_bytes(), ..token.clone() };
        assert!(!invented.is_proven_by(&KEY));
        for number in [None, Some(1), Some(u32::MAX)] {
            let renumbered = RefreshToken { number, ..token.clone() };
            assert!(!renumbered.is_proven_by(&KEY), "{number:?}");
        }
        let before = proof_of(&token.secret, None, &KEY);
        let without_number = RefreshToken { number: None, proof: before, ..token.clone() };
        assert!(without_number.is_proven_by(&KEY), "from before there were numbers");
        let numbered = RefreshToken { number: Some(7), ..without_number };
        assert!(!numbered.is_proven_by(&KEY));
        let without_proof = RefreshToken { proof: None, ..token };
        assert!(!without_proof.is_proven_by(&KEY) && !without_proof.is_proven_by(&[]));
    }
}

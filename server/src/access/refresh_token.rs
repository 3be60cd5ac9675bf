//! Refresh tokens: opaque to clients, known to the database by their hashes alone.

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
/// The hash of a token.
pub type Hash = [u8; 32];

/// A refresh token, `rt_<family>.<256 bits>`.
#[derive(Clone, Eq, PartialEq)]
pub struct RefreshToken {
    family_id: String,
    secret: [u8; 32],
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshToken").finish_non_exhaustive()
    }
}

impl RefreshToken {
    /// Makes the first token of a new family.
    pub fn generate() -> Self {
        Self { family_id: id::family_id(), secret: id::random_bytes() }
    }

    /// Parses the text that a client sends.
    pub fn parse(text: &str) -> Option<Self> {
        let (family_id, secret) = text.strip_prefix(PREFIX)?.split_once('.')?;
        let is_plain = family_id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if family_id.is_empty() || family_id.len() > FAMILY_ID_MAX || !is_plain {
            return None;
        }
        let secret = URL_SAFE_NO_PAD.decode(secret).ok()?.try_into().ok()?;
        Some(Self { family_id: family_id.to_owned(), secret })
    }

    /// Returns the text that a client gets.
    pub fn text(&self) -> String {
        format!("{PREFIX}{}.{}", self.family_id, URL_SAFE_NO_PAD.encode(self.secret))
    }

    /// Returns the id of its family.
    pub fn family_id(&self) -> &str {
        &self.family_id
    }

    /// Returns the hash by which the database knows it. The secret is random, so one round is enough.
    pub fn hash(&self) -> Hash {
        Sha256::digest(self.secret).into()
    }

    /// Returns the token that replaces it.
    ///
    /// A token that was just replaced has to give the same successor again, on any node, though the
    /// database doesn't hold it. So the successor is computed: from this token, which only its holder
    /// has, and a salt, which only the database has. Neither a copy of the database nor an old token
    /// is enough. A secret that all families share would be one more thing to keep, and a
    /// copy of the database would give away every token. The signing key plays no part: it may change.
    #[must_use]
    pub fn successor(&self, salt: &Salt) -> Self {
        let tag = hmac::sign(&hmac::Key::new(HMAC_SHA256, &self.secret), salt);
        let code: &[u8] = tag.as_ref();
        let secret = code.try_into().expect("a SHA-256 code has 32 bytes");
        Self { family_id: self.family_id.clone(), secret }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_written_and_shown_nowhere_else() {
        let token = RefreshToken::generate();
        assert_eq!(RefreshToken::parse(&token.text()), Some(token.clone()));
        assert!(!format!("{token:?}").contains(token.family_id()));
        let text = token.text();
        for broken in ["", "rt_", "rt_.", "rt_a.b", &text[3..], &text[..text.len() - 1]] {
            assert_eq!(RefreshToken::parse(broken), None, "{broken}");
        }
        let foreign = text.replacen(token.family_id(), "../etc", 1);
        assert_eq!(RefreshToken::parse(&foreign), None);
    }

    #[test]
    fn a_successor_depends_on_the_token_and_on_the_salt() {
        let (token, salt) = (RefreshToken::generate(), id::random_bytes());
        let successor = token.successor(&salt);
        assert_eq!(successor, token.successor(&salt));
        assert_eq!(successor.family_id(), token.family_id());
        assert_ne!(successor.hash(), token.hash());
        assert_ne!(successor, token.successor(&id::random_bytes()));
        assert_ne!(successor.secret, RefreshToken::generate().successor(&salt).secret);
    }
}

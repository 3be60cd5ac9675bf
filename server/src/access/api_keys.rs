//! The API keys of products that this server is embedded in. A product's backend issues access tokens to its own users by
//! its key.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use contracts::ErrorCode;
use sha2::{Digest, Sha256};

use crate::refusal::Refusal;

/// The API keys.
#[derive(Clone, Default)]
pub struct ApiKeys(Vec<(String, [u8; 32])>);

/// A product, known by its API key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Product {
    key_id: String,
}

impl ApiKeys {
    /// Keeps the hashes of keys, each an id and a secret.
    pub fn new<'a>(keys: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self(keys.map(|(id, secret)| (id.to_owned(), hash(secret))).collect())
    }

    /// Returns the product of a key, or refuses one that isn't known. An id may have several secrets, while one is being
    /// replaced. How long this takes says nothing of a secret, and secrets this long can't be guessed.
    pub fn find(&self, key_id: &str, secret: &str) -> Result<Product, Refusal> {
        let given = hash(secret);
        let mut known = self.0.iter().filter(|(id, _)| id == key_id);
        if known.any(|(_, known)| verify_slices_are_equal(known, &given).is_ok()) {
            return Ok(Product { key_id: key_id.to_owned() });
        }
        let detail = "the id or the secret isn't that of an API key of this server";
        Err(Refusal::new(ErrorCode::ApiKeyInvalid, detail))
    }
}

impl Product {
    /// The id of the product's API key.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Returns this server's id of one of the product's users. Guests' ids have no colon.
    pub fn user_id(&self, own: &str) -> String {
        user_id_of(&self.key_id, own)
    }
}

/// Returns this server's id of a user of a product.
pub(super) fn user_id_of(product_id: &str, own: &str) -> String {
    format!("{product_id}:{own}")
}

impl std::fmt::Debug for ApiKeys {
    /// Omits the hashes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(id, _)| id)).finish()
    }
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

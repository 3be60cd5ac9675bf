//! The public key of a product whose backend signs access tokens itself.

use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, ParsedPublicKey};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// The length of the longest id of a product, and of a key.
const ID_MAX: usize = 32;
/// What stands before the 32 bytes of an Ed25519 key in its DER form (RFC 8410).
const DER_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A public Ed25519 key of a product, written `product:key:base64 of its DER form`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProductKey {
    /// The id of the product, as that of an API key.
    pub product_id: String,
    /// What tokens name in their header: the id of the product, a colon, and that of the key.
    pub key_id: String,
    /// The key itself.
    pub public: [u8; 32],
}

impl FromStr for ProductKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "write each key as product:key:public, with ids of at most 32 small letters, digits and hyphens";
        let (key_id, public) = text.rsplit_once(':').ok_or(form)?;
        let (product_id, key) = key_id.split_once(':').ok_or(form)?;
        if !is_id(product_id) || !is_id(key) {
            return Err(form.to_owned());
        }
        let der = BASE64_STANDARD.decode(public).ok();
        let public = der.as_deref().and_then(|der| der.strip_prefix(&DER_PREFIX)?.try_into().ok());
        let usable =
            public.filter(|public: &[u8; 32]| ParsedPublicKey::new(&ED25519, public).is_ok());
        let public = usable.ok_or(
            "not a public Ed25519 key; `openssl pkey -in key.pem -pubout -outform DER | base64` writes one",
        )?;
        let (product_id, key_id) = (product_id.to_owned(), key_id.to_owned());
        Ok(Self { product_id, key_id, public })
    }
}

/// Whether a text can be the id of a product or one of its keys.
pub fn is_id(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=ID_MAX).contains(&text.len()) && text.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DER: &str = "MCowBQYDK2VwAyEAHqbIg77F0so/ELlVzxYM+0lyyRQGBxxOW5ekw5CpRiw=";

    #[test]
    fn a_key_is_read_as_openssl_writes_it_and_nothing_else_is_taken_for_one() {
        let key: ProductKey = format!("shop:k1:{DER}").parse().unwrap();
        assert_eq!((&*key.product_id, &*key.key_id), ("shop", "shop:k1"));
        assert_eq!(key.public[..2], [0x1e, 0xa6]);
        for (text, problem) in [
            (DER.to_owned(), "product:key:public"),
            (format!("shop:{DER}"), "product:key:public"),
            (format!("Shop:k1:{DER}"), "product:key:public"),
            (format!("shop:k/1:{DER}"), "product:key:public"),
            (format!("shop:k1:{}", &DER[..40]), "not a public Ed25519 key"),
            (
                "shop:k1:HqbIg77F0so/ELlVzxYM+0lyyRQGBxxOW5ekw5CpRiw=".to_owned(),
                "not a public Ed25519 key",
            ),
        ] {
            let error = text.parse::<ProductKey>().unwrap_err();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }
}

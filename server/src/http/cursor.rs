//! Pages by keyset cursor: the page token says which item the page before ended with, so a list that
//! changes meanwhile neither repeats nor skips an item.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use contracts::{ErrorCode, PAGE_SIZE_MAX, PAGE_TOKEN_MAX};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::refusal::Refusal;

/// The size of a page unless the query says otherwise.
const SIZE: u32 = 50;

/// The query of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// The most items to return, at least 1. Over 200 counts as 200.
    #[param(minimum = 1, maximum = 4_294_967_295_u32)]
    page_size: Option<u32>,
    /// The `next_page_token` of the page before.
    #[param(min_length = 1, max_length = 1024, pattern = "^[A-Za-z0-9_-]+$")]
    page_token: Option<String>,
}

/// Which page is asked for.
#[derive(Debug)]
pub(crate) struct Window<C> {
    /// Where the page before ended; `None` asks for the first.
    pub after: Option<C>,
    /// How many items to return at most.
    pub take: usize,
}

impl PageQuery {
    /// Checks the query. A size over the maximum is cut to it.
    pub fn window<C: DeserializeOwned>(&self) -> Result<Window<C>, Refusal> {
        let size = self.page_size.unwrap_or(SIZE);
        if size == 0 {
            let detail = "`page_size` must be at least 1";
            return Err(Refusal::new(ErrorCode::InvalidRequest, detail));
        }
        let after = self.page_token.as_deref().map(decode).transpose()?;
        Ok(Window { after, take: size.min(PAGE_SIZE_MAX) as usize })
    }
}

/// Encodes where a page ended as an opaque page token.
pub(crate) fn page_token(cursor: &impl Serialize) -> String {
    let json = serde_json::to_vec(cursor).expect("a cursor always serializes");
    BASE64_URL_SAFE_NO_PAD.encode(json)
}

fn decode<C: DeserializeOwned>(token: &str) -> Result<C, Refusal> {
    let short = (token.len() <= PAGE_TOKEN_MAX).then_some(token);
    let json = short.and_then(|token| BASE64_URL_SAFE_NO_PAD.decode(token).ok());
    let cursor = json.and_then(|json| serde_json::from_slice(&json).ok());
    cursor.ok_or_else(|| {
        let detail = "take `page_token` from the page before";
        Refusal::new(ErrorCode::PageTokenInvalid, detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id;
    use crate::rooms::{PublicRoomCursor, SORTED_BYTES_MAX};

    #[test]
    fn the_longest_page_token_is_read_and_a_longer_one_refused() {
        let token = |bytes| {
            // Written as JSON, each is two characters.
            let name = "\"".repeat(bytes);
            page_token(&PublicRoomCursor::Name(name, id::room_id().to_string()))
        };
        let longest = token(SORTED_BYTES_MAX);
        assert!(longest.len() <= PAGE_TOKEN_MAX, "{}", longest.len());
        decode::<PublicRoomCursor>(&longest).expect("it is read");
        let refusal = decode::<PublicRoomCursor>(&token(2 * SORTED_BYTES_MAX)).unwrap_err();
        assert_eq!(refusal.code(), ErrorCode::PageTokenInvalid);
    }
}

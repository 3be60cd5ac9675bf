//! Pages: a size and a token that says where the next page begins.

use contracts::ErrorCode;
use serde::Deserialize;

use crate::refusal::Refusal;

const SIZE: usize = 50;
const SIZE_MAX: usize = 200;

/// Asks for a page. A size over the most is cut.
#[derive(Debug, Deserialize)]
pub(crate) struct PageQuery {
    page_size: Option<u32>,
    page_token: Option<String>,
}

impl PageQuery {
    /// How many to skip and how many to give.
    pub fn window(&self) -> Result<(usize, usize), Refusal> {
        let size = self.page_size.map_or(SIZE, |size| usize::try_from(size).unwrap_or(SIZE_MAX));
        if size == 0 {
            return Err(Refusal::new(ErrorCode::InvalidRequest, "`page_size` must be at least 1"));
        }
        let skip = match &self.page_token {
            None => 0,
            Some(token) => {
                let skip = token.strip_prefix('o').and_then(|text| text.parse::<u32>().ok());
                let skip = skip.and_then(|skip| usize::try_from(skip).ok());
                skip.ok_or_else(|| {
                    Refusal::new(
                        ErrorCode::PageTokenInvalid,
                        "take `page_token` from the page before",
                    )
                })?
            }
        };
        Ok((skip, size.min(SIZE_MAX)))
    }

    /// The token of the page after, if there is more.
    pub fn next(skip: usize, given: usize, total: usize) -> Option<String> {
        let end = skip.saturating_add(given);
        (given > 0 && end < total).then(|| format!("o{end}"))
    }
}

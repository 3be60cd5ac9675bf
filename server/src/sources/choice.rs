//! What somebody asks to watch, before it is resolved.

use contracts::{ErrorCode, SetMedia, SourceRef};

use crate::refusal::Refusal;

/// What to watch: either a link or a source.
#[derive(Clone, Debug, PartialEq)]
pub enum MediaChoice {
    /// A link that somebody pasted.
    Link(String),
    /// A source that was resolved before.
    Source(SourceRef),
}

impl MediaChoice {
    /// Takes the choice from a `set_media` frame, which must hold exactly one.
    pub fn from_wire(data: SetMedia) -> Result<Self, Refusal> {
        match (data.link, data.source) {
            (Some(link), None) => Ok(Self::Link(link)),
            (None, Some(source)) => Ok(Self::Source(source)),
            _ => {
                let detail = "give either `link` or `source`";
                Err(Refusal::new(ErrorCode::InvalidRequest, detail))
            }
        }
    }
}

//! The participant that a path names.

use serde::Deserialize;
use utoipa::IntoParams;

/// The participant that a path names.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ParticipantParameter {
    /// The participant's id.
    #[param(max_length = 18, pattern = "^p_[0-9A-HJKMNP-TV-Z]{16}$")]
    pub participant_id: String,
}

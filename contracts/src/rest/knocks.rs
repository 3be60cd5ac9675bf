//! Bodies of `/rooms/{room_id}/knocks`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The answer to somebody who asks to join.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct KnockAnswer {
    /// Whether they are let in. Somebody who isn't may ask again after ten minutes.
    pub admitted: bool,
}

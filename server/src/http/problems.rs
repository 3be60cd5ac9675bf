//! The refusals of every operation, as the OpenAPI document shows them.

use contracts::Problem;
use utoipa::IntoResponses;

/// Every refusal has one shape.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents responses that `Refusal` makes")]
pub(crate) enum Problems {
    #[response(
        status = "4XX",
        description = "Refused; `code` says why",
        content_type = "application/problem+json"
    )]
    Refused(Problem),
    #[response(
        status = "5XX",
        description = "Failed; `retry` and `outcome` say what to do",
        content_type = "application/problem+json"
    )]
    Failed(Problem),
}

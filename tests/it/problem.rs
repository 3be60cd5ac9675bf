//! Checks refused HTTP requests: each is a problem+json with a registered code and a request id.

use contracts::{ErrorCode, Problem};
use harness::Response;

/// Asserts that `response` is the complete problem of this code; `asked` names the request.
pub fn check(response: &Response, code: &str, asked: &str) {
    let problem: Problem = serde_json::from_str(&response.text)
        .unwrap_or_else(|error| panic!("{asked}: {error}: {} {}", response.status, response.text));
    let registered = ErrorCode::find(&problem.code)
        .unwrap_or_else(|| panic!("{asked}: {} isn't registered", problem.code));
    assert_eq!(problem.code, code, "{asked}: {}", response.text);
    assert_eq!(response.header("content-type"), "application/problem+json", "{asked}");
    assert_eq!(
        (response.status, problem.status),
        (registered.status(), registered.status()),
        "{asked}"
    );
    assert_eq!(problem.type_, format!("urn:playhead:problem:{code}"), "{asked}");
    assert_eq!(problem.title, registered.title(), "{asked}");
    assert_eq!(
        (problem.retry, problem.outcome),
        (registered.retry(), registered.outcome()),
        "{asked}"
    );
    assert!(!problem.detail.is_empty(), "{asked}: says what happened");
    assert!(!problem.request_id.is_empty(), "{asked}: {}", response.text);
    assert_eq!(problem.request_id, response.header("x-request-id"), "{asked}");
}

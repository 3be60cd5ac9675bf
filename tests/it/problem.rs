//! Refused HTTP requests: each is problem+json with a registered code that finds it in the log.

use contracts::{ErrorCode, Problem};
use harness::Reply;

/// Checks that `reply` is the problem of this code, whole; `asked` says of what.
pub fn check(reply: &Reply, code: &str, asked: &str) {
    let problem: Problem = serde_json::from_str(&reply.text)
        .unwrap_or_else(|error| panic!("{asked}: {error}: {} {}", reply.status, reply.text));
    let registered = ErrorCode::find(&problem.code)
        .unwrap_or_else(|| panic!("{asked}: {} isn't registered", problem.code));
    assert_eq!(problem.code, code, "{asked}: {}", reply.text);
    assert_eq!(reply.header("content-type"), "application/problem+json", "{asked}");
    assert_eq!(
        (reply.status, problem.status),
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
    assert!(!problem.request_id.is_empty(), "{asked}: {}", reply.text);
    assert_eq!(problem.request_id, reply.header("x-request-id"), "{asked}");
}

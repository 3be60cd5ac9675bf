//! Settings that can't work.

use crate::party::options;

#[tokio::test]
async fn a_setting_that_cannot_work_ends_the_start_with_the_reason() {
    for (name, value, reason) in [
        ("PLAYHEAD_TRUSTED_PROXIES", "localhost", "neither an address nor a network"),
        ("PLAYHEAD_TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/33", "`10.0.0.0/33`"),
        ("PLAYHEAD_EGRESS_ALLOW", "10.0.0", "neither an address nor a network"),
        ("PLAYHEAD_PUBLIC_URL", "ftp://party.example", "https://host"),
        ("PLAYHEAD_PUBLIC_URL", "https://party.example/api", "/api"),
        ("PLAYHEAD_PUBLIC_URL", "https://party.example/watch?a=b", "query"),
        ("PLAYHEAD_ALLOWED_ORIGINS", "*", "name each origin"),
        ("PLAYHEAD_ALLOWED_ORIGINS", "https://tv.example/", "scheme://host"),
    ] {
        let ended = options().env(name, value).start().await;
        let words = ended.expect_err("it doesn't start").to_string();
        assert!(words.contains(reason), "{name}={value}: {words}");
        assert!(!words.contains("panicked"), "{name}={value}: {words}");
    }
}

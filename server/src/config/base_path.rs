//! The path below which a proxy serves this server.

/// The first segments of this server's own paths: below a base path that begins with one of them, a proxy that
/// strips it couldn't be told from one that doesn't.
const OWN_SEGMENTS: [&str; 4] = ["api", "assets", "r", "sample"];
/// The longest base path, in bytes.
const BYTES_MAX: usize = 256;

/// Checks a base path and writes it without a slash at its end: empty, or like `/watch`. The error says what is
/// wrong with it.
pub fn base_path(text: &str) -> Result<String, String> {
    let path = text.trim_end_matches('/');
    if path.is_empty() {
        return Ok(String::new());
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    let segments = path.strip_prefix('/').map(|path| path.split('/'));
    let is_usable = segments.is_some_and(|mut segments| {
        segments.all(|one| !matches!(one, "" | "." | "..") && one.chars().all(is_plain))
    });
    if !is_usable || path.len() > BYTES_MAX {
        return Err("write its path like /watch, of letters, digits and - . _ ~".to_owned());
    }
    let first = path.split('/').nth(1).unwrap_or_default();
    if OWN_SEGMENTS.contains(&first) {
        return Err(format!("its path can't begin with /{first}, which is a path of the server"));
    }
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_is_plain_segments_that_are_not_the_servers_own() {
        for (text, path) in [
            ("", ""),
            ("/", ""),
            ("/watch", "/watch"),
            ("/watch/", "/watch"),
            ("/a/b-c/d_e.f~g//", "/a/b-c/d_e.f~g"),
            ("/rooms", "/rooms"),
        ] {
            assert_eq!(base_path(text), Ok(path.to_owned()), "{text}");
        }
        let long = format!("/{}", "a".repeat(BYTES_MAX));
        for text in [
            "watch",
            "//watch",
            "/a//b",
            "/a/../b",
            "/./a",
            "/a%20b",
            "/a b",
            "/a\"b",
            "/a?b",
            "/ü",
            "/api",
            "/api/watch",
            "/r",
            "/assets",
            "/sample/",
            &long,
        ] {
            assert!(base_path(text).is_err(), "{text}");
        }
    }
}

//! The filter of the log, `PLAYHEAD_LOG`. A word that is neither a level nor a part of this server is a valid
//! filter too: for a part of that name. So a misspelt one would silence the log without a word.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

/// What the filter is if it is empty.
const DEFAULT: &str = "info";
/// The parts of this server that log, and libraries that do. Targets begin with one of these.
const PARTS: [&str; 2] = ["server", "providers"];
const LIBRARIES: [&str; 16] = [
    "axum",
    "fred",
    "h2",
    "hyper",
    "hyper_util",
    "mio",
    "quinn",
    "redis_protocol",
    "reqwest",
    "rustls",
    "sqlx",
    "tokio_tungstenite",
    "tower",
    "tower_http",
    "tracing",
    "tungstenite",
];
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// One part of a filter: `level`, `target`, or `target=level`, perhaps of a span.
struct Directive<'a> {
    target: Option<&'a str>,
    level: LevelFilter,
}

impl<'a> Directive<'a> {
    fn of(text: &'a str) -> Self {
        let name = text.split(['=', '[']).next().unwrap_or_default();
        let level = match text.rsplit_once('=') {
            // The value of a field.
            Some((_, level)) if level.ends_with(']') => None,
            Some((_, level)) => level.parse().ok(),
            None => text.parse().ok(),
        };
        let is_bare_level = !text.contains(['=', '[']) && level.is_some();
        let target = Some(name).filter(|name| !name.is_empty() && !is_bare_level);
        // As the filter reads it.
        Self { target, level: level.unwrap_or(LevelFilter::TRACE) }
    }

    /// Whether it lets any record of this server through.
    fn logs_own(&self) -> bool {
        let is_own = self.target.is_none_or(|target| names_one_of(&PARTS, target));
        is_own && self.level != LevelFilter::OFF
    }

    fn is_known(&self) -> bool {
        self.target
            .is_none_or(|target| names_one_of(&PARTS, target) || names_one_of(&LIBRARIES, target))
    }

    /// Whether it asks for records that are left out, whatever the filter says.
    fn asks_for_secrets(&self) -> bool {
        let is_own = self.target.is_none_or(|target| names_one_of(&PARTS, target));
        !is_own && self.is_known() && self.level > LevelFilter::INFO
    }
}

/// Reads a filter. The error names the setting.
pub(super) fn parse(text: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(plain(text)).map_err(|error| {
        format!("PLAYHEAD_LOG: {error}; write it like `info` or `info,server=debug`")
    })
}

/// Refuses a filter by which this server would log nothing, unless it says `off`. Returns a sentence for each
/// part of it that has no effect.
pub(super) fn check(text: &str) -> Result<Vec<String>, String> {
    parse(text)?;
    let text = plain(text);
    let directives = text.split(',').filter(|one| !one.is_empty()).map(Directive::of);
    let directives: Vec<Directive> = directives.collect();
    let unknown = directives.iter().filter(|one| !one.is_known()).filter_map(|one| one.target);
    let unknown: Vec<&str> = unknown.collect();
    let is_off = directives.iter().any(|one| one.target.is_none() && one.level == LevelFilter::OFF);
    let logs = directives.iter().any(Directive::logs_own);
    if !logs && !is_off {
        let reason = match unknown.first() {
            Some(word) => {
                format!("`{word}` is neither a level nor a part of this server{}", hint(word))
            }
            None => "add a level, as in `info,sqlx=warn`, or write `off`".to_owned(),
        };
        return Err(format!(
            "PLAYHEAD_LOG: nothing of this server would be logged, not even errors: {reason}"
        ));
    }
    let mut warnings = Vec::new();
    if !logs {
        warnings.push("PLAYHEAD_LOG: nothing of this server is logged, not even errors".to_owned());
    }
    for word in unknown {
        warnings.push(format!(
            "PLAYHEAD_LOG: `{word}` is neither a level nor a part of this server, and is ignored{}",
            hint(word)
        ));
    }
    for library in directives.iter().filter(|one| one.asks_for_secrets()) {
        let name = library.target.unwrap_or_default();
        warnings.push(format!(
            "PLAYHEAD_LOG: what `{name}` logs below `info` is left out, since it may hold secrets"
        ));
    }
    Ok(warnings)
}

/// Returns a filter with the default in place of nothing, and the part that logs in place of the program.
fn plain(text: &str) -> String {
    let text = text.trim();
    let text = if text.is_empty() { DEFAULT } else { text };
    if matches!(text, "warn" | "info") {
        // fred warns of every connection that ends because Redis couldn't be opened; the server says what it waits for.
        return format!("{text},fred=error");
    }
    text.replace("playhead_server", "server")
}

/// Whether a target selects records of one of these. The beginning of a name selects them too.
fn names_one_of(names: &[&str], target: &str) -> bool {
    names.iter().any(|name| {
        let rest = target.strip_prefix(name);
        name.starts_with(target) || rest.is_some_and(|rest| rest.starts_with("::"))
    })
}

fn hint(word: &str) -> String {
    let known = LEVELS.iter().chain(&PARTS).chain(&LIBRARIES);
    let distance = |known: &&&str| strsim::damerau_levenshtein(known, word);
    let nearest = known.min_by_key(distance);
    // Further apart, they have nothing to do with each other.
    let nearest = nearest.filter(|nearest| 2 * distance(nearest) <= nearest.len());
    nearest.map(|nearest| format!("; did you mean `{nearest}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_by_which_nothing_would_be_logged_is_refused_and_one_that_is_partly_void_warned_of()
    {
        for (text, refused, warned) in [
            ("info", "", ""),
            ("", "", ""),
            ("INFO", "", ""),
            ("off,server=debug", "", ""),
            ("info,sqlx=off", "", ""),
            ("info,server::ws=trace", "", ""),
            ("playhead_server=debug", "", ""),
            ("warn,[room.handle{room.id=r_a}]=debug", "", ""),
            ("server[room.handle]", "", ""),
            ("off", "", "not even errors"),
            ("server=off,off", "", "not even errors"),
            ("inof", "did you mean `info`?", ""),
            ("debgu", "did you mean `debug`?", ""),
            ("nothing_like_it", "neither a level nor a part", ""),
            ("sevrer=debug", "did you mean `server`?", ""),
            ("sqlx=warn", "add a level", ""),
            ("server=off", "add a level", ""),
            ("info,sevrer=debug", "", "did you mean `server`?"),
            ("info,servers=debug", "", "did you mean `server`?"),
            ("info,hyper=debug", "", "may hold secrets"),
            ("info,a=b=c", "write it like", ""),
            ("server=loud", "write it like", ""),
        ] {
            match check(text) {
                Err(words) => {
                    let is_meant = !refused.is_empty() && words.contains(refused);
                    assert!(is_meant && words.starts_with("PLAYHEAD_LOG"), "{text}: {words}");
                }
                Ok(warnings) => {
                    assert_eq!(refused, "", "{text}: {warnings:?}");
                    let expected = usize::from(!warned.is_empty());
                    assert_eq!(warnings.len(), expected, "{text}: {warnings:?}");
                    assert!(warnings.iter().all(|words| words.contains(warned)), "{warnings:?}");
                }
            }
        }
    }
}

//! Finds settings that nobody reads because their names are misspelt.

use clap::CommandFactory;

use super::Config;

/// What the name of every setting begins with.
const PREFIX: &str = "PLAYHEAD_";
/// Variables of the tests and benchmarks of this project, which servers inherit.
const OF_TESTS: [&str; 7] = [
    "PLAYHEAD_CHROMIUM",
    "PLAYHEAD_FUZZ_SEED",
    "PLAYHEAD_LINKS_NAMESPACES",
    "PLAYHEAD_LINKS_SOCKET",
    "PLAYHEAD_SERVER_BIN",
    "PLAYHEAD_TEST_REDIS_URL",
    "PLAYHEAD_TEST_RUN",
];

/// Returns a sentence for each `PLAYHEAD_…` variable that isn't a setting. No value is shown: it may be a
/// secret.
pub fn unknown_settings(names: impl Iterator<Item = String>) -> Vec<String> {
    let command = Config::command();
    let settings = command.get_arguments().filter_map(|argument| argument.get_env()?.to_str());
    let settings: Vec<&str> = settings.collect();
    let is_unknown = |name: &String| {
        let known = settings.iter().chain(&OF_TESTS);
        name.starts_with(PREFIX) && !known.into_iter().any(|known| known == name)
    };
    let mut unknown: Vec<String> = names.filter(is_unknown).collect();
    unknown.sort();
    unknown.iter().map(|name| sentence(name, &settings)).collect()
}

fn sentence(name: &str, settings: &[&str]) -> String {
    let rest = |name: &str| name.trim_start_matches(PREFIX).to_owned();
    let distance = |known: &&str| strsim::damerau_levenshtein(&rest(known), &rest(name));
    let nearest = settings.iter().copied().min_by_key(distance);
    // Further apart, they have nothing to do with each other.
    let nearest = nearest.filter(|nearest| 3 * distance(nearest) <= rest(nearest).len());
    let hint = nearest.map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default();
    format!("{name} is no setting of this server, and is ignored{hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_setting_is_named_with_the_one_that_was_meant() {
        for (name, meant) in [
            ("PLAYHEAD_LISTN", "PLAYHEAD_LISTEN"),
            ("PLAYHEAD_ALLOWED_ORIGIN", "PLAYHEAD_ALLOWED_ORIGINS"),
            ("PLAYHEAD_TRUSTED_PROXY", "PLAYHEAD_TRUSTED_PROXIES"),
            ("PLAYHEAD_LIMIT_CONNECTION", "PLAYHEAD_LIMIT_CONNECTIONS"),
            ("PLAYHEAD_DATABSE_URL", "PLAYHEAD_DATABASE_URL"),
            ("PLAYHEAD_SOMETHING_ELSE", ""),
        ] {
            let found = unknown_settings([name.to_owned()].into_iter());
            let [sentence] = &found[..] else { panic!("{name}: {found:?}") };
            assert!(sentence.starts_with(name), "{sentence}");
            assert_eq!(
                sentence.split("mean ").nth(1),
                Some(meant)
                    .filter(|meant| !meant.is_empty())
                    .map(|meant| format!("{meant}?"))
                    .as_deref()
            );
        }
        let known = ["PLAYHEAD_LISTEN", "PLAYHEAD_LIMIT_ROOMS", "PLAYHEAD_SERVER_BIN", "PATH", ""];
        assert_eq!(unknown_settings(known.map(str::to_owned).into_iter()), Vec::<String>::new());
    }
}

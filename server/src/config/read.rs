//! Reads the settings from flags and environment, and names the variable whose value can't be read.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, Parser};

use super::Config;

impl Config {
    /// Reads the flags and the environment. The error is a sentence for the operator that names a variable. A
    /// flag that can't be read ends the process, as with any command, and so do `--help` and `--version`.
    pub fn read() -> Result<Self, String> {
        Self::try_parse().or_else(|error| {
            let sentence = explain(&error, std::env::args().skip(1));
            sentence.map_or_else(|| error.exit(), Err)
        })
    }
}

/// Returns a sentence about the variable that caused an error; `None` if none did, but one of `arguments`.
fn explain(error: &clap::Error, mut arguments: impl Iterator<Item = String>) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let flag = text(ContextKind::InvalidArg)?.split([' ', '=']).next()?;
    if arguments.any(|argument| argument.split('=').next() == Some(flag)) {
        return None;
    }
    let command = Config::command();
    let is_meant = |argument: &&clap::Arg| argument.get_long() == flag.strip_prefix("--");
    let argument = command.get_arguments().find(is_meant)?;
    let name = argument.get_env()?.to_str()?;
    let value = text(ContextKind::InvalidValue).unwrap_or_default();
    if value.is_empty() {
        return Some(format!("{name} is empty: give it a value, or don't set it"));
    }
    let reason = match (error.source(), error.get(ContextKind::ValidValue)) {
        (Some(source), _) => source.to_string(),
        (None, Some(ContextValue::Strings(possible))) => format!("write {}", possible.join(" or ")),
        (None, _) => "it can't be read".to_owned(),
    };
    // It may hold a password.
    let shown = if argument.is_hide_env_values_set() { "" } else { value };
    Some(format!("{name} {shown}").trim_end().to_owned() + ": " + &reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_cannot_be_read_is_explained_by_the_name_of_its_variable() {
        for (flag, value, sentence) in [
            ("--store", "disk", "PLAYHEAD_STORE disk: write memory or redis"),
            ("--listen", "", "PLAYHEAD_LISTEN is empty: give it a value, or don't set it"),
            ("--listen", "8080", "PLAYHEAD_LISTEN 8080: invalid socket address syntax"),
            ("--limit-rooms", "many", "PLAYHEAD_LIMIT_ROOMS many: invalid digit found in string"),
            ("--host-lease-ms", "1", "PLAYHEAD_HOST_LEASE_MS 1: 1 is not in "),
        ] {
            let error = Config::try_parse_from(["playhead-server", flag, value]).unwrap_err();
            let explained = explain(&error, std::iter::empty()).unwrap();
            assert!(explained.starts_with(sentence), "{explained}");
            // The flag is what the operator wrote.
            for arguments in [vec![flag.to_owned()], vec![format!("{flag}={value}")]] {
                assert_eq!(explain(&error, arguments.into_iter()), None, "{flag}");
            }
        }
        let error = Config::try_parse_from(["playhead-server", "--nonsense"]).unwrap_err();
        assert_eq!(explain(&error, std::iter::empty()), None);
    }
}

//! Settings that can't work: `serve` and `check-config` refuse the same ones, in the same words.

use std::process::Stdio;

use crate::party::options;

#[tokio::test]
async fn a_setting_that_cannot_work_is_refused_with_the_reason_by_serve_and_by_check_config() {
    let base = tempfile::tempdir().unwrap();
    let file = base.path().join("nonsense.pem");
    std::fs::write(&file, "nonsense").unwrap();
    let file = file.to_str().unwrap();
    let inside = format!("{file}/data");
    let nonsense = format!("sqlite://{file}");
    let folder = format!("sqlite://{}", base.path().display());
    for (name, value, reason) in [
        ("PLAYHEAD_TRUSTED_PROXIES", "localhost", "neither an address nor a network"),
        ("PLAYHEAD_TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/33", "`10.0.0.0/33`"),
        ("PLAYHEAD_EGRESS_ALLOW", "10.0.0", "neither an address nor a network"),
        ("PLAYHEAD_PUBLIC_URL", "ftp://party.example", "https://host"),
        ("PLAYHEAD_PUBLIC_URL", "https://*.party.example", "one host"),
        ("PLAYHEAD_PUBLIC_URL", "https://party.example:0", "one host"),
        ("PLAYHEAD_PUBLIC_URL", "http://0.0.0.0:8080", "one host that people can reach"),
        ("PLAYHEAD_PUBLIC_URL", "https://party.example/api", "/api"),
        ("PLAYHEAD_PUBLIC_URL", "https://party.example/watch?a=b", "query"),
        ("PLAYHEAD_ALLOWED_ORIGINS", "*", "name each origin"),
        ("PLAYHEAD_ALLOWED_ORIGINS", "https://tv.example/", "scheme://host"),
        ("PLAYHEAD_ALLOWED_ORIGINS", "https://*.tv.example", "scheme://host"),
        ("PLAYHEAD_LOG", "info,playhead_server=loud", "level"),
        ("PLAYHEAD_LOG", "inof", "did you mean `info`?"),
        ("PLAYHEAD_LOG", "sqlx=warn", "not even errors"),
        ("PLAYHEAD_TOKEN_KEY_FILE", "/nowhere/key.pem", "No such file"),
        ("PLAYHEAD_TOKEN_KEY_FILE", file, "Ed25519"),
        ("PLAYHEAD_TOKEN_KEY_FILE", "/dev/zero", "Ed25519"),
        ("PLAYHEAD_DATA_DIR", &inside, "Not a directory"),
        ("PLAYHEAD_DATA_DIR", "/proc/playhead", "can't be made or written to"),
        ("PLAYHEAD_DATABASE_URL", "mysql://host/database", "sqlite://"),
        ("PLAYHEAD_DATABASE_URL", "postgres://host:port/database", "port"),
        ("PLAYHEAD_DATABASE_URL", "sqlite://", "a file"),
        ("PLAYHEAD_DATABASE_URL", &folder, "isn't a file"),
        ("PLAYHEAD_DATABASE_URL", &nonsense, "an SQLite database"),
        ("PLAYHEAD_LIMIT_CONNECTIONS", "0", "1 or more"),
        ("PLAYHEAD_LIMIT_JOINS_PER_MINUTE", "0", "1 or more"),
        ("PLAYHEAD_LIMIT_JOINS_PER_MINUTE", "many", "invalid"),
        ("PLAYHEAD_HOST_LEASE_MS", "1", "1 is not in"),
        ("PLAYHEAD_LISTEN", "8080", "socket address"),
        ("PLAYHEAD_LISTEN", "", "is empty"),
        ("PLAYHEAD_STORE", "disk", "memory or redis"),
    ] {
        let options = options().env(name, value);
        let (is_accepted, checked) = options.check_config().await.unwrap();
        assert!(!is_accepted, "{name}={value}: {checked}");
        let started = options.start().await.expect_err("it doesn't start").to_string();
        for words in [checked, started] {
            let is_named = words.contains(name);
            assert!(is_named && words.contains(reason), "{name}={value}: {words}");
            let flag = name.trim_start_matches("PLAYHEAD_").to_lowercase().replace('_', "-");
            assert!(!words.contains(&format!("--{flag}")), "no flag was given: {words}");
            assert!(!words.contains("panicked"), "{name}={value}: {words}");
        }
    }
}

#[tokio::test]
async fn the_journal_of_the_rooms_is_no_database() {
    let data_dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/journal.db", data_dir.path().display());
    let options = options().env("PLAYHEAD_STORE", "memory").data_dir(data_dir.path());
    let options = options.env("PLAYHEAD_DATABASE_URL", url);
    let (is_accepted, checked) = options.check_config().await.unwrap();
    let started = options.start().await.expect_err("it doesn't start").to_string();
    for words in [checked, started] {
        assert!(!is_accepted && words.contains("is the journal of the rooms"), "{words}");
    }
    assert_eq!(data_dir.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn limits_as_high_as_numbers_go_are_limits() {
    let most = u64::MAX.to_string();
    let options = options().env("PLAYHEAD_LIMIT_CONNECTIONS_PER_ADDRESS", most);
    let server = options.start().await.unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let room_id = host.create_room("Friday").await.unwrap().room_id;
    host.enter(&room_id).await.unwrap();
}

#[tokio::test]
async fn two_listeners_on_one_port_are_refused_before_either_listens() {
    for (listen, admin_listen) in [
        ("127.0.0.1:7001", "127.0.0.1:7001"),
        ("0.0.0.0:7001", "127.0.0.1:7001"),
        ("127.0.0.1:7001", "[::]:7001"),
    ] {
        let options =
            options().env("PLAYHEAD_LISTEN", listen).env("PLAYHEAD_ADMIN_LISTEN", admin_listen);
        let (is_accepted, checked) = options.check_config().await.unwrap();
        let started = options.start().await.expect_err("it doesn't start").to_string();
        for words in [checked, started] {
            let is_named = words.contains(listen) && words.contains(admin_listen);
            assert!(!is_accepted && is_named && words.contains("another port"), "{words}");
        }
    }
}

#[tokio::test]
async fn check_config_connects_nowhere_and_leaves_nothing_behind() {
    let base = tempfile::tempdir().unwrap();
    let data_dir = base.path().join("a/b");
    let options = options()
        .data_dir(&data_dir)
        .env("PLAYHEAD_STORE", "redis")
        .env("PLAYHEAD_REDIS_URL", "rediss://user:hidden@nowhere.invalid:6379");
    let (is_accepted, checked) = options.check_config().await.unwrap();
    assert!(is_accepted && !checked.contains("hidden"), "{checked}");
    let options = options.env("PLAYHEAD_DATABASE_URL", "postgres://user:hidden@nowhere.invalid/d");
    let (is_accepted, checked) = options.check_config().await.unwrap();
    assert!(is_accepted && !checked.contains("hidden"), "{checked}");
    assert_eq!(base.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn a_part_of_the_log_filter_that_does_not_exist_is_warned_of() {
    let options = options().env("PLAYHEAD_LOG", "info,sevrer=debug");
    let words = "did you mean `server`?";
    let (is_accepted, checked) = options.check_config().await.unwrap();
    assert!(is_accepted && checked.contains(words), "{checked}");
    let server = options.start().await.unwrap();
    assert!(server.log().contains(words), "{}", server.log());
}

#[tokio::test]
async fn a_setting_that_lets_everybody_in_or_has_no_effect_is_warned_of() {
    for (name, value, words) in [
        ("PLAYHEAD_TRUSTED_PROXIES", "0.0.0.0/0", "no limit per address holds"),
        ("PLAYHEAD_TRUSTED_PROXIES", "10.0.0.1,::/0", "no limit per address holds"),
        ("PLAYHEAD_TRUSTED_PROXIES", "0.0.0.0/1,128.0.0.0/1", "no limit per address holds"),
        ("PLAYHEAD_EGRESS_ALLOW", "0.0.0.0/0", "everything that this machine reaches"),
        ("PLAYHEAD_REDIS_URL", "redis://user:hidden@127.0.0.1:1", "PLAYHEAD_STORE=redis"),
    ] {
        let options = options().env("PLAYHEAD_STORE", "memory").env(name, value);
        let (is_accepted, checked) = options.check_config().await.unwrap();
        assert!(is_accepted && checked.contains(name), "{name}={value}: {checked}");
        assert!(checked.contains(words), "{name}={value}: {checked}");
        let server = options.start().await.unwrap();
        assert!(server.log().contains(words), "{name}={value}: {}", server.log());
        assert!(!server.log().contains("hidden"), "values aren't logged: {}", server.log());
    }
}

#[tokio::test]
async fn a_name_that_is_no_setting_is_warned_of_with_the_nearest_one() {
    let options = options().env("PLAYHEAD_PUBLIC_ULR", "https://party.example");
    let words = "did you mean PLAYHEAD_PUBLIC_URL?";
    let (is_accepted, checked) = options.check_config().await.unwrap();
    assert!(is_accepted && checked.contains(words), "{checked}");
    let server = options.start().await.unwrap();
    assert!(server.log().contains(words), "{}", server.log());
    assert!(!server.log().contains("party.example"), "values aren't logged: {}", server.log());
}

#[test]
fn a_reader_that_has_seen_enough_of_what_is_printed_is_no_failure() {
    let mut command = std::process::Command::new(options().binary());
    let command = command.arg("openapi").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut printing = command.spawn().unwrap();
    drop(printing.stdout.take());
    let ended = printing.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.success() && words.is_empty(), "{words}");
}

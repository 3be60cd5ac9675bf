//! Checks that the settings can work together, before anything listens.

use url::Url;

use super::{Config, Secret, StoreKind};

/// URL schemes of the databases that the server speaks.
const DATABASE_SCHEMES: [&str; 3] = ["sqlite:", "postgres:", "postgresql:"];
/// URL schemes of Redis, alone and as a cluster, without and with TLS.
const REDIS_SCHEMES: [&str; 4] = ["redis", "rediss", "redis-cluster", "rediss-cluster"];

impl Config {
    /// Checks everything that can be checked without opening anything. The error names the setting
    /// and says what to write instead.
    pub fn check(&self) -> Result<(), String> {
        self.check_origins()?;
        self.check_database()?;
        self.check_redis()
    }

    /// Returns the URL of the Redis, given directly or in a file.
    pub fn redis_url(&self) -> Result<Option<Secret>, String> {
        match (self.redis_url.as_ref(), self.redis_url_file.as_ref()) {
            (Some(url), _) => Ok(Some(url.clone())),
            (None, Some(path)) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    format!("PLAYHEAD_REDIS_URL_FILE {}: {error}", path.display())
                })?;
                let url = Secret::new(text.trim());
                Ok(Some(url).filter(|url| !url.expose().is_empty()))
            }
            (None, None) => Ok(None),
        }
    }

    fn check_origins(&self) -> Result<(), String> {
        for origin in self.allowed_origins.iter() {
            let url = Url::parse(origin).map_err(|error| format!("origin {origin}: {error}"))?;
            if url.origin().ascii_serialization() != *origin {
                return Err(format!(
                    "origin {origin}: write it as scheme://host or scheme://host:port"
                ));
            }
        }
        Ok(())
    }

    fn check_database(&self) -> Result<(), String> {
        match self.database_url.as_ref().map(Secret::expose) {
            Some(url) if !DATABASE_SCHEMES.iter().any(|scheme| url.starts_with(scheme)) => {
                Err("PLAYHEAD_DATABASE_URL: use sqlite://… or postgres://…".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn check_redis(&self) -> Result<(), String> {
        match (self.store, self.redis_url()?) {
            (StoreKind::Redis, None) => {
                Err("PLAYHEAD_STORE=redis: set PLAYHEAD_REDIS_URL too, redis://…".to_owned())
            }
            (StoreKind::Redis, Some(url)) => {
                let url = Url::parse(url.expose());
                let is_usable =
                    url.is_ok_and(|url| REDIS_SCHEMES.contains(&url.scheme()) && url.has_host());
                // The URL isn't shown: it may hold a password.
                let detail = "PLAYHEAD_REDIS_URL: write it as redis://host:port, rediss://… or \
                              redis-cluster://…";
                if is_usable { Ok(()) } else { Err(detail.to_owned()) }
            }
            (StoreKind::Memory, _) => Ok(()),
        }
    }
}

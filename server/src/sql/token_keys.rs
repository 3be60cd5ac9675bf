//! The keys that sign tokens, shared by all nodes of one database.

use std::fmt;

use engine::Timestamp;
use sqlx::Row;

use super::work::column;
use super::{Sql, SqlError};

/// A key pair that signs tokens.
#[derive(Clone, Eq, PartialEq)]
pub struct TokenKey {
    /// Its name in the header of a token.
    pub kid: String,
    /// The private key, PKCS #8 DER.
    pub pkcs8: Vec<u8>,
    /// The public key.
    pub public: Vec<u8>,
}

impl fmt::Debug for TokenKey {
    /// Leaves the private key out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl Sql {
    /// The newest signing key; `make` makes the first one. Of several nodes that start at once,
    /// all get the same.
    pub async fn load_or_create_token_key(
        &self,
        make: impl FnOnce() -> TokenKey + Send,
        now: Timestamp,
    ) -> Result<TokenKey, SqlError> {
        let mut work = self.transaction("load or create token key").await?;
        // Held to the end, so that the others find the key that the first one makes.
        work.execute(sqlx::query("UPDATE identity SET database_id = database_id")).await?;
        let newest = sqlx::query(
            "SELECT kid, pkcs8, public FROM token_keys ORDER BY created_at_ms DESC, kid LIMIT 1",
        );
        let known = work.fetch_one(newest, |row| {
            Ok(TokenKey { kid: row.try_get(0)?, pkcs8: row.try_get(1)?, public: row.try_get(2)? })
        });
        let key = match known.await? {
            Some(key) => key,
            None => {
                let key = make();
                let insert = sqlx::query(
                    "INSERT INTO token_keys (kid, pkcs8, public, created_at_ms)
                     VALUES ($1, $2, $3, $4)",
                )
                .bind(key.kid.as_str())
                .bind(key.pkcs8.as_slice())
                .bind(key.public.as_slice())
                .bind(column(now.as_millis()));
                work.execute(insert).await?;
                key
            }
        };
        work.commit().await?;
        Ok(key)
    }
}

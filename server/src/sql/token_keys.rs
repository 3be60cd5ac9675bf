//! The `token_keys` table: the keys that sign access tokens, shared by all nodes of the database.

use std::fmt;

use sqlx::Row;

use super::operation::column;
use super::{Sql, SqlError};
use crate::clock::WallTime;

/// A key pair that signs access tokens.
#[derive(Clone, Eq, PartialEq)]
pub struct TokenKey {
    /// The id of the key in the header of a token.
    pub kid: String,
    /// The private key in PKCS #8, DER-encoded.
    pub pkcs8: Vec<u8>,
    /// The public key.
    pub public: Vec<u8>,
}

impl fmt::Debug for TokenKey {
    /// Omits the private key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl Sql {
    /// Returns the newest signing key, or stores the one that `create` returns if there is none.
    /// Nodes that start at the same time all get the same key.
    pub async fn load_or_create_token_key(
        &self,
        create: impl FnOnce() -> TokenKey + Send,
        now: WallTime,
    ) -> Result<TokenKey, SqlError> {
        let mut operation = self.begin_transaction("load or create token key").await?;
        // Locks the row until the commit, so that other nodes find the key that this one stores.
        operation.execute(sqlx::query("UPDATE identity SET database_id = database_id")).await?;
        let newest = sqlx::query(
            "SELECT kid, pkcs8, public FROM token_keys ORDER BY created_at_ms DESC, kid LIMIT 1",
        );
        let known = operation.fetch_one(newest, |row| {
            Ok(TokenKey { kid: row.try_get(0)?, pkcs8: row.try_get(1)?, public: row.try_get(2)? })
        });
        let key = match known.await? {
            Some(key) => key,
            None => {
                let key = create();
                let insert = sqlx::query(
                    "INSERT INTO token_keys (kid, pkcs8, public, created_at_ms)
                     VALUES ($1, $2, $3, $4)",
                )
                .bind(key.kid.as_str())
                .bind(key.pkcs8.as_slice())
                .bind(key.public.as_slice())
                .bind(column(now.as_millis()));
                operation.execute(insert).await?;
                key
            }
        };
        operation.commit().await?;
        Ok(key)
    }
}

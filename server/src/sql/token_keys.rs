//! The keys that sign tokens, shared by all nodes of one database.

use std::fmt;

use engine::Timestamp;
use sqlx::Row;

use super::epochs::column;
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
        self.try_token_key(make, now).await.map_err(SqlError::of("load or create token key"))
    }

    async fn try_token_key(
        &self,
        make: impl FnOnce() -> TokenKey + Send,
        now: Timestamp,
    ) -> Result<TokenKey, sqlx::Error> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let known = sqlx::query(
            "SELECT kid, pkcs8, public FROM token_keys ORDER BY created_at_ms DESC, kid LIMIT 1",
        )
        .fetch_optional(&mut *transaction)
        .await?;
        if let Some(row) = known {
            let (kid, pkcs8, public) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            return Ok(TokenKey { kid, pkcs8, public });
        }
        let key = make();
        sqlx::query(
            "INSERT INTO token_keys (kid, pkcs8, public, created_at_ms) VALUES ($1, $2, $3, $4)",
        )
        .bind(&key.kid)
        .bind(&key.pkcs8)
        .bind(&key.public)
        .bind(column(now.as_millis()))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(key)
    }
}

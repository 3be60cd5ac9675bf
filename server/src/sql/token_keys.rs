//! The `token_keys` table: the keys that sign access tokens, shared by all nodes of the database.

use std::fmt;

use sqlx::Row;
use sqlx::any::AnyRow;

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

/// The key to sign with, and what is known of the others.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenKeys {
    /// The newest key that can be read.
    pub newest: TokenKey,
    /// The ids of keys that can't, for the operator.
    pub unreadable: Vec<String>,
}

impl Sql {
    /// Returns the newest signing key that can be read and that `is_usable`, or stores the one that
    /// `create` returns if there is none. A row that can't be read costs nothing but itself. Nodes that
    /// start at the same time all get the same key.
    pub async fn load_or_create_token_key(
        &self,
        is_usable: fn(&TokenKey) -> bool,
        create: impl FnOnce() -> TokenKey + Send,
        now: WallTime,
    ) -> Result<TokenKeys, SqlError> {
        let mut operation = self.begin_transaction("load or create token key").await?;
        // Locks the row until the commit, so that other nodes find the key that this one stores.
        operation.execute(sqlx::query("UPDATE identity SET database_id = database_id")).await?;
        let all = sqlx::query(
            "SELECT kid, pkcs8, public FROM token_keys ORDER BY created_at_ms DESC, kid",
        );
        let rows = operation.fetch(all, |row| {
            let key = read(row).ok().filter(is_usable);
            Ok(key.ok_or_else(|| row.try_get(0).unwrap_or_else(|_| "?".to_owned())))
        });
        let (mut usable, mut unreadable) = (None, Vec::new());
        for row in rows.await? {
            match row {
                Ok(key) => usable = usable.or(Some(key)),
                Err(kid) => unreadable.push(kid),
            }
        }
        let newest = match usable {
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
        Ok(TokenKeys { newest, unreadable })
    }
}

fn read(row: &AnyRow) -> Result<TokenKey, sqlx::Error> {
    Ok(TokenKey { kid: row.try_get(0)?, pkcs8: row.try_get(1)?, public: row.try_get(2)? })
}

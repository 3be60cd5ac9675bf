-- Families of refresh tokens that ended because a spent one was used. Their access tokens are refused until they expire.
CREATE TABLE revoked_families (
    family_id TEXT NOT NULL PRIMARY KEY,
    revoked_at_ms BIGINT NOT NULL
);

CREATE INDEX revoked_families_at ON revoked_families (revoked_at_ms);

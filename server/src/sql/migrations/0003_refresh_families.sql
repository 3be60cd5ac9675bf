-- The refresh tokens that have replaced each other, since somebody became a guest. They are kept as
-- hashes, and no token can be computed from a row.
CREATE TABLE refresh_families (
    family_id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL,
    display_name TEXT NOT NULL,
    token_hash BLOB NOT NULL,
    predecessors BLOB NOT NULL,
    began_at_ms BIGINT NOT NULL,
    rotated_at_ms BIGINT NOT NULL
);

CREATE INDEX refresh_families_began ON refresh_families (began_at_ms);
CREATE INDEX refresh_families_rotated ON refresh_families (rotated_at_ms);

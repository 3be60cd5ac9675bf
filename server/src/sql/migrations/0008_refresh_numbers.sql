-- The number of the newest token of a family, which tells a token that this database has forgotten from one that is spent.
-- Tokens from before have no number.
ALTER TABLE refresh_families ADD COLUMN token_number BIGINT NOT NULL DEFAULT 0;

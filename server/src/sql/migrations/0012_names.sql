-- When the user of a family was given the name. It only rises, so that of two names the later one is known everywhere,
-- whatever the clocks of nodes say. Names from before have no time.
ALTER TABLE refresh_families ADD COLUMN named_at_ms BIGINT NOT NULL DEFAULT 0;

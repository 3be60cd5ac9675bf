-- Whose clock wrote the times of a family: when a clock is set, each node moves what it has written itself.
ALTER TABLE refresh_families ADD COLUMN clock_id TEXT NOT NULL DEFAULT '';

-- Families that were never used, which make way first.
CREATE INDEX refresh_families_unused ON refresh_families (rotated_at_ms) WHERE length(predecessors) = 0;

-- Families of people who didn't come back, which make way first. Whoever makes many families can refresh each of them
-- at once, so a refresh counts only six hours after the family began.
DROP INDEX refresh_families_unused;

CREATE INDEX refresh_families_new ON refresh_families (began_at_ms) WHERE rotated_at_ms - began_at_ms < 21600000;

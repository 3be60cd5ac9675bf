-- Who may not enter a room, in the order in which that changed: each ban and each lifting takes the next number, whose
-- row is locked until it is committed, so that a node that reads behind a number misses none.
CREATE TABLE access_changes (
    number BIGINT NOT NULL
);

INSERT INTO access_changes (number) VALUES (0);

CREATE TABLE bans (
    room_id TEXT NOT NULL,
    participant_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    display_name TEXT NOT NULL,
    reason TEXT NOT NULL,
    banned_by TEXT NOT NULL,
    banned_at_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL,
    changed_at_ms BIGINT NOT NULL,
    PRIMARY KEY (room_id, participant_id)
);

CREATE UNIQUE INDEX bans_number ON bans (number);
CREATE INDEX bans_until ON bans (until_ms);

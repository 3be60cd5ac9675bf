-- What lets people into rooms that aren't open to everybody. Grants are numbered as bans are.
CREATE TABLE grants (
    room_id TEXT NOT NULL,
    participant_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    grant_id TEXT NOT NULL,
    display_name TEXT NOT NULL,
    role TEXT NOT NULL,
    via TEXT NOT NULL,
    invite_id TEXT NOT NULL,
    granted_by TEXT NOT NULL,
    granted_at_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL,
    PRIMARY KEY (room_id, participant_id)
);

CREATE UNIQUE INDEX grants_number ON grants (number);
CREATE UNIQUE INDEX grants_id ON grants (grant_id);

CREATE TABLE invites (
    invite_id TEXT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    room_id TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    uses BIGINT NOT NULL,
    used BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL
);

CREATE UNIQUE INDEX invites_secret_hash ON invites (secret_hash);
CREATE INDEX invites_of_room ON invites (room_id, number);

CREATE TABLE room_passwords (
    room_id TEXT NOT NULL PRIMARY KEY,
    hash TEXT NOT NULL
);

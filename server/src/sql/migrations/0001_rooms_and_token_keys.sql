-- Epochs are issued here alone, so that they can't go back with the state they order.
CREATE TABLE rooms (
    room_id TEXT NOT NULL PRIMARY KEY,
    epoch BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL
);

CREATE TABLE token_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    pkcs8 BLOB NOT NULL,
    public BLOB NOT NULL,
    created_at_ms BIGINT NOT NULL
);

-- What a repeated creation of a room is answered with. It outlives the room: an id is never used twice.
CREATE TABLE creations (
    user_id TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    payload_hash BIGINT NOT NULL,
    room_id TEXT NOT NULL,
    code TEXT NOT NULL,
    ended BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (user_id, idempotency_key)
);

CREATE INDEX creations_room ON creations (room_id);

CREATE INDEX creations_age ON creations (created_at_ms);

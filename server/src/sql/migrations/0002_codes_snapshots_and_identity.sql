-- What a room is found and rebuilt by, once its state is kept outside of every node.
ALTER TABLE rooms ADD COLUMN code TEXT;
ALTER TABLE rooms ADD COLUMN snapshot_epoch BIGINT;
ALTER TABLE rooms ADD COLUMN snapshot_version BIGINT;
ALTER TABLE rooms ADD COLUMN snapshot BLOB;

-- Rooms from before have no code here.
CREATE UNIQUE INDEX rooms_code ON rooms (code);

-- One row. It names this database, and whoever changes what all nodes share locks it.
CREATE TABLE identity (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    database_id TEXT NOT NULL,
    store TEXT
);

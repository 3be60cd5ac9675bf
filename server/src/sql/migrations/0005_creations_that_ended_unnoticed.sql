-- Whether the room was made. If it was and is no longer known, it is gone, and the request makes no other one.
ALTER TABLE creations ADD COLUMN created BIGINT NOT NULL DEFAULT 0;

-- Nobody knows of those before. One that came to nothing is refused for its day.
UPDATE creations SET created = 1;

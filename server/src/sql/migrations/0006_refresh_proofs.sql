-- A key for each family, which recognises the tokens that were issued in it. Families from before have none.
ALTER TABLE refresh_families ADD COLUMN proof_key BLOB;

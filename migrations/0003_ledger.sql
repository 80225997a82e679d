-- +goose Up

-- The ledger: under which method and floor a release was let out, and who may see what of a snapshot.
-- It is decided once, with the release or snapshot, and read for ever.
ALTER TABLE release ADD COLUMN method INTEGER NOT NULL DEFAULT 1;
ALTER TABLE release ADD COLUMN floor INTEGER NOT NULL DEFAULT 10;
ALTER TABLE snapshot ADD COLUMN ledger TEXT NOT NULL DEFAULT '{}';

-- +goose Up

-- How many practices of a snapshot have been deleted since it was made: it is then no longer the snapshot
-- that somebody read before.
ALTER TABLE snapshot ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;

-- +goose Up

-- Answers that came in a burst: counted like pending ones, in a sum of their own that joins nothing by itself.
CREATE TABLE held (
    practice_id TEXT    NOT NULL REFERENCES practice (id) ON DELETE CASCADE,
    survey      TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    value       TEXT    NOT NULL,
    PRIMARY KEY (practice_id, survey, version)
);

-- What was held when a week was closed, once it was enough to be spoken of; n is its number of responses.
-- The value is sealed, and empty when it has joined the releases or was dropped.
CREATE TABLE burst (
    practice_id TEXT    NOT NULL REFERENCES practice (id) ON DELETE CASCADE,
    survey      TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    week        TEXT    NOT NULL,
    n           INTEGER NOT NULL,
    state       TEXT    NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'released', 'joined', 'dropped', 'expired')),
    decided_on  TEXT    NOT NULL DEFAULT '',
    decided_by  TEXT    NOT NULL DEFAULT '', -- account
    value       TEXT    NOT NULL,
    PRIMARY KEY (practice_id, survey, version, week)
);

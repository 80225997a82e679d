-- +goose Up

-- What a practice changed, and what came of it. The baseline is the releases before start_week.
CREATE TABLE improvement (
    id          TEXT    PRIMARY KEY,
    practice_id TEXT    NOT NULL REFERENCES practice (id) ON DELETE CASCADE,
    survey      TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    questions   TEXT    NOT NULL, -- ids, separated by spaces
    done        TEXT    NOT NULL,
    target      INTEGER NOT NULL DEFAULT 0,
    start_week  TEXT    NOT NULL,
    closed_week TEXT    NOT NULL DEFAULT '',
    verdict     TEXT    NOT NULL DEFAULT '', -- as of the day it was closed
    heard       TEXT    NOT NULL DEFAULT '', -- published: what patients said, from closed choices
    told        TEXT    NOT NULL DEFAULT ''  -- published: the lead's own sentence
);
CREATE INDEX improvement_practice ON improvement (practice_id);

-- What somebody on the staff believed before they saw a period's result, and that they have seen it.
CREATE TABLE assumption (
    account_id  TEXT    NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    practice_id TEXT    NOT NULL REFERENCES practice (id) ON DELETE CASCADE,
    survey      TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    period      TEXT    NOT NULL,
    question    TEXT    NOT NULL,
    believed    TEXT    NOT NULL DEFAULT '',
    own         TEXT    NOT NULL DEFAULT '',
    PRIMARY KEY (account_id, practice_id, survey, version, period, question)
);
CREATE TABLE opening (
    account_id  TEXT    NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    practice_id TEXT    NOT NULL REFERENCES practice (id) ON DELETE CASCADE,
    survey      TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    period      TEXT    NOT NULL,
    PRIMARY KEY (account_id, practice_id, survey, version, period)
);

CREATE TABLE network (
    id   TEXT PRIMARY KEY,
    name TEXT NOT NULL
);
CREATE TABLE coordinator (
    network_id TEXT NOT NULL REFERENCES network (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    PRIMARY KEY (network_id, account_id)
);
CREATE INDEX coordinator_account ON coordinator (account_id);
-- A practice is invited, joins, and leaves out of later periods. open_consent: its lead agrees to an
-- open comparison, in which practices are named.
CREATE TABLE participation (
    network_id   TEXT    NOT NULL REFERENCES network (id) ON DELETE CASCADE,
    practice_id  TEXT    NOT NULL REFERENCES practice (id) ON DELETE CASCADE,
    state        TEXT    NOT NULL CHECK (state IN ('invited', 'joined', 'left')),
    open_consent BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (network_id, practice_id)
);
CREATE INDEX participation_practice ON participation (practice_id);

-- A quarter's benchmark of a frozen cohort; value holds the cohort and each practice's counts.
CREATE TABLE snapshot (
    network_id TEXT    NOT NULL REFERENCES network (id) ON DELETE CASCADE,
    survey     TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    quarter    TEXT    NOT NULL,
    value      TEXT    NOT NULL,
    PRIMARY KEY (network_id, survey, version, quarter)
);

-- +goose Up

CREATE TABLE practice (
    id      TEXT    PRIMARY KEY,
    slug    TEXT    NOT NULL UNIQUE,
    name    TEXT    NOT NULL,
    phone   TEXT    NOT NULL,
    survey  TEXT    NOT NULL DEFAULT 'visit',
    digital BOOLEAN NOT NULL DEFAULT FALSE
);

CREATE TABLE point (
    code        TEXT    PRIMARY KEY,
    practice_id TEXT    NOT NULL REFERENCES practice (id) ON DELETE CASCADE,
    label       TEXT    NOT NULL,
    retired     BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX point_practice ON point (practice_id);

CREATE TABLE account (
    id       TEXT    PRIMARY KEY,
    email    TEXT    NOT NULL UNIQUE,
    name     TEXT    NOT NULL,
    password TEXT    NOT NULL,
    operator BOOLEAN NOT NULL DEFAULT FALSE
);

CREATE TABLE member (
    account_id  TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    practice_id TEXT NOT NULL REFERENCES practice (id) ON DELETE CASCADE,
    role        TEXT NOT NULL CHECK (role IN ('lead', 'staff')),
    PRIMARY KEY (account_id, practice_id)
);
CREATE INDEX member_practice ON member (practice_id);

CREATE TABLE session (
    token      TEXT      PRIMARY KEY,
    data       TEXT      NOT NULL,
    expires_at TIMESTAMP NOT NULL
);

-- A published version of a survey never changes: counts are kept by its codes.
CREATE TABLE survey_version (
    survey   TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    checksum TEXT    NOT NULL,
    PRIMARY KEY (survey, version)
);

-- That a form was counted: a hash of the random number in it, and the day this can be forgotten.
CREATE TABLE receipt (
    hash      TEXT PRIMARY KEY,
    forget_on TEXT NOT NULL
);

-- Counts not yet shown, as one value that is rewritten whole.
CREATE TABLE pending (
    practice_id TEXT    NOT NULL REFERENCES practice (id) ON DELETE CASCADE,
    survey      TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    value       TEXT    NOT NULL,
    PRIMARY KEY (practice_id, survey, version)
);

-- Counts that may be shown; week is the one whose close made the release.
CREATE TABLE release (
    practice_id TEXT    NOT NULL REFERENCES practice (id) ON DELETE CASCADE,
    survey      TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    week        TEXT    NOT NULL,
    value       TEXT    NOT NULL,
    PRIMARY KEY (practice_id, survey, version, week)
);

-- The weeks that are closed; its key is what keeps two instances from closing one twice.
CREATE TABLE closing (
    week TEXT PRIMARY KEY
);

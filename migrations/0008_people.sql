-- +goose Up

-- A role offered to a colleague by a link: a keyed hash of its token, and who made it, whose offers end with
-- their own role. It is gone once it is taken, withdrawn or over.
CREATE TABLE offer (
    id          TEXT      PRIMARY KEY,
    hash        TEXT      NOT NULL UNIQUE,
    practice_id TEXT      NOT NULL REFERENCES practice (id) ON DELETE CASCADE,
    role        TEXT      NOT NULL CHECK (role IN ('lead', 'staff')),
    name        TEXT      NOT NULL,
    made_by     TEXT      NOT NULL,
    expires_at  TIMESTAMP NOT NULL
);
CREATE INDEX offer_practice ON offer (practice_id);

-- Who did what and when. The names are those of that day; account_id refers to nothing, since the line outlives the
-- account. Without a practice: what concerns the whole installation.
CREATE TABLE audit (
    id          TEXT      PRIMARY KEY,
    practice_id TEXT      REFERENCES practice (id) ON DELETE CASCADE,
    account_id  TEXT      NOT NULL,
    name        TEXT      NOT NULL,
    action      TEXT      NOT NULL,
    object      TEXT      NOT NULL,
    at          TIMESTAMP NOT NULL
);
CREATE INDEX audit_practice ON audit (practice_id, at);
CREATE INDEX audit_at ON audit (at);

-- +goose Up

-- The public half of a key pair on somebody's device. No finer than the week it was added in, and nothing of
-- when it was used.
CREATE TABLE passkey (
    id              TEXT    PRIMARY KEY, -- as the device names it, base64url
    account_id      TEXT    NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name            TEXT    NOT NULL,    -- browser and system it was added with
    added_week      TEXT    NOT NULL,
    public_key      TEXT    NOT NULL,    -- COSE, base64url
    sign_count      BIGINT  NOT NULL,
    backup_eligible BOOLEAN NOT NULL
);
CREATE INDEX passkey_account ON passkey (account_id);

-- What an authenticator app shares with us, sealed, and the step of the last code that was used.
CREATE TABLE totp (
    account_id TEXT   PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    secret     TEXT   NOT NULL,
    step       BIGINT NOT NULL
);

-- Keyed hashes of codes on paper; a used one is gone.
CREATE TABLE recovery (
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    hash       TEXT NOT NULL,
    PRIMARY KEY (account_id, hash)
);

-- Whose a session is, so that all of somebody's can be listed and ended. A session that was ended stays as an
-- empty row until it would have expired, so that a request in flight cannot store it again. Everybody signs in
-- anew: earlier sessions know of no second factor.
DELETE FROM session;
ALTER TABLE session ADD COLUMN account_id TEXT REFERENCES account (id) ON DELETE CASCADE;
ALTER TABLE session ADD COLUMN ended BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX session_account ON session (account_id);

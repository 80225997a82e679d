-- +goose Up

-- One chance to answer: a keyed hash of the token, and whether it was used. When it was used is not kept,
-- and nothing joins it to a count.
CREATE TABLE invitation (
    hash        TEXT    PRIMARY KEY,
    practice_id TEXT    NOT NULL REFERENCES practice (id) ON DELETE CASCADE,
    channel     TEXT    NOT NULL CHECK (channel IN ('sms', 'slip')),
    language    TEXT    NOT NULL,
    expires_on  TEXT    NOT NULL,
    used        BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX invitation_expiry ON invitation (expires_on);
CREATE INDEX invitation_practice ON invitation (practice_id);

-- How a practice asks by text message. Empty texts mean the built-in ones.
CREATE TABLE asking (
    practice_id     TEXT    PRIMARY KEY REFERENCES practice (id) ON DELETE CASCADE,
    sms             BOOLEAN NOT NULL DEFAULT FALSE,
    sender          TEXT    NOT NULL DEFAULT '',
    template_nb     TEXT    NOT NULL DEFAULT '',
    template_nn     TEXT    NOT NULL DEFAULT '',
    template_en     TEXT    NOT NULL DEFAULT '',
    language        TEXT    NOT NULL DEFAULT 'nb',
    rule            TEXT    NOT NULL DEFAULT 'everyone',
    rule_n          INTEGER NOT NULL DEFAULT 0,
    quarantine_days INTEGER NOT NULL DEFAULT 90,
    reminder        BOOLEAN NOT NULL DEFAULT FALSE,
    sending_hours   TEXT    NOT NULL DEFAULT '',
    cap_ore         INTEGER NOT NULL DEFAULT 0,
    visits_week     INTEGER NOT NULL DEFAULT 0,
    passed          INTEGER NOT NULL DEFAULT 0 -- visits that the rule has passed over since it last chose one
);

-- How many were asked of each day's visits, for a rule with a number a day; and how many in each week.
CREATE TABLE asked (
    practice_id TEXT    NOT NULL REFERENCES practice (id) ON DELETE CASCADE,
    period      TEXT    NOT NULL, -- a day of visits, or a week of asking
    n           INTEGER NOT NULL,
    PRIMARY KEY (practice_id, period)
);

-- A text message. payload is the number, the token and the language, sealed with a key that is not in the
-- database; it is empty from the moment that nothing more can be sent. reminder: only if not yet used.
CREATE TABLE message (
    id          TEXT    PRIMARY KEY,
    practice_id TEXT    NOT NULL REFERENCES practice (id) ON DELETE CASCADE,
    state       TEXT    NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'delivered', 'failed', 'uncertain', 'cancelled')),
    reminder    BOOLEAN NOT NULL DEFAULT FALSE,
    payload     TEXT    NOT NULL,
    ore         INTEGER NOT NULL,
    month       TEXT    NOT NULL,
    changed_on  TEXT    NOT NULL
);
CREATE INDEX message_practice ON message (practice_id, month);
CREATE INDEX message_changed ON message (changed_on);

-- Who is not to be asked again for a while: twenty bits of a keyed hash of the number. Some twenty numbers
-- of the Norwegian plan have the same, so that not even the key tells whose it is.
CREATE TABLE quarantine (
    practice_id TEXT    NOT NULL REFERENCES practice (id) ON DELETE CASCADE,
    mark        INTEGER NOT NULL,
    until_on    TEXT    NOT NULL,
    PRIMARY KEY (practice_id, mark)
);

-- Who does not want to be asked: a keyed hash of the number. Without a practice: by none here.
CREATE TABLE optout (
    id          TEXT PRIMARY KEY,
    practice_id TEXT REFERENCES practice (id) ON DELETE CASCADE,
    number      TEXT NOT NULL,
    UNIQUE (practice_id, number)
);

-- Keys of machines that hand in lists of visits; and what was answered to a request, for when it comes again.
CREATE TABLE api_key (
    id          TEXT    PRIMARY KEY,
    practice_id TEXT    NOT NULL REFERENCES practice (id) ON DELETE CASCADE,
    hash        TEXT    NOT NULL UNIQUE,
    label       TEXT    NOT NULL,
    revoked     BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX api_key_practice ON api_key (practice_id);
CREATE TABLE answered (
    api_key_id TEXT NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
    request    TEXT NOT NULL,
    body       TEXT NOT NULL, -- hash of what was sent
    answer     TEXT NOT NULL,
    forget_on  TEXT NOT NULL,
    PRIMARY KEY (api_key_id, request)
);

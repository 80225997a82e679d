-- +goose Up

-- How often forms were opened by the links of a practice's messages, in each week. Programs that check
-- links open them too.
CREATE TABLE opened (
    practice_id TEXT    NOT NULL REFERENCES practice (id) ON DELETE CASCADE,
    week        TEXT    NOT NULL,
    n           INTEGER NOT NULL,
    PRIMARY KEY (practice_id, week)
);

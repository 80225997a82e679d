-- +goose Up

-- What a practice tells patients about itself: one section to a row, as one self-describing JSON value,
-- and the day that staff last said it is right. The telephone number is in practice.
CREATE TABLE practice_info (
    practice_id  TEXT NOT NULL REFERENCES practice (id) ON DELETE CASCADE,
    section      TEXT NOT NULL,
    value        TEXT NOT NULL,
    confirmed_on TEXT NOT NULL,
    PRIMARY KEY (practice_id, section)
);

-- +goose Up

-- The privacy notices that a practice's lead approved: the facts and the lead's own words as one value, who approved
-- it, by the name of that day, and when. What is in force today is made of the settings, not of this.
CREATE TABLE notice (
    practice_id TEXT      NOT NULL REFERENCES practice (id) ON DELETE CASCADE,
    version     INTEGER   NOT NULL,
    value       TEXT      NOT NULL,
    approved_by TEXT      NOT NULL,
    approved_at TIMESTAMP NOT NULL,
    PRIMARY KEY (practice_id, version)
);

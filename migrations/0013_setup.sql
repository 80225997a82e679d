-- +goose Up

-- Until a practice has gone live, forms are trials and nothing is counted. What is switched on after that can be
-- switched off again. Practices that were here before are as they were: answers are counted.
ALTER TABLE practice ADD COLUMN live BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE practice ADD COLUMN qr BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE practice ADD COLUMN network BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE practice SET live = TRUE, qr = TRUE, network = TRUE;

-- What only the practice itself can say is done, and the day it was.
CREATE TABLE setup (
    practice_id TEXT NOT NULL REFERENCES practice (id) ON DELETE CASCADE,
    step        TEXT NOT NULL,
    done_on     TEXT NOT NULL,
    PRIMARY KEY (practice_id, step)
);

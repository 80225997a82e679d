-- +goose Up

-- How accounts are known at identity providers. Of one provider an account has one name.
CREATE TABLE identity (
    issuer     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    PRIMARY KEY (issuer, subject),
    UNIQUE (account_id, issuer)
);

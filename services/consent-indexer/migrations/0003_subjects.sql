-- Who decides for a subject, and the epoch that a consent belongs to.

-- The subject's epoch at the last opening. What was requested or active in an earlier one reads revoked.
ALTER TABLE consents ADD COLUMN epoch integer NOT NULL DEFAULT 0;
ALTER TABLE consents ALTER COLUMN epoch DROP DEFAULT;
CREATE INDEX consents_live ON consents (subject, epoch) WHERE status IN (1, 2);

-- The subject's epoch just before the event: part of what the event is folded with.
ALTER TABLE events ADD COLUMN epoch integer NOT NULL DEFAULT 0;
ALTER TABLE events ALTER COLUMN epoch DROP DEFAULT;

-- Every event about a subject ever seen, as `events` has those about consents.
CREATE TABLE subject_events (
    block_hash bytea   NOT NULL CHECK (octet_length(block_hash) = 32),
    log_index  integer NOT NULL,
    block_no   bigint  NOT NULL,
    block_time bigint  NOT NULL,
    tx_hash    bytea   NOT NULL CHECK (octet_length(tx_hash) = 32),
    subject    bytea   NOT NULL CHECK (octet_length(subject) = 20),
    -- The delegate it is about, if it is about one.
    delegate   bytea   CHECK (octet_length(delegate) = 20),
    kind       text    NOT NULL,
    body       jsonb   NOT NULL,
    canonical  boolean NOT NULL,
    PRIMARY KEY (block_hash, log_index)
);
CREATE UNIQUE INDEX subject_events_canonical ON subject_events (block_no, log_index) WHERE canonical;
CREATE INDEX subject_events_subject ON subject_events (subject, block_no, log_index) WHERE canonical;

-- The state of each subject that did anything, as the registry stores it.
CREATE TABLE subjects (
    subject             bytea    PRIMARY KEY CHECK (octet_length(subject) = 20),
    controller          bytea    NOT NULL CHECK (octet_length(controller) = 20),
    epoch               integer  NOT NULL,
    auth_epoch          integer  NOT NULL,
    seq                 integer  NOT NULL,
    frozen_until        bigint   NOT NULL,
    next_freeze_at      bigint   NOT NULL,
    recoverer           bytea    NOT NULL CHECK (octet_length(recoverer) = 20),
    recovery_delay      bigint   NOT NULL,
    recovery_auth_epoch integer  NOT NULL,
    recovery_nonce      bigint   NOT NULL,
    new_controller      bytea    NOT NULL CHECK (octet_length(new_controller) = 20),
    ready_at            bigint   NOT NULL,
    proposal_id         bigint   NOT NULL,
    proposal_auth_epoch integer  NOT NULL,
    tx_hash             bytea    NOT NULL CHECK (octet_length(tx_hash) = 32),
    block_no            bigint   NOT NULL,
    block_hash          bytea    NOT NULL CHECK (octet_length(block_hash) = 32),
    log_index           integer  NOT NULL
);

-- Everyone who ever was a delegate, as the registry stores it: removed and void ones, too.
CREATE TABLE delegates (
    subject    bytea    NOT NULL CHECK (octet_length(subject) = 20),
    delegate   bytea    NOT NULL CHECK (octet_length(delegate) = 20),
    rights     smallint NOT NULL CHECK (rights BETWEEN 0 AND 7),
    valid_from bigint   NOT NULL,
    valid_to   bigint   NOT NULL,
    auth_epoch integer  NOT NULL,
    nonce      bigint   NOT NULL,
    tx_hash    bytea    NOT NULL CHECK (octet_length(tx_hash) = 32),
    block_no   bigint   NOT NULL,
    block_hash bytea    NOT NULL CHECK (octet_length(block_hash) = 32),
    log_index  integer  NOT NULL,
    PRIMARY KEY (subject, delegate)
);

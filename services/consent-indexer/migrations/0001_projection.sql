-- What the chain says, and nothing else: rows derived from the chain belong to no tenant.

-- The chain this database follows and how far. One row; every write of the projection locks it.
CREATE TABLE cursor (
    only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    chain_id     bigint NOT NULL,
    genesis_hash bytea  NOT NULL CHECK (octet_length(genesis_hash) = 32),
    registry     bytea  NOT NULL CHECK (octet_length(registry) = 20),
    code_hash    bytea  NOT NULL CHECK (octet_length(code_hash) = 32),
    block_no     bigint NOT NULL,
    block_hash   bytea  NOT NULL CHECK (octet_length(block_hash) = 32),
    rev          bigint NOT NULL DEFAULT 0,
    reorg_epoch  bigint NOT NULL DEFAULT 0,
    -- False between a rollback and the end of a branch too long for the same transaction.
    settled      boolean NOT NULL DEFAULT true,
    -- Why ingest stopped; readers answer 503 while it is set.
    halted       text
);

-- The last blocks: the canonical ring and, for a while, what was rolled back.
CREATE TABLE blocks (
    hash      bytea   PRIMARY KEY CHECK (octet_length(hash) = 32),
    no        bigint  NOT NULL,
    parent    bytea   NOT NULL CHECK (octet_length(parent) = 32),
    time      bigint  NOT NULL,
    canonical boolean NOT NULL
);
CREATE UNIQUE INDEX blocks_canonical ON blocks (no) WHERE canonical;
CREATE INDEX blocks_no ON blocks (no);

-- Every event of the registry ever seen. A rollback keeps it with canonical = false.
CREATE TABLE events (
    block_hash  bytea    NOT NULL CHECK (octet_length(block_hash) = 32),
    log_index   integer  NOT NULL,
    block_no    bigint   NOT NULL,
    block_time  bigint   NOT NULL,
    tx_hash     bytea    NOT NULL CHECK (octet_length(tx_hash) = 32),
    consent_id  bytea    NOT NULL CHECK (octet_length(consent_id) = 32),
    subject     bytea    NOT NULL CHECK (octet_length(subject) = 20),
    grantee     bytea    NOT NULL CHECK (octet_length(grantee) = 20),
    scope_id    bytea    NOT NULL CHECK (octet_length(scope_id) = 32),
    kind        text     NOT NULL CHECK (kind IN ('requested', 'created', 'denied', 'revoked', 'expired')),
    version     bigint   NOT NULL,
    valid_from  bigint,
    valid_to    bigint,
    respond_by  bigint,
    actor       bytea    CHECK (octet_length(actor) = 20),
    canonical   boolean  NOT NULL,
    PRIMARY KEY (block_hash, log_index)
);
CREATE UNIQUE INDEX events_canonical ON events (block_no, log_index) WHERE canonical;
CREATE INDEX events_consent ON events (consent_id, block_no, log_index) WHERE canonical;

-- The state of each consent that the canonical chain backs. Status as stored by the registry (1 to 5);
-- what people see is derived when it is read.
CREATE TABLE consents (
    consent_id bytea    PRIMARY KEY CHECK (octet_length(consent_id) = 32),
    subject    bytea    NOT NULL CHECK (octet_length(subject) = 20),
    grantee    bytea    NOT NULL CHECK (octet_length(grantee) = 20),
    scope_id   bytea    NOT NULL CHECK (octet_length(scope_id) = 32),
    status     smallint NOT NULL CHECK (status BETWEEN 1 AND 5),
    valid_from bigint   NOT NULL,
    valid_to   bigint   NOT NULL,
    respond_by bigint   NOT NULL,
    version    bigint   NOT NULL,
    changed_at bigint   NOT NULL,
    tx_hash    bytea    NOT NULL CHECK (octet_length(tx_hash) = 32),
    block_no   bigint   NOT NULL,
    block_hash bytea    NOT NULL CHECK (octet_length(block_hash) = 32),
    log_index  integer  NOT NULL,
    rev        bigint   NOT NULL UNIQUE
);
CREATE INDEX consents_subject ON consents (subject, consent_id);
CREATE INDEX consents_grantee ON consents (grantee, consent_id);
CREATE INDEX consents_scope ON consents (scope_id);

-- Every change of a consent in order, with the body that the topic carries.
CREATE TABLE changes (
    rev      bigint PRIMARY KEY,
    event_id uuid   NOT NULL UNIQUE,
    body     bytea  NOT NULL
);

-- Read by service_kit::outbox.
CREATE TABLE outbox (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic        text        NOT NULL,
    key          text        NOT NULL,
    event_id     uuid        NOT NULL UNIQUE,
    kind         text        NOT NULL,
    source       text        NOT NULL,
    happened_at  timestamptz NOT NULL,
    tenant       text,
    corr_id      text        NOT NULL,
    body         bytea       NOT NULL,
    published_at timestamptz
);
CREATE INDEX outbox_unpublished ON outbox (id) WHERE published_at IS NULL;

-- Verified organisations and practitioners, from the registries that are followed besides the one of consents.

-- Null where a registry is not followed. As with the registry, neither address nor code may change under a database.
ALTER TABLE cursor
    ADD COLUMN hospitals           bytea CHECK (octet_length(hospitals) = 20),
    ADD COLUMN hospitals_code_hash bytea CHECK (octet_length(hospitals_code_hash) = 32),
    ADD COLUMN providers           bytea CHECK (octet_length(providers) = 20),
    ADD COLUMN providers_code_hash bytea CHECK (octet_length(providers_code_hash) = 32),
    ADD CHECK ((hospitals IS NULL) = (hospitals_code_hash IS NULL)),
    ADD CHECK ((providers IS NULL) = (providers_code_hash IS NULL));

-- Every event of these registries ever seen, as `events` has those about consents.
CREATE TABLE grantee_events (
    block_hash bytea   NOT NULL CHECK (octet_length(block_hash) = 32),
    log_index  integer NOT NULL,
    block_no   bigint  NOT NULL,
    block_time bigint  NOT NULL,
    tx_hash    bytea   NOT NULL CHECK (octet_length(tx_hash) = 32),
    registry   text    NOT NULL CHECK (registry IN ('hospitals', 'providers')),
    -- Null when the event is about the registry itself.
    grantee    bytea   CHECK (octet_length(grantee) = 20),
    kind       text    NOT NULL,
    body       jsonb   NOT NULL,
    canonical  boolean NOT NULL,
    PRIMARY KEY (block_hash, log_index)
);
CREATE UNIQUE INDEX grantee_events_canonical ON grantee_events (block_no, log_index) WHERE canonical;
CREATE INDEX grantee_events_grantee ON grantee_events (registry, grantee, block_no, log_index) WHERE canonical;

-- Organisations (of `hospitals`) and practitioners (of `providers`). Status as stored by the registry (1 to 3).
CREATE TABLE grantees (
    registry     text     NOT NULL CHECK (registry IN ('hospitals', 'providers')),
    grantee      bytea    NOT NULL CHECK (octet_length(grantee) = 20),
    status       smallint NOT NULL CHECK (status BETWEEN 1 AND 3),
    valid_to     bigint   NOT NULL,
    changed_at   bigint   NOT NULL,
    -- The one that a practitioner belongs to; zero for an organisation.
    organization bytea    NOT NULL CHECK (octet_length(organization) = 20),
    credential   bytea    NOT NULL CHECK (octet_length(credential) = 32),
    tx_hash      bytea    NOT NULL CHECK (octet_length(tx_hash) = 32),
    block_no     bigint   NOT NULL,
    block_hash   bytea    NOT NULL CHECK (octet_length(block_hash) = 32),
    log_index    integer  NOT NULL,
    PRIMARY KEY (registry, grantee)
);

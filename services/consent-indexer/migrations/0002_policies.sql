-- Policy documents by the hash of their canonical bytes: immutable, and the same for everybody.
CREATE TABLE policies (
    hash      bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    canonical bytea NOT NULL CHECK (octet_length(canonical) <= 16384)
);

-- Who stored a document in which tenant. Only documents of the token's tenant are ever visible.
CREATE TABLE policy_uploads (
    tenant       text        NOT NULL,
    hash         bytea       NOT NULL REFERENCES policies (hash),
    -- The organisation of a provider's token, empty for everyone else.
    organization text        NOT NULL,
    uploader     text        NOT NULL,
    uploaded_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant, hash, organization, uploader)
);

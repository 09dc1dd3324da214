-- An organisation's address on chain, or that of one of its practitioners, as the address itself signed it. The signature
-- is kept so that every reader can verify it.
create table grantee_bindings (
    tenant       text        not null,
    grantee      bytea       not null check (octet_length(grantee) = 20),
    organization text        not null,
    -- The practitioner's FHIR id; empty where the address is the organisation's own.
    practitioner text        not null,
    -- uint256, big-endian: bytes compare as the numbers do.
    nonce        bytea       not null check (octet_length(nonce) = 32),
    deadline     bigint      not null,
    -- Empty for an address, else an ERC-7913 signer (a passkey).
    signer       bytea       not null check (octet_length(signer) <= 1024),
    signature    bytea       not null check (octet_length(signature) between 1 and 8192),
    bound_at     timestamptz not null,
    -- From when on the address no longer stands for anybody. The row stays: no older statement counts again.
    ended_at     timestamptz,
    -- Within a tenant an address belongs to one organisation, or one practitioner.
    primary key (tenant, grantee),
    foreign key (tenant, organization) references organizations (tenant, id)
);

create index grantee_bindings_owner on grantee_bindings (tenant, organization, practitioner) where ended_at is null;

select isolate_tenants('grantee_bindings');

-- Addresses that nobody signed for do not count. They are put again, with their signatures.
drop table organization_addresses;

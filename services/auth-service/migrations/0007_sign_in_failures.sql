-- Failed proofs in a row, by the hash of what they are counted for: a name and a network, a name and a known device, a name
-- alone. Names that no account has are counted too, so that they cannot be told from those that one has.
create table sign_in_failures (
    tenant   text        not null,
    key      bytea       not null check (octet_length(key) = 32),
    failures integer     not null check (failures > 0),
    last_at  timestamptz not null,
    -- Before this, no further try is looked at.
    next_at  timestamptz not null,
    primary key (tenant, key)
);

create index sign_in_failures_by_age on sign_in_failures (last_at);

select isolate_tenants('sign_in_failures');

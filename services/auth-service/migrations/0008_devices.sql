-- Browsers that somebody has signed in to an account with. Failures of strangers do not hold them up. Only the hash of what
-- they hold is here; it opens nothing.
create table devices (
    tenant      text        not null,
    account     uuid        not null references accounts (id),
    device_hash bytea       not null check (octet_length(device_hash) = 32),
    seen_at     timestamptz not null,
    primary key (account, device_hash)
);

create index devices_by_age on devices (seen_at);

select isolate_tenants('devices');

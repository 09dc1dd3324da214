-- Who may act for a patient: a parent, somebody with a power of attorney.
create table proxies (
    -- What tokens name as `sub` when the proxy acts: neither the proxy's account nor the patient's.
    id         uuid        primary key,
    tenant     text        not null,
    account    uuid        not null references accounts (id),
    fhir_id    text        not null,
    kind       text        not null check (kind in ('parent', 'attorney')),
    -- The most that tokens allow.
    scope      text        not null,
    -- The address by which the proxy signs, where the patient's subject made it a delegate.
    delegate   bytea check (octet_length(delegate) = 20),
    valid_from timestamptz not null,
    valid_to   timestamptz not null,
    created_by text        not null,
    created_at timestamptz not null,
    ended_at   timestamptz,
    check (valid_from < valid_to),
    foreign key (tenant, fhir_id) references patients (tenant, fhir_id)
);

create unique index proxies_holding on proxies (tenant, account, fhir_id) where ended_at is null;

select isolate_tenants('proxies');

-- People who can sign in. `id` is what tokens name as `sub`: random, and the same for as long as the account exists.
create table accounts (
    id           uuid        primary key,
    tenant       text        not null,
    persona      text        not null check (persona in ('patient', 'provider', 'admin')),
    -- What the person types to say who they are, lower-cased.
    login        text        not null,
    status       text        not null check (status in ('active', 'disabled')),
    -- Raised by whatever must end everything the account has: a new password, a lost device, an administrator.
    version      bigint      not null check (version >= 0),
    -- A patient's id on the custodian's FHIR server.
    fhir_id      text,
    -- A provider's organisation, and their id as a FHIR Practitioner where there is one.
    organization text,
    practitioner text,
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    unique (tenant, login),
    check ((persona = 'patient') = (fhir_id is not null)),
    check ((persona = 'provider') = (organization is not null)),
    check (practitioner is null or persona = 'provider')
);

create index accounts_of_patient on accounts (tenant, fhir_id);
create index accounts_of_organization on accounts (tenant, organization);

-- Sign-ins. The browser holds a secret of which only the hash is here; `id` is what tokens name as `sid`.
create table sessions (
    id          uuid        primary key,
    tenant      text        not null,
    account     uuid        not null references accounts (id),
    cookie_hash bytea       not null unique check (octet_length(cookie_hash) = 32),
    acr         text        not null check (acr in ('aal1', 'aal2')),
    amr         text[]      not null check (cardinality(amr) > 0),
    -- When the person last proved who they are.
    auth_time   timestamptz not null,
    created_at  timestamptz not null,
    seen_at     timestamptz not null,
    ends_at     timestamptz not null,
    ended_at    timestamptz
);

create index sessions_of_account on sessions (account) where ended_at is null;
create index sessions_by_end on sessions (ends_at);

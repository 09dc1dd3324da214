-- What people prove themselves with. A password is an Argon2id hash (PHC string).
create table passwords (
    account    uuid        primary key references accounts (id),
    tenant     text        not null,
    hash       text        not null,
    changed_at timestamptz not null
);

-- Authenticator apps. The secret is sealed under a key that the database does not have. A code counts once: `last_step` is
-- the time step of the last code taken, and only later ones are.
create table authenticator_apps (
    account   uuid        primary key references accounts (id),
    tenant    text        not null,
    sealed    text        not null,
    last_step bigint      not null,
    added_at  timestamptz not null
);

create table passkeys (
    id            uuid        primary key,
    tenant        text        not null,
    account       uuid        not null references accounts (id),
    credential_id bytea       not null,
    -- The public key and what is known of the authenticator.
    credential    jsonb       not null,
    -- What the authenticator counted last; 0 where it does not count.
    counter       bigint      not null check (counter >= 0),
    name          text        not null,
    added_at      timestamptz not null,
    used_at       timestamptz,
    unique (tenant, credential_id)
);

create index passkeys_of_account on passkeys (account);

-- One-time codes that let somebody become an account, or an existing account prove itself in new ways. Only the code's hash
-- is here.
create table enrolments (
    id           uuid        primary key,
    tenant       text        not null,
    code_hash    bytea       not null check (octet_length(code_hash) = 32),
    persona      text        not null check (persona in ('patient', 'provider', 'admin')),
    fhir_id      text,
    organization text,
    practitioner text,
    -- Set when the code is for an account that is there already.
    account      uuid references accounts (id),
    created_by   text        not null,
    created_at   timestamptz not null,
    expires_at   timestamptz not null,
    -- How often the code was entered.
    opened       integer     not null check (opened >= 0),
    used_at      timestamptz,
    used_by      uuid references accounts (id),
    unique (tenant, code_hash),
    check ((persona = 'patient') = (fhir_id is not null)),
    check ((persona = 'provider') = (organization is not null)),
    check (practitioner is null or persona = 'provider'),
    check ((used_at is null) = (used_by is null))
);

create index enrolments_by_end on enrolments (expires_at);

-- What a browser is in the middle of: a password proven and a code awaited, a passkey asked for. Bound to the browser by
-- the hash of the secret in its cookie.
create table ceremonies (
    id           uuid        primary key,
    tenant       text        not null,
    browser_hash bytea       not null check (octet_length(browser_hash) = 32),
    account      uuid references accounts (id),
    step         jsonb       not null,
    attempts     integer     not null check (attempts >= 0),
    expires_at   timestamptz not null
);

create index ceremonies_of_browser on ceremonies (browser_hash);
create index ceremonies_by_end on ceremonies (expires_at);

select isolate_tenants('passwords');
select isolate_tenants('authenticator_apps');
select isolate_tenants('passkeys');
select isolate_tenants('enrolments');
select isolate_tenants('ceremonies');

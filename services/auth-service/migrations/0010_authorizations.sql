-- Which of our own services and apps a client is. `resources`: the audiences whose tokens it receives, and may therefore
-- ask about and exchange. `first_party`: the custodian's own app, for which nobody is asked.
alter table clients
    add column resources   text[]  not null default '{}',
    add column first_party boolean not null default false;
alter table clients
    alter column resources drop default,
    alter column first_party drop default;

-- What a person allowed an app. Ended, never deleted.
create table app_consents (
    tenant     text        not null,
    account    uuid        not null references accounts (id),
    client_id  text        not null,
    scope      text        not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    ended_at   timestamptz,
    primary key (tenant, account, client_id)
);

-- What an app got from one authorization request: a code, then access tokens, and maybe a family of refresh tokens, of
-- which the current one and the one before it are known by their hashes.
create table authorizations (
    tenant              text        not null,
    id                  uuid        not null,
    client_id           text        not null,
    account             uuid        not null references accounts (id),
    scope               text        not null,
    audience            text        not null,
    -- The sign-in that it came from.
    session             uuid        not null references sessions (id),
    acr                 text        not null check (acr in ('aal1', 'aal2')),
    amr                 text[]      not null check (cardinality(amr) > 0),
    auth_time           timestamptz not null,
    account_version     bigint      not null,
    -- Whether it outlives that sign-in.
    offline             boolean     not null,
    -- The key that its tokens are bound to.
    jkt                 text,
    created_at          timestamptz not null,
    ended_at            timestamptz,
    -- When refreshing ends whatever happens; absent: never.
    refresh_ends_at     timestamptz,
    idle_seconds        integer     not null check (idle_seconds > 0),
    current_hash        bytea       check (octet_length(current_hash) = 32),
    current_expires_at  timestamptz,
    previous_hash       bytea       check (octet_length(previous_hash) = 32),
    previous_expires_at timestamptz,
    -- The access tokens that may still be alive. Their ids begin with the time.
    recent_tokens       uuid[]      not null,
    primary key (tenant, id),
    check ((current_hash is null) = (current_expires_at is null)),
    check ((previous_hash is null) = (previous_expires_at is null))
);

create index authorizations_of_account on authorizations (tenant, account, client_id) where ended_at is null;
create index authorizations_of_session on authorizations (tenant, session) where ended_at is null;
create index authorizations_by_age on authorizations (tenant, created_at);

-- A code is good for a minute and once. It is kept for a while after that: one that comes back has been copied.
create table authorization_codes (
    tenant        text        not null,
    code_hash     bytea       not null check (octet_length(code_hash) = 32),
    authorization_id uuid     not null,
    client_id     text        not null,
    redirect_uri  text        not null,
    challenge     bytea       not null check (octet_length(challenge) = 32),
    nonce         text,
    jkt           text,
    created_at    timestamptz not null,
    expires_at    timestamptz not null,
    used_at       timestamptz,
    primary key (tenant, code_hash),
    foreign key (tenant, authorization_id) references authorizations (tenant, id) on delete cascade
);

create index authorization_codes_by_age on authorization_codes (tenant, created_at);
create index authorization_codes_of_authorization on authorization_codes (tenant, authorization_id);

select isolate_tenants('app_consents');
select isolate_tenants('authorizations');
select isolate_tenants('authorization_codes');

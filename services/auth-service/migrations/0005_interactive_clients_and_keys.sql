-- Each issuer has clients of its own: a request names no tenant, but it reaches one issuer.
alter table clients drop constraint clients_pkey;
alter table clients add primary key (tenant, client_id);
alter table used_assertions drop constraint used_assertions_pkey;
alter table used_assertions add primary key (tenant, client_id, jti);

-- Clients that people sign in to, and where a client comes from: the clients file, or the administration API.
-- `active` says whether the file (still) has it; `disabled_at` was set by an administrator and outlives every start.
alter table clients
    add column name                       text,
    add column redirect_uris              text[]  not null default '{}',
    add column post_logout_redirect_uris  text[]  not null default '{}',
    add column grant_types                text[]  not null default '{client_credentials}',
    add column token_endpoint_auth_method text    not null default 'private_key_jwt'
        check (token_endpoint_auth_method in ('private_key_jwt', 'none')),
    add column require_dpop               boolean not null default false,
    add column origin                     text    not null default 'file' check (origin in ('file', 'api')),
    add column disabled_at                timestamptz,
    drop constraint clients_persona_check,
    add constraint clients_persona_check check (persona in ('patient', 'provider', 'admin', 'system')),
    drop constraint clients_check,
    -- Whoever speaks for itself as a provider does so for one organisation; people bring their own.
    add constraint clients_organization_check check (
        (organization is not null) = (persona = 'provider' and 'client_credentials' = any (grant_types))
    ),
    add constraint clients_grant_types_check check (
        cardinality(grant_types) > 0
        and not ('client_credentials' = any (grant_types) and 'authorization_code' = any (grant_types))
        and ('authorization_code' = any (grant_types)) = (cardinality(redirect_uris) > 0)
        and (token_endpoint_auth_method <> 'none' or 'authorization_code' = any (grant_types))
    );
-- New rows say all of it.
alter table clients
    alter column redirect_uris drop default,
    alter column post_logout_redirect_uris drop default,
    alter column grant_types drop default,
    alter column token_endpoint_auth_method drop default,
    alter column require_dpop drop default,
    alter column origin drop default;

-- The keys that sign tokens. The private half is sealed under a key that is not in the database, and gone as soon as
-- the key can no longer sign.
create table signing_keys (
    tenant     text        not null,
    kid        text        not null,
    state      text        not null
        check (state in ('pending', 'published', 'active', 'retired', 'destroyed', 'compromised')),
    -- When it came into this state.
    since      timestamptz not null,
    created_at timestamptz not null,
    public_jwk jsonb       not null,
    sealed     text,
    primary key (tenant, kid),
    check ((sealed is null) = (state in ('destroyed', 'compromised')))
);

-- One key signs.
create unique index signing_keys_active on signing_keys (tenant) where state = 'active';

-- What a token names is looked up when the token is used here.
create index revocations_by_id on revocations (tenant, kind, id);

select isolate_tenants('clients');
select isolate_tenants('used_assertions');
select isolate_tenants('patients');
select isolate_tenants('bindings');
select isolate_tenants('organizations');
select isolate_tenants('organization_addresses');
select isolate_tenants('accounts');
select isolate_tenants('sessions');
select isolate_tenants('signing_keys');

-- Who may obtain tokens. Ids are unique in the whole deployment, because a token request names no tenant.
create table clients (
    client_id    text primary key,
    tenant       text        not null,
    persona      text        not null check (persona in ('provider', 'admin', 'system')),
    organization text,
    scope        text        not null,
    audiences    text[]      not null check (cardinality(audiences) > 0),
    purposes     text[]      not null,
    jwks         jsonb       not null,
    active       boolean     not null,
    updated_at   timestamptz not null,
    check ((persona = 'provider') = (organization is not null))
);

-- Client assertions already used; a row is needed only until the assertion has expired.
create table used_assertions (
    client_id  text        not null,
    jti        text        not null,
    tenant     text        not null,
    expires_at timestamptz not null,
    primary key (client_id, jti)
);

create index used_assertions_expiry on used_assertions (expires_at);

create table patients (
    tenant     text        not null,
    fhir_id    text        not null,
    created_at timestamptz not null,
    primary key (tenant, fhir_id)
);

-- A subject address stands for exactly one (tenant, patient); a patient may have several.
-- The signature is kept so that every reader can verify the binding itself.
create table bindings (
    subject   bytea primary key check (octet_length(subject) = 20),
    tenant    text        not null,
    fhir_id   text        not null,
    -- uint256, big-endian: bytes compare as the numbers do.
    nonce     bytea       not null check (octet_length(nonce) = 32),
    deadline  bigint      not null,
    signature bytea       not null check (octet_length(signature) = 65),
    bound_at  timestamptz not null,
    foreign key (tenant, fhir_id) references patients (tenant, fhir_id)
);

create index bindings_patient on bindings (tenant, fhir_id);

create table organizations (
    tenant     text        not null,
    id         text        not null,
    name       text        not null,
    updated_at timestamptz not null,
    primary key (tenant, id)
);

-- Within a tenant an address belongs to one organisation.
create table organization_addresses (
    tenant       text  not null,
    address      bytea not null check (octet_length(address) = 20),
    organization text  not null,
    primary key (tenant, address),
    foreign key (tenant, organization) references organizations (tenant, id)
);

create index organization_addresses_owner on organization_addresses (tenant, organization);

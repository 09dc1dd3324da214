-- Authorization requests on their way: pushed by their client (RFC 9126), or waiting for the person to sign in or to
-- answer. Who holds the id may go on with it, so only its hash is here.
create table authorization_requests (
    tenant     text        not null,
    id_hash    bytea       not null check (octet_length(id_hash) = 32),
    state      text        not null check (state in ('pushed', 'waiting')),
    client_id  text        not null,
    params     jsonb       not null,
    -- When the browser brought it: a sign-in after that is fresh.
    asked_at   timestamptz not null,
    expires_at timestamptz not null,
    primary key (tenant, id_hash)
);

create index authorization_requests_by_end on authorization_requests (tenant, expires_at);

-- Proofs of keys (RFC 9449) already used; a row is needed only until the proof has expired.
create table used_proofs (
    tenant     text        not null,
    jkt        text        not null,
    jti        text        not null,
    expires_at timestamptz not null,
    primary key (tenant, jkt, jti)
);

create index used_proofs_by_end on used_proofs (tenant, expires_at);

select isolate_tenants('authorization_requests');
select isolate_tenants('used_proofs');

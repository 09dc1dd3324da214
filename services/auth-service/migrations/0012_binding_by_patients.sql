-- A binding is signed by any kind of key. `signer` is empty for an address, else an ERC-7913 signer (a passkey).
alter table bindings
    drop constraint bindings_signature_check,
    add constraint bindings_signature_check check (octet_length(signature) between 1 and 8192),
    add column signer bytea not null default '' check (octet_length(signer) <= 1024),
    -- From when on the address no longer stands for the patient. It never stands for another.
    add column ended_at timestamptz;

-- What a patient stopped without a key. Denies only; a key lifts it.
create table stops (
    id        uuid        primary key,
    tenant    text        not null,
    fhir_id   text        not null,
    -- The account that placed it.
    placed_by uuid        not null,
    placed_at timestamptz not null,
    lifted_by bytea check (octet_length(lifted_by) = 20),
    lifted_at timestamptz,
    check ((lifted_by is null) = (lifted_at is null)),
    foreign key (tenant, fhir_id) references patients (tenant, fhir_id)
);

-- At most one at a time.
create unique index stops_placed on stops (tenant, fhir_id) where lifted_at is null;

-- A new address for a patient whose keys are lost: proposed by one administrator, confirmed by another, carried out
-- after a delay in which the patient can veto.
create table rebindings (
    id           uuid        primary key,
    tenant       text        not null,
    fhir_id      text        not null,
    subject      bytea       not null check (octet_length(subject) = 20),
    nonce        bytea       not null check (octet_length(nonce) = 32),
    deadline     bigint      not null,
    signer       bytea       not null check (octet_length(signer) <= 1024),
    signature    bytea       not null check (octet_length(signature) between 1 and 8192),
    state        text        not null check (state in ('proposed', 'confirmed', 'vetoed', 'done')),
    proposed_by  text        not null,
    proposed_at  timestamptz not null,
    confirmed_by text,
    confirmed_at timestamptz,
    ready_at     timestamptz,
    ended_at     timestamptz,
    check (confirmed_by is distinct from proposed_by),
    check ((confirmed_by is null) = (confirmed_at is null)),
    check ((confirmed_at is null) = (ready_at is null)),
    foreign key (tenant, fhir_id) references patients (tenant, fhir_id)
);

-- One under way for each patient.
create unique index rebindings_open on rebindings (tenant, fhir_id) where state in ('proposed', 'confirmed');

select isolate_tenants('stops');
select isolate_tenants('rebindings');

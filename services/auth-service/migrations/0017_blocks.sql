-- Clinics that a patient does not want to be asked by again. Nobody else is told, and no consent changes by it.
create table blocks (
    tenant     text        not null,
    fhir_id    text        not null,
    -- The address on chain that asks.
    grantee    bytea       not null check (octet_length(grantee) = 20),
    created_at timestamptz not null,
    primary key (tenant, fhir_id, grantee),
    foreign key (tenant, fhir_id) references patients (tenant, fhir_id)
);

select isolate_tenants('blocks');

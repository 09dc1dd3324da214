-- Hides a table's rows from every connection that speaks for another tenant (`consentry.tenant`, set by the pool), and
-- from one that speaks for none; from the owner too. Every table with a tenant is isolated so by the migration that
-- makes it.
create function isolate_tenants(target regclass) returns void language plpgsql as $$
begin
    execute format('alter table %s enable row level security', target);
    execute format('alter table %s force row level security', target);
    execute format(
        'create policy one_tenant on %s using (tenant = current_setting(''consentry.tenant'', true))
         with check (tenant = current_setting(''consentry.tenant'', true))', target);
end
$$;

-- The last place given away in each tenant's feed of revocations. Whoever takes the next one holds this row until the
-- end of its transaction: places become visible in their order, none is missing.
create table revocation_feeds (
    tenant   text   primary key,
    last_seq bigint not null check (last_seq > 0)
);

-- What died before its time. `before` and `until` are Unix seconds: tokens issued earlier are dead, and from then on
-- none of them can be alive.
create table revocations (
    tenant     text        not null,
    seq        bigint      not null check (seq > 0),
    kind       text        not null check (kind in ('session', 'token', 'client', 'account', 'organization', 'key')),
    id         text        not null,
    before     bigint      not null,
    until      bigint      not null,
    created_at timestamptz not null,
    primary key (tenant, seq)
);

create index revocations_by_end on revocations (tenant, until);

select isolate_tenants('revocation_feeds');
select isolate_tenants('revocations');

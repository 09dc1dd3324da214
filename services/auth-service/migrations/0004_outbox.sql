-- Read by service_kit::outbox.
create table outbox (
    id           bigint generated always as identity primary key,
    topic        text        not null,
    key          text        not null,
    event_id     uuid        not null unique,
    kind         text        not null,
    source       text        not null,
    happened_at  timestamptz not null,
    tenant       text,
    corr_id      text        not null,
    body         bytea       not null,
    published_at timestamptz
);
create index outbox_unpublished on outbox (id) where published_at is null;

select isolate_tenants('outbox');

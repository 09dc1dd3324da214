-- By which mandate an app's person acts for a patient; null where they act for themselves.
alter table authorizations add column proxy uuid references proxies (id);

create index authorizations_of_proxy on authorizations (tenant, proxy) where ended_at is null and proxy is not null;

-- What a person allowed an app for themselves says nothing of a patient for whom they act.
alter table app_consents add column proxy uuid references proxies (id);
alter table app_consents drop constraint app_consents_pkey;
alter table app_consents add constraint app_consents_key unique nulls not distinct (tenant, account, client_id, proxy);

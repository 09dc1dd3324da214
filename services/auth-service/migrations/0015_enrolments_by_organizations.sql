-- The organisation whose backend made a code; null where an administrator did. Such a code makes a first account only, and
-- an organisation makes so many in an hour.
alter table enrolments add column invited_by text;

create index enrolments_of_organization on enrolments (tenant, invited_by, created_at) where invited_by is not null;

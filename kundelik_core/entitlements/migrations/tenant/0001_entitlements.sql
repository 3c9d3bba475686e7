-- What a family or a school was granted beyond the free core: a history, in which nothing but the revocation is ever
-- filled in later. Without a pupil it is for all of the school; without a holder the school itself holds it.
create table core.entitlement (
  school_id     integer     not null,
  id            uuid        not null,
  holder_id     uuid,
  pupil_id      uuid,
  feature       text        not null check (feature ~ '^[a-z][a-z0-9_]*([.][a-z][a-z0-9_]*)+$'),
  scope         text        not null default '*' check (length(scope) between 1 and 100),
  valid_from    timestamptz not null,
  valid_until   timestamptz check (valid_until > valid_from),
  source        text        not null check (source ~ '^[a-z][a-z0-9_]{1,29}$'),
  source_ref    text        not null check (length(source_ref) between 1 and 100),
  granted_at    timestamptz not null,
  granted_by    uuid,
  revoked_at    timestamptz,
  revoked_by    uuid,
  revoke_reason text        check (length(revoke_reason) <= 500),
  primary key (school_id, id)
);

select core.tenant_table('core.entitlement', 'select, insert');

grant update (revoked_at, revoked_by, revoke_reason) on core.entitlement to kundelik_app;

alter table core.entitlement add foreign key (school_id, pupil_id) references core.person (school_id, id);

alter table core.entitlement add foreign key (school_id, holder_id) references core.person (school_id, id);

create index entitlement_pupil on core.entitlement (school_id, pupil_id);

-- The same order line, told twice, grants once.
create unique index entitlement_source on core.entitlement (school_id, source, source_ref);

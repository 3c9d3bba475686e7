-- Whether what one guardian has bought for a child serves the child's other guardians too. A history, of which the last
-- row holds; without any it does.
create table core.guardian_sharing (
  school_id integer     not null,
  since     timestamptz not null,
  shared    boolean     not null,
  -- The account of whoever did.
  set_by    uuid,
  primary key (school_id, since)
);

select core.tenant_table('core.guardian_sharing', 'select, insert');

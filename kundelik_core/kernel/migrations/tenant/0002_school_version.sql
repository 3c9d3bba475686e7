-- Counts the changes of a school that no group's own counter (core.teaching_group.version) covers. It rises
-- with the transaction that changed something, so whoever reads the same number has seen the same school.
create table core.school_version (
  school_id integer not null primary key,
  version   bigint  not null
) with (fillfactor = 50);

select core.tenant_table('core.school_version', 'select, insert, update');

-- Rises like the version of the group, but not with marks alone: whoever reads the same number has seen the same
-- lessons, works and members.
alter table core.teaching_group add column layout bigint not null default 0;

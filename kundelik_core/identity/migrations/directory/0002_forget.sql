-- Lets an account forget who it was in a school. When nothing is left that it could open, it loses its name, its
-- logins, its password and its sessions; its number stays in logs of what was done. True: that was the case.
create function directory.forget_person(school integer, person uuid, account uuid) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  delete from directory.account_child c
   where c.school_id = school and (c.guardian_id = person or c.pupil_id = person);
  delete from directory.account_school s where s.school_id = school and s.person_id = person;
  if account is null
     or exists (select from directory.account_school s where s.account_id = account)
     or exists (select from directory.account_child c where c.account_id = account)
     or exists (select from directory.platform_role p where p.account_id = account) then
    return false;
  end if;
  update directory.account a
     set display_name = '—', password_hash = null, status = 'blocked'
   where a.id = account;
  delete from directory.login l where l.account_id = account;
  delete from directory.activation v where v.account_id = account;
  delete from directory.session s where s.account_id = account;
  update directory.sign_in_log g set address = '' where g.account_id = account;
  return true;
end $$;

revoke all on function directory.forget_person(integer, uuid, uuid) from public;

grant execute on function directory.forget_person(integer, uuid, uuid) to kundelik_app;

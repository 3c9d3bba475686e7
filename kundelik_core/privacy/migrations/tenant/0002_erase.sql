-- Takes away everything that leads to a person: name, dates, contacts, ties to others, words written about them, who
-- looked. What counts in sums stays, under a number: marks, absences, results, entries of the ledger. History and logs
-- can only be added to by the application; this function alone may take words out of them.
create function core.erase_person(school integer, person uuid, at timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if school is distinct from nullif(current_setting('app.school_id', true), '')::integer then
    raise insufficient_privilege using message = 'the school is not the one of this transaction';
  end if;
  update core.person p
     set surname = '—', given = '', patronymic = '', birth_date = null, sex = null, sort_key = '', search_key = '',
         phone = null, email = null, iin_cipher = null, iin_hash = null, source = null, source_id = null,
         account_id = null, status = 'erased', changed_at = at
   where p.school_id = school and p.id = person and p.status <> 'erased';
  if not found then
    return false;
  end if;
  delete from core.guardianship g
   where g.school_id = school and (g.guardian_id = person or g.pupil_id = person);
  update core.mark m set comment = null
   where m.school_id = school and m.pupil_id = person and m.comment is not null;
  update core.cell_history h set old = '', new = '', reason = null
   where h.school_id = school and h.pupil_id = person and h.field = 'comment';
  update core.cell_history h set reason = null
   where h.school_id = school and h.pupil_id = person and h.reason is not null;
  delete from core.access_log a where a.school_id = school and a.subject_id = person;
  delete from core.diary_seen d where d.school_id = school and (d.pupil_id = person or d.viewer_id = person);
  -- What was noted of a change to the person itself may hold the words that were changed.
  update core.audit_log l set before = null, after = null
   where l.school_id = school and l.entity = 'person' and l.entity_id = person::text;
  return true;
end $$;

revoke all on function core.erase_person(integer, uuid, timestamptz) from public;

grant execute on function core.erase_person(integer, uuid, timestamptz) to kundelik_app;

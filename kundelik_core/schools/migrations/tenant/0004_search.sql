-- A search looks through the names of a school in the index alone: it holds all that is compared, and whose it is.
create index person_words on core.person (school_id, search_key) include (id);

drop index core.person_search;

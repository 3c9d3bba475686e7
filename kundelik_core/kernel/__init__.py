"""Give every floor above settings, the database, ids, time, languages and clear errors."""

"""Schools: their calendar, classes, teaching groups, people and timetable."""

"""Note the coming birthdays of a class."""

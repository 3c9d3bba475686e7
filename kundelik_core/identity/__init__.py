"""Know who is asking: accounts, sign-in, sessions, roles and permissions."""

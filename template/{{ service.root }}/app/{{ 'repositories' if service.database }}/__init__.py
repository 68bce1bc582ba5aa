"""What tasks ask the database, in words of their work. A repository gets the session."""

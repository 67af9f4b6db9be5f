"""The facts: one SQL database, SQLite or PostgreSQL."""

"""The facts: one SQL database, SQLite or PostgreSQL, behind `ports.repository`."""

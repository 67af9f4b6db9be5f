#!/bin/sh
set -eu

# What your entrypoint did before, such as migrations, stays here.

# --- logos ----------------------------------------------------------------------------------------
# Makes the directory and the database ready, and fetches what is due: a minute or two the first time,
# a second later on. A logo that cannot be had is no failure. A directory or a database that cannot be
# used is one: a line says what to do, and the backend starts without logos.
logocache init || echo "no logos until 'logocache init' has run" >&2
# --------------------------------------------------------------------------------------------------

exec uvicorn main:app --host 0.0.0.0 --port 8000

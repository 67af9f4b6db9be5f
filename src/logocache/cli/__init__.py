"""The command line: `app` declares it, `commands` act, `views` and `render` show.

Many imports in this box stand inside functions. `logocache --help`, `--version` and shell
completion answer in a fraction of the time that the engines, the settings or even the result types
need to load, so these are loaded only by a command that is really run.
"""

"""The command line: `app` declares it, `commands` run operations, `views` and `output` show results.

Many imports in this package are inside functions: `--help`, `--version` and shell completion take a
fraction of the time that the operations, the settings or even the result types need to load, so only
a command that runs loads them.
"""

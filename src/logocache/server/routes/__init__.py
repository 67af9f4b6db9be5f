"""One module per group of routes; `build` returns its router."""

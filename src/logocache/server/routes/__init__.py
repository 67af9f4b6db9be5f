"""One module for each group of routes: `build(...)` gives its router."""

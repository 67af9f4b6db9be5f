"""Where logos come from: one class for each family of sources, one line in `registry` for each source."""

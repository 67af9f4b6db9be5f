"""Sources of logos: one class per family, one line in `registry` per source."""

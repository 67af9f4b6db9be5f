"""Results in words: each module turns one result into blocks, and touches nothing."""

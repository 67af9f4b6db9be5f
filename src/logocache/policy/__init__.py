"""Pure rules: everything they need is passed in, and they do no I/O."""

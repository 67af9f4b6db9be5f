"""Storage of logo files in a flat directory that a web server may serve directly."""

"""The bytes: a flat directory of logos that a web server may serve as it is."""

"""The gallery: all logos on one page, and the facts of each."""

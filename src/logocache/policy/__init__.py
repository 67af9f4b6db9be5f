"""The rules, pure: everything they need is passed in, and they touch nothing."""

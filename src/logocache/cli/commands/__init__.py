"""The commands: each reads what was typed, makes one call, and shows what it answers."""

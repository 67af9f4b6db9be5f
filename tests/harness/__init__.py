"""Everything that tests share: fakes, factories, servers, databases, and readers of pages."""

"""How the network is asked: guarded, bounded in time and size, politely. Entry: `client.HttpFetcher`."""

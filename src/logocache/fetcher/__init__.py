"""HTTP client: guarded against SSRF, bounded in time and size, rate-limited. Entry: `client.HttpFetcher`."""

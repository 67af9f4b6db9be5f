"""logocache: a self-hosted cache of company and integration logos.

    from logocache import Settings, open_cache

    with open_cache(Settings(dir="logos")) as cache:
        cache.init()
        logo = cache.get("shopify")

Importing this package loads no engine: `open_cache` does, when it is called.
"""

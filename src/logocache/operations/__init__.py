"""The operations that put the boxes in sequence, one file each; `cache.LogoCache` is their front."""

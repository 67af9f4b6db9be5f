"""Image processing: untrusted bytes become PNGs of our own, in expendable decoder processes."""

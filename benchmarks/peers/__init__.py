"""pixfeed beside other loaders: ``make bench-peers``, or without installing them ``python -m benchmarks.peers``."""

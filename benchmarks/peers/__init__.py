"""pixfeed beside other loaders: ``python -m benchmarks.peers``, or ``make bench-peers``, which installs them as well."""

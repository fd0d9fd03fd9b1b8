"""``pixfeed check``: what is wrong with a list and with the files that it names."""

"""The commands of ``python -m pixfeed``."""

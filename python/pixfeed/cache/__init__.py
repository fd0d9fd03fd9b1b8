"""Decoded pictures that are kept between epochs, runs and jobs."""

from pixfeed.cache.settings import Cache

__all__ = ["Cache"]

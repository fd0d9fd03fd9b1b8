"""Measurements: pixfeed beside what people use today, in one run."""

"""Programs that show pixfeed at work; run them from the project's root: python -m examples.demo"""

"""The command line: ``pixfeed``, or ``python -m pixfeed``. A command reads its options, calls ``tools`` and prints."""

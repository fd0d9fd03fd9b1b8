"""Which images there are: list files, annotations, folders, and what was given in memory."""

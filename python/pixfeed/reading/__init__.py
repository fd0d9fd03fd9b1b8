"""Reading images: options, the pipeline from files to pixels, and functions that need no dataset."""

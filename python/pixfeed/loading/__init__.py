"""The DataLoader: threads, the order of an epoch, and what its time was spent on."""

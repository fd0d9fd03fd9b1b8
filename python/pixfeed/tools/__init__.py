"""What the commands do: reports, checks, comparisons and pictures."""

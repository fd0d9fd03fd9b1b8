"""What ``python -m pixfeed`` runs."""

"""Training: the loop, optimisers, stopping and checkpoints. Knows no files of users and no reports."""

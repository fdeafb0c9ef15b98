"""What happened: records of runs, the folder they are kept in, and checkpoints on disk."""

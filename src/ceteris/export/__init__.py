"""Trained networks as files that other software runs, each with a card that says what it is and how well it does."""

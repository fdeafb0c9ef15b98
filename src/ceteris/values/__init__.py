"""The base of every value in a study, and what is wrong with one, in sentences."""

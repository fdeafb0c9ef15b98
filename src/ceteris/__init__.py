"""Controlled experiments on image classifiers: declare a baseline and what you change, learn what each change did."""

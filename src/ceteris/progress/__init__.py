"""How far a study is while it runs, on a terminal and in a notebook."""

"""Results in the formats of experiment trackers, computed from the records afterwards: training needs none of them."""

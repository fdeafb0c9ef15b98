"""How a network learns: the seam that engines fill, and what all of them share."""

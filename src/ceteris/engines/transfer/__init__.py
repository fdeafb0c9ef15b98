"""Transfer learning: pretrained backbones, frozen with their features kept, or trained further."""

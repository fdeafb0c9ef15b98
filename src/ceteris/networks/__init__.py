"""What a network is made of: one file a layer kind, pretrained backbones, shapes and costs."""

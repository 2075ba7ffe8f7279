"""What all saved models have in common, between `gatecast.artifact`, which knows files, and each kind of model."""

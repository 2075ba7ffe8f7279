"""What is known of each step besides the values: the season. Knows no models."""

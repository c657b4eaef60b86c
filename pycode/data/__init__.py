"""Real images: where they come from, how they are divided, what is demanded of them."""

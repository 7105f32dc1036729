"""The protocols that the core is written against, one file each; adapters implement them."""

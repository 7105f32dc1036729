"""What runs inside the box to serve files: the standard library only, and nothing of minion beside this package."""

"""What the App does on GitHub for a blueprint: one file for each `uses`, each looking for its own traces first."""

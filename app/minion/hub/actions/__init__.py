"""Actions: reads a repository's workflows, decides which ones an event starts, and runs their jobs."""

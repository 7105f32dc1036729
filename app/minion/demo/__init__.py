"""The whole path on one machine: hub, App, scripted model and a real project, with no account and no network."""

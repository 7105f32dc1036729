"""What changes the hub's state, and tells webhooks and Actions about it. REST, git and the control API all end here."""

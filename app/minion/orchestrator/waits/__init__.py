"""What a blueprint waits for: one file for each event. Waiting is a row with a due time, nothing more."""

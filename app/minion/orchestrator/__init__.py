"""The durable life of a task: deliveries become tasks, and `advance` takes each one step further at a time.

All logic is idempotent and reads the current truth; the queue, the clock and the database only decide when it runs.
"""

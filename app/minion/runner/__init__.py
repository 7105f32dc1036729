"""One round of a task: claim it, prepare, run work nodes in the box until an effect or a wait, hand the result over.

The runner holds a token that reads one repository and one that speaks for this round; neither reaches a child process.
"""

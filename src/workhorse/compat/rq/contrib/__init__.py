"""RQ's place for what others contribute; there is nothing in it."""

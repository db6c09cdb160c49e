"""What connects Workhorse with services that other people run."""

"""RQ's upkeep; here, whoever asks for jobs does what is to be done."""

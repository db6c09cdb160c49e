"""Where RQ keeps a job between queue and worker; here no job is ever in between."""

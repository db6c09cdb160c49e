"""The play behind `workhorse demo`: real jobs on real files, run by a real worker."""

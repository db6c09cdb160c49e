"""The pytest plugin; pytest loads it in every environment that Workhorse is installed in."""

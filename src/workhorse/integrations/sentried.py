"""To be preloaded where SENTRY_DSN is set: who imports this begins to speak to Sentry.

Then what a job logs and does before it fails is told as well.
"""

from workhorse.integrations.sentry import set_up

set_up()

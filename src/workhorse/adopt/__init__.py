"""Take over a running RQ installation on the same server: see docs/design/009-adopt.md."""

// Steps: see docs/ARCHITECTURE.md.

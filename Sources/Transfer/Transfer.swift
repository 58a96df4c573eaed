// Transfer: see docs/ARCHITECTURE.md.

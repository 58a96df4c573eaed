// Training: see docs/ARCHITECTURE.md.

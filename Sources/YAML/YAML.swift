// YAML: see docs/ARCHITECTURE.md.

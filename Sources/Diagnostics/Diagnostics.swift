// Diagnostics: see docs/ARCHITECTURE.md.

// Tokenization: see docs/ARCHITECTURE.md.

// Kernels: see docs/ARCHITECTURE.md.

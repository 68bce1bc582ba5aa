"""The clients of external APIs: one module each."""

"""`make demo`: a worker from the first question to the first result."""

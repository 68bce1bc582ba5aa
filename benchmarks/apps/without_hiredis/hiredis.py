"""In the place of hiredis: redis-py parses by itself then."""

raise ImportError

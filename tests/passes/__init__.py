"""Each pass alone, on small programs: what it makes of them, and what it must leave alone."""

"""A compiler as data: the profile of one release, the conditions and the rules of memory it may name, its prices."""

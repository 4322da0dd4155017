-- Every name by which people were ever seen, those given first. ARGV: now, then hashes of names.
-- Reads only. KEYS[11]: aliases, KEYS[12]: kin. Returns the names.
return names_of(KEYS[11], KEYS[12], unpack(ARGV, 2))

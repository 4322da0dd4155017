-- Every name by which people were ever seen, those told first. ARGV: now, then names.
-- KEYS[11]: aliases, KEYS[12]: kin. Returns the names; reads only.
return names_of(KEYS[11], KEYS[12], unpack(ARGV, 2))

# Adds LCOV files up: a line of src counts as covered when any run reached it. -v root=... names the working copy; the least per cent is
# -v least=... and the folders of src -v modules=...; prints one row a module and the sum, and exits 1 below the least or when the collector
# left a module out.
/^SF:/ {
  file = substr($0, 4)
  isOurs = index(file, root "/src/") == 1
  rest = substr(file, length(root "/src/") + 1)
  module = substr(rest, 1, index(rest, "/") - 1)
}
isOurs && /^DA:/ {
  split(substr($0, 4), part, ",")
  key = file SUBSEP part[1]
  if (!(key in hit)) { hit[key] = 0; lines[module]++; all++ }
  if (part[2] > 0 && !hit[key]) { hit[key] = 1; covered[module]++; good++ }
}
END {
  if (all == 0) { print "coverage: nothing was measured"; exit 1 }
  print "line coverage of src"
  sorted = "sort"
  for (module in lines) printf "  %-14s %6.1f %%  %5d of %5d lines\n", module, 100 * covered[module] / lines[module], covered[module], lines[module] | sorted
  close(sorted)
  count = split(modules, wanted, "/[[:space:]]*")
  for (i = 1; i <= count; i++) if (wanted[i] != "" && !(wanted[i] in lines)) { print "FAIL nothing of src/" wanted[i] " was measured"; missing = 1 }
  percent = 100 * good / all
  printf "  %-14s %6.1f %%  %5d of %5d lines (at least %d %%)\n", "all", percent, good, all, least
  if (percent < least) { print "FAIL line coverage is below " least " %"; exit 1 }
  if (missing) exit 1
}

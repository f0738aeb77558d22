# Reads a TRX file of test results; appends "passed failed skipped" to the file named by -v totals=..., and prints every failure and
# every skip with its reason (-v project=...).
BEGIN { RS = "<"; passed = failed = skipped = 0 }

function plain(text) {
  gsub(/&quot;/, "\"", text); gsub(/&apos;/, "'", text); gsub(/&lt;/, "<", text); gsub(/&gt;/, ">", text)
  gsub(/&#x[dD];/, "", text); gsub(/&#x[aA];/, "\n", text); gsub(/&amp;/, "\\&", text)
  gsub(/\\"/, "\"", text)
  return text
}

function attribute(name,   found) {
  if (!match($0, name "=\"[^\"]*\"")) return ""
  found = substr($0, RSTART + length(name) + 2, RLENGTH - length(name) - 3)
  return plain(found)
}

function body(   text) {
  text = $0
  sub(/^[^>]*>/, "", text)
  sub(/[ \r\n\t]+$/, "", text)
  return plain(text)
}

function finish() {
  if (outcome == "Passed") passed++
  else if (outcome == "NotExecuted") { skipped++; sub(/\n.*/, "", message); skips = skips "SKIP " name ": " message "\n" }
  else if (outcome != "") { failed++; fails = fails "FAIL " name "\n" indented(message) indented(trace) }
  outcome = ""
}

function indented(text) {
  if (text == "") return ""
  gsub(/\n/, "\n     ", text)
  return "     " text "\n"
}

/^UnitTestResult / { finish(); name = attribute("testName"); outcome = attribute("outcome"); message = trace = "" }
/^Message>/ && outcome != "" { message = body() }
/^StdOut>/ && outcome == "NotExecuted" && message == "" { message = body() }
/^StackTrace>/ && outcome != "" { trace = body() }
/^\/Results>/ { finish() }

END {
  finish()
  printf "%s", skips fails
  print passed, failed, skipped >> totals
}

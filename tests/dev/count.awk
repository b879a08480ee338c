# SPDX-License-Identifier: Apache-2.0
# Sums the closing lines of a test log: "P passed, F failed[, S skipped]" or "x%: Checks: N, Failures: F, Errors: E".
/^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+/ {
	n = $3 + 0; bad = $5 + $7; p += n - bad; f += bad
}
/^([A-Za-z0-9_.\/-]+: )?[0-9]+ passed, [0-9]+ failed/ {
	line = $0; sub(/^[A-Za-z0-9_.\/-]+: /, "", line); split(line, w, /[ ,]+/)
	p += w[1]; f += w[3]; if (w[5] ~ /^[0-9]+$/) s += w[5]
}
END { print p + 0, f + 0, s + 0 }

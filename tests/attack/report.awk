# SPDX-License-Identifier: Apache-2.0
# Lines "PROGRAM survived|WON NAME worst_other_wait_ms N[: why]" to attacks_won and worst_other_wait_ms.
{
	n++
	ms = 0
	won += ($2 != "survived")
	for (i = 3; i < NF; i++)
		if ($i == "worst_other_wait_ms") {
			ms = $(i + 1) + 0
			if (ms > worst) worst = ms
		}
	row[n] = sprintf("{\"program\":\"%s\",\"attack\":\"%s\",\"won\":%s,\"other_wait_ms\":%d}", $1, $3,
			 ($2 == "survived" ? "false" : "true"), ms)
}
END {
	if (json == "--json") {
		printf "{\"schema_version\":\"1.0\",\"attacks\":%d,\"attacks_won\":%d,\"worst_other_wait_ms\":%d,\"rows\":[", n, won, worst
		for (i = 1; i <= n; i++) printf "%s%s", (i > 1 ? "," : ""), row[i]
		print "]}"
	} else {
		printf "attacks %d  attacks_won %d  worst_other_wait_ms %d\n", n, won, worst
		printf "%d passed, %d failed\n", n - won, won
	}
	exit (won > 0)
}

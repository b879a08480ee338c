# SPDX-License-Identifier: Apache-2.0
# "name value" lines -> the table with its limits, or one JSON document. Exit 1 when a limit is passed.
BEGIN {
	n = split("map_lookup_ratio 1.10 map_create_ratio 15 prog_load_small_ratio 9 prog_load_4000_ratio 1.6 " \
		  "crowd_latency_ratio 1.5 drain_10000_s 1 idle_pss_mb 32 start_ready_s 0.5 median_overhead 1.02 " \
		  "explain_large_walks 4 explain_mended_walks 5", w, " ")
	for (i = 1; i < n; i += 2) { order[++rows] = w[i]; limit[w[i]] = w[i + 1] }
}
{ value[$1] = $2 }
END {
	if (json == "--json") printf "{\"results\":["
	else printf "%-24s %10s %10s  %s\n", "MEASURE", "VALUE", "AT MOST", ""
	for (i = 1; i <= rows; i++) {
		name = order[i]
		missing = !(name in value)
		ok = !missing && value[name] + 0 <= limit[name] + 0
		if (!ok) bad++
		if (json == "--json")
			printf "%s{\"name\":\"%s\",\"value\":%s,\"limit\":%s,\"ok\":%s}", (i > 1 ? "," : ""), name,
				missing ? "null" : value[name] + 0, limit[name], ok ? "true" : "false"
		else {
			us = (name "_us") in value ? sprintf("%s us against %s us direct", value[name "_us"], value[name "_direct_us"]) : ""
			printf "%-24s %10s %10s  %-8s %s\n", name, missing ? "-" : value[name], limit[name], ok ? "ok" : "over", us
		}
	}
	if (json == "--json") print "]}"
	if (json != "--json" && "prog_load_fresh_ratio" in value)
		printf "%-24s %10s %10s  %-8s %s us against %s us direct\n", "prog_load_fresh_ratio", value["prog_load_fresh_ratio"], "-", "",
			value["prog_load_fresh_ratio_us"], value["prog_load_fresh_ratio_direct_us"]
	exit bad > 0
}

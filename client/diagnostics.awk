# SPDX-License-Identifier: Apache-2.0
# Examples of diagnostics, from the tests that judge them: for each code a program that is refused with it and one that
# is accepted and differs in little. C programs of tests/explain come before text cases, short ones before long ones.
#   awk -v form=table|scd -f diagnostics.awk proto/refusal.def verifier/state/diag.def tests/explain/x.h tests/explain/*.case tests/cases/*.case
# table: rows EXAMPLE("CODE", "language", "refused", "accepted"); scd: the man page bpfgate-diagnostics(7).

BEGIN {
	class_name["SOURCE"] = "your code"; class_name["COMPILER"] = "compiler lowering"
	class_name["LIMIT"] = "kernel limit"; class_name["FEATURE"] = "missing feature"
	class_name["POLICY"] = "policy"; class_name["OBJECT"] = "the object"
	class_name["REQUEST"] = "the request"; class_name["QUOTA"] = "quota"; class_name["OFFER"] = "not offered"
	class_name["KERNEL"] = "the kernel"; class_name["DAEMON"] = "the daemon"; class_name["COMMAND"] = "the command"
	header["ethhdr"] = "linux/if_ether.h"; header["ETH_"] = "linux/if_ether.h"; header["iphdr"] = "linux/ip.h"
	header["ipv6hdr"] = "linux/ipv6.h"; header["tcphdr"] = "linux/tcp.h"; header["udphdr"] = "linux/udp.h"
	header["IPPROTO"] = "linux/in.h"; header["bpf_hton"] = "bpf/bpf_endian.h"; header["bpf_ntoh"] = "bpf/bpf_endian.h"
}

# ---- what is read -----------------------------------------------------------------------------

FILENAME ~ /refusal\.def$/ { if (/^REFUSAL\(/) read_refusal($0); next }
FILENAME ~ /diag\.def$/ { if (/^DIAG\(/) read_row($0); next }
FILENAME ~ /x\.h$/ { read_shared($0); next }
FNR == 1 { finish(); is_c = FILENAME ~ /tests\/explain\//; fixed = 0 }
is_c { read_c($0); next }
/^case / { finish_case(); name = substr($0, 6); text = $0 "\n"; lines = 0; code = ""; twin = ""; accepted = 0; old = 0; next }
/^#/ || /^[ \t]*$/ || name == "" { next }
/^twin / { twin = substr($0, 6); next }
/^(message|kernel_says|insns|not_on_kernel)/ { next }
/^expect / { accepted = $2 == "accept"; code = $2 == "reject" ? $4 : "" }
/^kernel / { old = 100 }
{ text = text $0 "\n"; lines++ }
END {
	finish()
	if (form == "scd")
		write_page()
	else
		write_table()
}

function read_row(line,    part, cls) {
	gsub(/\\"/, "\001", line)
	split(line, part, "\"")
	cls = part[3]
	gsub(/[, ]/, "", cls)
	row_cnt++
	row_code[row_cnt] = part[2]; row_class[row_cnt] = class_name[cls]
	row_meaning[row_cnt] = unquoted(part[4]); row_way[row_cnt] = unquoted(part[6])
}
function read_refusal(line,    part, cls) {
	gsub(/\\"/, "\001", line)
	split(line, part, "\"")
	cls = part[3]
	gsub(/[, ]/, "", cls)
	refusal_cnt++
	refusal_code[refusal_cnt] = part[2]; refusal_class[refusal_cnt] = class_name[cls]
	refusal_meaning[refusal_cnt] = unquoted(part[4]); refusal_way[refusal_cnt] = unquoted(part[6])
}
function unquoted(s) { gsub(/\001/, "\"", s); return s }

# Definitions of one line that C cases may use, by name.
function read_shared(line,    words) {
	if (line ~ /^struct \{.*SEC\("\.maps"\);$/) {
		match(line, /\} [a-z_]+ SEC/)
		shared[substr(line, RSTART + 2, RLENGTH - 6)] = line
	} else if (line ~ /^struct [a-z_]+ \{.*\};$/) {
		split(line, words, " ")
		shared["struct " words[2]] = line
	} else if (line ~ /^__s64 state;/) {
		shared["state"] = line
	} else if (line ~ /^#define PACKET/ || joined) {
		shared["PACKET"] = shared["PACKET"] (joined ? "\n" : "") line
		joined = line ~ /\\$/
	}
}

function read_c(line) {
	if (line ~ /^\/\/ want:/) {
		c_code = match(line, /code=[A-Z0-9-]+/) ? substr(line, RSTART + 5, RLENGTH - 5) : ""
		if (line ~ /(flags|mode|host)=/)
			c_code = ""
	}
	if (line ~ /define LICENSE/)
		c_code = ""
	if (line ~ /^\/\/ / || line ~ /^#include "x\.h"/)
		return
	if (line ~ /^#ifdef FIXED/) { fixed = 1; return }
	if (line ~ /^#ifndef FIXED/) { fixed = 2; return }
	if (fixed && line ~ /^#else/) { fixed = 3 - fixed; return }
	if (fixed && line ~ /^#endif/) { fixed = 0; return }
	sub(/[ \t]*\/\/ (HERE|ALSO).*$/, "", line)
	c_lines++
	if (fixed != 1) c_bad = c_bad line "\n"
	if (fixed != 2) c_good = c_good line "\n"
}

# ---- which are taken --------------------------------------------------------------------------

function take(of, language, bad, good, cost) {
	if ((of in best_cost) && best_cost[of] <= cost)
		return
	best_cost[of] = cost; best_language[of] = language; best_bad[of] = bad; best_good[of] = good
}

function whole_c(body,    key, head, defs) {
	head = "#include <linux/bpf.h>\n"
	defs = ""
	for (key in header)
		if (index(body, key) && !index(head, header[key]))
			head = head "#include <" header[key] ">\n"
	head = head "#include <bpf/bpf_helpers.h>\n"
	for (key in shared)
		if (key ~ /^struct / && (body ~ (key "[^a-z_]") || (key == "struct big" && body ~ /&bigs/) || (key == "struct wide_key" && body ~ /&wide/)))
			defs = defs shared[key] "\n"
	for (key in shared)
		if (key !~ /^struct / && body ~ ("[^a-z_>.]" key "[^a-z_]"))
			defs = defs shared[key] "\n"
	gsub(/; __/, ";\n\t__", defs)
	gsub(/struct \{ __/, "struct {\n\t__", defs)
	gsub(/; \} /, ";\n} ", defs)
	return head "\n" (defs == "" ? "" : defs "\n") body "\nchar _license[] SEC(\"license\") = \"GPL\";\n"
}

function finish_case(    key) {
	if (name == "")
		return
	if (accepted)
		case_accepted[name] = text
	else if (code != "" && twin != "") {
		key = ++pending
		p_code[key] = code; p_twin[key] = twin; p_text[key] = text; p_cost[key] = 1000 + old + lines
	}
	name = ""
}

# The end of a file: twins stand in the same one.
function finish(    key) {
	finish_case()
	for (key = 1; key <= pending; key++)
		if (p_twin[key] in case_accepted)
			take(p_code[key], "case", p_text[key], case_accepted[p_twin[key]], p_cost[key])
	pending = 0
	for (key in case_accepted)
		delete case_accepted[key]
	if (c_code != "" && c_bad != c_good)
		take(c_code, "c", whole_c(c_bad), whole_c(c_good), c_lines)
	c_code = c_bad = c_good = ""
	c_lines = 0
}

# ---- what is written --------------------------------------------------------------------------

function quoted(s) {
	gsub(/\\/, "\\\\", s)
	gsub(/"/, "\\\"", s)
	gsub(/\t/, "\\t", s)
	gsub(/\n/, "\\n", s)
	return "\"" s "\""
}

function write_table(    of) {
	for (of in best_cost)
		printf "EXAMPLE(\"%s\", \"%s\", %s, %s)\n", of, best_language[of], quoted(best_bad[of]), quoted(best_good[of]) | "LC_ALL=C sort"
	close("LC_ALL=C sort")
}

# The row that a code belongs to: the longest that it begins with.
function row_of(of,    i, found) {
	for (i = 1; i <= row_cnt; i++)
		if (index(of, row_code[i]) == 1 && (!found || length(row_code[i]) > length(row_code[found])))
			found = i
	return found
}

# Is the row of several codes, and itself none?
function is_family(row,    of) {
	for (of in best_cost)
		if (index(of, row "-") == 1)
			return 1
	return 0
}

function plain(s) {
	gsub(/\\/, "\\\\", s)
	gsub(/[_*#`<~[]/, "\\\\&", s)
	return s
}

function write_page(    of, i, cnt, list, r, k, t) {
	for (of in best_cost)
		list[++cnt] = of
	for (i = 1; i <= row_cnt; i++)
		if (!(row_code[i] in best_cost) && !is_family(row_code[i]))
			list[++cnt] = row_code[i]
	for (i = 2; i <= cnt; i++)	# few enough
		for (k = i; k > 1 && list[k - 1] > list[k]; k--) {
			t = list[k]; list[k] = list[k - 1]; list[k - 1] = t
		}
	print "bpfgate-diagnostics(7)\n\n# NAME\n\nbpfgate-diagnostics - why a BPF program is refused: what each code means\n"
	print "# DESCRIPTION\n\nThe verifier's rejections have codes that stay the same: *bpfgate check*, *bpfgate why*, the log that a loader gets and the"
	print "journal show them. *bpfgate explain* _CODE_ prints an entry of this page. Whose doing a rejection is, is its class: of one program it may"
	print "be another than the one given here, because it follows from what the verifier knew.\n"
	print "Where there are examples, the first is refused with just this code and the second, which differs in little, is accepted: by Linux 6.18 with all"
	print "capabilities unless the example says otherwise. Those that no C compiler would write are instructions, as the kernel's log prints them,"
	print "below lines that say the program type, its maps and what else matters."
	print "\n# CODES\n"
	for (i = 1; i <= cnt; i++) {
		of = list[i]
		r = row_of(of)
		print "## " of "\n\n" plain(row_meaning[r]) ".\n\nClass: " row_class[r] "." (row_way[r] != "" ? " Way out: " plain(row_way[r]) "." : "")
		if (of in best_cost)
			print "\nRefused:\n\n```\n" best_bad[of] "```\n\nAccepted:\n\n```\n" best_good[of] "```"
		print ""
	}
	print "# CODES OF THE DAEMON AND THE COMMANDS\n\nWhat *bpfgated* refuses with beside the verifier, in its journal, its decisions and the documents of"
	print "*--json*, and the errors of the commands themselves. Where a rule says no, the code is the key of the condition that does not hold: see"
	print "*bpfgate-policy*(5).\n"
	for (i = 1; i <= refusal_cnt; i++)
		print "## " refusal_code[i] "\n\n" plain(refusal_meaning[i]) ".\n\nClass: " refusal_class[i] "." (refusal_way[i] != "" ? " Way out: " plain(refusal_way[i]) "." : "") "\n"
	print "# SEE ALSO\n\n*bpfgate*(1), *bpfgated*(8)"
}

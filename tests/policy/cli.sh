#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `bpfgate policy`: what ships is right, and what is wrong is told. Ends with "N passed, N failed".
set -u

bpfgate=${BPFGATE:-$(pwd)/client/bpfgate}
policy=$(cd "${srcdir:-.}" && pwd)/policy
[ -x "$bpfgate" ] || { echo "no command $bpfgate"; exit 1; }

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
passed=0
failed=0

check() { # NAME EXPECTED-EXIT COMMAND...
	name=$1 expected=$2
	shift 2
	"$@" >"$dir/out" 2>&1
	got=$?
	if [ "$got" -eq "$expected" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $name: exit $got, expected $expected: $*"
		sed 's/^/    /' "$dir/out"
	fi
}

says() { # NAME TEXT: what the last command said
	if grep -qF -- "$2" "$dir/out"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1: does not say \"$2\":"
		sed 's/^/    /' "$dir/out"
	fi
}

# what cannot be established is told
echo '{"version": 1, "rules": [{"id": "d", "effect": "deny", "who": {"users": ["0"], "exe": ["/bin/a"]}}]}' >"$dir/exe.json"
check "a rule that matches nobody" 0 "$bpfgate" policy check "$dir/exe.json"
says "a rule that matches nobody" 'cannot establish "exe"'
check "and is no strict policy" 4 "$bpfgate" policy check --strict "$dir/exe.json"
sed 's/, "exe": \[[^]]*\]//' "$dir/exe.json" >"$dir/noexe.json"
check "control: without it" 0 "$bpfgate" policy check --strict "$dir/noexe.json"

# verbs
check "a misspelt verb" 2 "$bpfgate" policy chekc
says "a misspelt verb" 'did you mean "check"?'
check "a verb far from any" 2 "$bpfgate" policy frobnicate
says "a verb far from any" 'see bpfgate policy help'
check "help" 0 "$bpfgate" policy --help

# what ships
check "the default is right" 0 "$bpfgate" policy check --strict "$policy/default.json"
says "and grants nothing" "1 files, 0 rules, 0 signers"
check "the examples' cases hold" 0 "$bpfgate" policy test "$policy/examples" "$policy/examples/cases/shipped.json"
says "all of them" ", 0 failed"
sed 's/"expect": "allow", "rule": "edge-xdp"/"expect": "deny", "rule": "edge-xdp"/' \
	"$policy/examples/cases/shipped.json" >"$dir/cases.json"
check "a case that expects the contrary fails" 1 "$bpfgate" policy test "$policy/examples" "$dir/cases.json"
says "and says what came instead" "# allowed: uid"
sed 's/"helpers"/"helper"/' "$policy/examples/cases/shipped.json" >"$dir/cases.json"
check "a misspelt fact fails its case" 1 "$bpfgate" policy test "$policy/examples" "$dir/cases.json"
says "and is told" '"helper": unknown key'
echo '{"version": 1}' >"$dir/cases.json"
check "a file without cases" 4 "$bpfgate" policy test "$policy/examples" "$dir/cases.json"

# objects held against it
object=${builddir:-$(pwd)}/client/examples/xdp_count.bpf.o
BPFGATE_LIBEXEC=$(dirname "$bpfgate")
export BPFGATE_LIBEXEC
if [ -f "$object" ]; then
	check "explains a refusal" 3 "$bpfgate" policy explain "$object" --as 4711@edge-filter.service --policy "$policy/examples"
	says "with the caller as given" "uid 4711 (4711)  unit edge-filter.service   [given with --as, not attested]"
	says "that nobody signed" "Signed   by nobody"
	says "the rule that is nearest" "nearest is own-sockets"
	says "what fails of it" "FAIL program type xdp is not granted"
	says "what does not matter" "deny rule, not matched: helpers: uses none of its 4 helpers"
	says "who else is meant" "who: not user edgefilter"
	check "suggests a rule" 0 "$bpfgate" policy suggest "$object" --as 4711@edge-filter.service
	cp "$dir/out" "$dir/suggested.json"
	check "that is a right policy" 0 "$bpfgate" policy check --strict "$dir/suggested.json"
	check "and allows the object" 0 "$bpfgate" policy explain "$object" --as 4711@edge-filter.service --policy "$dir/suggested.json"
	says "map and program" "ALLOWED  program xdp_count"
	check "to nobody else" 3 "$bpfgate" policy explain "$object" --as 4712@edge-filter.service --policy "$dir/suggested.json"
	check "in no other unit" 3 "$bpfgate" policy explain "$object" --as 4711 --policy "$dir/suggested.json"
	cp "$object" "$dir/other.o"
	printf X >>"$dir/other.o"
	check "and no other object" 3 "$bpfgate" policy explain "$dir/other.o" --as 4711@edge-filter.service --policy "$dir/suggested.json"
	says "for that reason" "digests: no digest of the program is listed"
	check "as JSON" 3 "$bpfgate" policy explain "$dir/other.o" --as 4711 --policy "$dir/suggested.json" --json
	says "with its verdict" '"allowed":false'
	check "what is no object" 4 "$bpfgate" policy explain "$policy/default.json" --as 0 --policy "$policy/examples"
else
	echo "skipped: $object is not built (no clang): explain and suggest are not tested"
fi

# a policy of one's own
mkdir "$dir/policy.d"
cat >"$dir/policy.d/50-own.json" <<'JSON'
{"version": 1, "rules": [
  {"id": "own", "effect": "allow", "who": {"users": ["0"]}, "signed_by": {"unsigned": true},
   "programs": {"types": {"only": ["xdp"]}, "helpers": {"only": ["bpf_map_lookup_elem"]},
                "attach": {"xdp": ["lo"]}},
   "maps": {"types": {"only": ["hash"]}}}]}
JSON
check "a right policy" 0 "$bpfgate" policy check "$dir/policy.d"
says "with what it is worth" "note: rule \"own\": grants: programs need no signature"
check "quietly" 0 "$bpfgate" policy check --quiet "$dir/policy.d"
check "as JSON" 0 "$bpfgate" policy check --json "$dir/policy.d"
says "that says so" '"ok":true'
sed 's/bpf_map_lookup_elem/bpf_map_lokup_elem/; s/"attach"/"atach"/' "$dir/policy.d/50-own.json" >"$dir/policy.d/60-bad.json"
check "a wrong one beside it" 4 "$bpfgate" policy check "$dir/policy.d"
says "with line, column and caret" '60-bad.json:3:66: error: unknown helper "bpf_map_lokup_elem" in allow rule "own"'
says "a hint" 'did you mean "bpf_map_lookup_elem"?'
says "and the other mistake too" '"atach": unknown key'
says "and the clash of ids" 'a rule "own" exists already (50-own.json:2)'
says "in sum" "not usable: 3 errors"
check "as JSON too" 4 "$bpfgate" policy check --json "$dir/policy.d"
says "that says no" '"ok":false'
says "and hints" '"hint":"did you mean \"bpf_map_lookup_elem\"?"'
: >"$dir/policy.d/60-bad.json"
check "an empty file masks" 0 "$bpfgate" policy check "$dir/policy.d"
ln -sf /dev/null "$dir/policy.d/60-bad.json"
check "a link to /dev/null masks" 0 "$bpfgate" policy check "$dir/policy.d"
ln -sf 50-own.json "$dir/policy.d/60-bad.json"
check "any other link is refused" 4 "$bpfgate" policy check "$dir/policy.d"
says "and told" "is a link"
rm "$dir/policy.d/60-bad.json"
sed 's/"users": \["0"\]/"users": ["no-such-user-anywhere"]/' "$dir/policy.d/50-own.json" >"$dir/one.json"
check "an unknown user is a warning" 0 "$bpfgate" policy check "$dir/one.json"
check "and with --strict not usable" 4 "$bpfgate" policy check --strict "$dir/one.json"
check "a policy that is not there" 4 "$bpfgate" policy check "$dir/nosuch"
check "an option that is not there" 2 "$bpfgate" policy check --nosuch
check "a verb that is not there" 2 "$bpfgate" policy nosuch

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

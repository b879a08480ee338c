#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Signed objects through a real daemon: what is signed by the right key is loaded by an unprivileged user,
# and what differs from that in one thing is not. Needs root. Ends with "N passed, N failed".
set -u
build=${builddir:-$(pwd)}
source=${srcdir:-.}
[ "$(id -u)" -eq 0 ] || { echo "skipped: needs root to start a daemon"; exit 77; }
command -v openssl >/dev/null || { echo "skipped: the openssl command is not installed"; exit 77; }
object=$build/client/examples/xdp_count.bpf.o
[ -f "$object" ] || { echo "skipped: $object is not built (no clang)"; exit 77; }
. "$source/tests/lib/daemon.sh"

passed=0 failed=0
bpfgate=$build/client/bpfgate
check() { # NAME EXPECTED-EXIT COMMAND...
	local name=$1 expected=$2 got
	shift 2
	"$@" >"$run/out" 2>&1
	got=$?
	if [ "$got" -eq "$expected" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $name: exit $got, expected $expected: $*"
		sed 's/^/    /' "$run/out"
	fi
}
says() { # NAME TEXT
	if grep -qF -- "$2" "$run/out"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1: does not say \"$2\":"
		sed 's/^/    /' "$run/out"
	fi
}
user() { setpriv --reuid "$1" --regid "$1" --clear-groups --bounding-set=-all --no-new-privs "${@:2}"; }
load() { user 65533 "$bpfgate" load "$run/$1"; }
key() { openssl req -x509 -newkey "$2" ${3:+-pkeyopt "$3"} -nodes -keyout "$run/$1.key" -out "$run/$1.pem" -days 2 -subj "/CN=$1" 2>/dev/null; }
sign() { "$bpfgate" sign "$run/$1" --key "$run/$2.key" --cert "$run/$2.pem" "${@:3}"; }
policy() { # SIGNER-OPTIONS RULE
	cat >"$run/policy.d/50-test.json" <<JSON
{"version": 1,
 "signers": {"ours": {"x509": "$run/ours.pem"$1}, "second": {"x509": "$run/second.pem"}},
 "rules": [{"id": "signed", "effect": "allow", "who": {"users": ["65533"]}, $2,
   "programs": {"types": {"only": ["xdp"]}, "helpers": {"only": ["bpf_map_lookup_elem"]}},
   "maps": {"types": {"only": ["array"]}, "max_bytes_each": "1M"}}]}
JSON
}
signed_by='"signed_by": {"signers": ["ours"]}'

reload() {
	local before after
	before=$(grep -c "reload " "$run/log")
	kill -HUP "$daemon_pid"
	for _ in $(seq 200); do
		after=$(grep -c "reload " "$run/log")
		[ "$after" -gt "$before" ] && return 0
		read -r -t 0.05 <> <(:)
	done
	echo "no reload happened"
	return 1
}

daemon_prepare
trap daemon_clean EXIT
key ours ec ec_paramgen_curve:P-256
key second rsa:2048
key stranger rsa:2048
policy "" "$signed_by"
mkdir "$run/objects.d"
daemon_start --objects "$run/objects.d" || exit 1

cp "$object" "$run/plain.o"
check "what nobody signed is refused" 3 load plain.o
says "for that reason" "signed_by"
cp "$object" "$run/good.o"
sign good.o ours
check "what our signer signed is loaded" 0 load good.o
cp "$object" "$run/beside.o"
sign beside.o ours --detached
check "also with the signature beside it" 0 load beside.o
check "an unmodified copy is known by its digest now" 0 load plain.o

# every one of these daemons begins without knowing any object
fresh() { daemon_stop; daemon_start --objects "$run/objects.d" || exit 1; }
fresh
cp "$object" "$run/strange.o"
sign strange.o stranger
check "a stranger's signature is worth nothing" 3 load strange.o
says "and told so" "nobody whom the policy names signed it"
cp "$run/good.o" "$run/changed.o"
at=$(grep -abo XDP_PASS "$run/changed.o" | head -1 | cut -d: -f1)
printf Y | dd of="$run/changed.o" bs=1 seek="$at" conv=notrunc status=none
check "one byte changed in the object" 3 load changed.o
says "and told so" "does not fit these bytes"
check "the unchanged one" 0 load good.o

fresh
openssl cms -sign -binary -in "$object" -signer "$run/ours.pem" -inkey "$run/ours.key" -md sha256 -noattr -nocerts \
	-nosmimecap -outform DER -out "$run/beside.o.p7s"
check "openssl's own signature" 0 load beside.o
fresh
printf X >>"$run/beside.o.p7s"
check "with a byte after it" 3 load beside.o
says "and told so" "bytes follow the signature"
openssl cms -sign -binary -in "$object" -signer "$run/ours.pem" -inkey "$run/ours.key" -md sha256 -nocerts \
	-outform DER -out "$run/beside.o.p7s"
check "with signed attributes" 3 load beside.o
says "and told the command that makes a good one" "-noattr"
head -c 3000 "$run/good.o" >"$run/short.o"
sign short.o ours
check "half an object, though signed" 4 load short.o

# two signatures
policy "" '"signed_by": {"signers": ["ours", "second"], "threshold": 2}'
fresh
check "one signature of two" 3 load good.o
says "is told" "needs 2 of [ours, second]; found ours only"
cp "$run/good.o" "$run/both.o"
sign both.o second
check "both" 0 load both.o

# revoked, expired
policy ', "revoked": true' "$signed_by"
fresh
check "a revoked signer" 3 load good.o
says "is told" "its signer is revoked"
policy ', "not_after": "2020-01-01T00:00:00Z"' "$signed_by"
fresh
check "an expired signer" 3 load good.o
says "is told" "expired"
policy "" "$signed_by"
check "the new rules are taken" 0 reload
check "and the signer is good again" 0 load good.o
policy ', "revoked": true' "$signed_by"
check "revoking takes effect" 0 reload
check "also for what is known already" 3 load good.o

# what is loaded already
uncovered() { grep -ac "no longer covered$1" "$run/log"; }
await() { # SECONDS COMMAND...: until it succeeds
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		read -r -t 0.05 <> <(:) || :
	done
}
policy "" "$signed_by"
fresh
user 65533 "$bpfgate" load "$run/good.o" --hold >"$run/held" 2>&1 &
holder=$!
check "a program is held" 0 await 10 grep -q "^loaded" "$run/held"
before=$(uncovered "")
check "a reload of the same rules" 0 reload
check "says nothing of it" 0 [ "$(uncovered "")" -eq "$before" ]
policy ', "revoked": true' "$signed_by"
before=$(uncovered ": signed_by: needs 1 of")
check "its signer is revoked" 0 reload
check "and that is told" 0 [ "$(uncovered ": signed_by: needs 1 of")" -gt "$before" ]
echo '{"version": 1}' >"$run/policy.d/50-test.json"
before=$(uncovered ": the rule is gone")
check "the rule is taken away" 0 reload
check "and that is told" 0 [ "$(uncovered ": the rule is gone")" -gt "$before" ]
# not the shell that the function runs in, which would leave the program behind
pkill -P "$holder" || kill "$holder"
wait "$holder" 2>/dev/null

# by digest
sum=$(sha256sum "$object" | cut -d' ' -f1)
policy "" "\"digests\": [\"sha256:$sum\"]"
fresh
check "an unsigned object whose digest a rule lists" 0 load plain.o
case "$sum" in 0*) other=1${sum#?} ;; *) other=0${sum#?} ;; esac
policy "" "\"digests\": [\"sha256:$other\"]"
fresh
check "and one whose digest no rule lists" 3 load plain.o

# a directory of root's
policy "" "$signed_by"
cp "$run/good.o" "$run/objects.d/count.o"
fresh
check "an object in the directory vouches for its programs" 0 \
	timeout 10 sh -c "until grep -q 'object .*count.o: 1 programs known' '$run/log'; do read -r -t 0.05 _ </dev/zero || :; done 2>/dev/null"
check "an unmodified copy is loaded" 0 load plain.o
chmod 666 "$run/objects.d/count.o"
fresh
check "not when others may write it" 3 load plain.o

# the kernel's format: a signature in the attr, over the instructions
odd=$build/tests/policy/odd-client
"$odd" insns "$run/insns"
insns_sign() { openssl cms -sign -binary -in "$1" -signer "$run/$2.pem" -inkey "$run/$2.key" -md sha256 -nocerts -outform DER -out "$run/insns.p7s" "${@:3}"; }
check "instructions that nobody signed" 1 user 65533 "$odd" load
says "are refused by policy" "EPERM: "
insns_sign "$run/insns" ours -noattr
check "signed by ours" 0 user 65533 "$odd" load "$run/insns.p7s"
insns_sign "$run/insns" stranger -noattr
check "signed by a stranger" 1 user 65533 "$odd" load "$run/insns.p7s"
says "EKEYREJECTED, as the kernel" "EKEYREJECTED: "
head -c 16 "$run/insns" >"$run/fewer"
insns_sign "$run/fewer" ours -noattr
check "a signature over other instructions" 1 user 65533 "$odd" load "$run/insns.p7s"
says "EKEYREJECTED, as the kernel" "EKEYREJECTED: "
insns_sign "$run/insns" ours
check "with signed attributes" 1 user 65533 "$odd" load "$run/insns.p7s"
says "EBADMSG, as the kernel" "EBADMSG: "
insns_sign "$run/insns" ours -noattr
printf X >>"$run/insns.p7s"
check "with a byte after it" 1 user 65533 "$odd" load "$run/insns.p7s"
says "EBADMSG" "EBADMSG: "
head -c 9000 /dev/zero >"$run/insns.p7s"
check "larger than the kernel takes" 1 user 65533 "$odd" load "$run/insns.p7s"
says "EINVAL, as the kernel" "EINVAL: "
: >"$run/insns.p7s"
check "empty" 1 user 65533 "$odd" load "$run/insns.p7s"
insns_sign "$run/insns" ours -noattr
check "signed by ours, still" 0 user 65533 "$odd" load "$run/insns.p7s"

# such a signature covers instructions and nothing else: a rule may want more
policy "" '"signed_by": {"signers": ["ours"], "objects_only": true}'
fresh
check "one over instructions is not enough where objects are asked for" 1 user 65533 "$odd" load "$run/insns.p7s"
says "refused by policy" "EPERM: "
check "control: one over the whole object is" 0 load good.o
policy "" "$signed_by"
fresh
check "control: where objects are not asked for it is enough" 0 user 65533 "$odd" load "$run/insns.p7s"

# odd presentations, and what is left of them
broker_fds() { find "/proc/$(pgrep -P "$daemon_pid" -f bpfgate-broker | head -1)/fd" -type l 2>/dev/null | wc -l; }
check "descriptors that are no objects" 0 user 65533 "$odd" present
before=$(broker_fds)
for i in $(seq 20); do
	check "clients that leave while their object is read, $i" 0 user 65533 "$odd" leave
done
# Judges that wait come and go, eight at most, each by a descriptor.
for _ in $(seq 100); do [ "$(broker_fds)" -le $((before + 8)) ] && break; read -r -t 0.05 <> <(:); done
check "the daemon holds no more than before ($before)" 0 [ "$(broker_fds)" -le $((before + 8)) ]
# While theirs are read the user is told that it holds too much.
check "and serves on" 0 load good.o

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Signing and verifying from the command line: our signatures are openssl's, openssl's are ours, and
# whatever differs in one byte is not. Ends with "N passed, N failed".
set -u

bpfgate=${BPFGATE:-$(pwd)/client/bpfgate}
command -v openssl >/dev/null || { echo "skipped: the openssl command is not installed"; exit 77; }
[ -x "$bpfgate" ] || { echo "no command $bpfgate"; exit 1; }

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
passed=0
failed=0

check() { # NAME EXPECTED-EXIT COMMAND...
	name=$1 expected=$2
	shift 2
	"$@" >out 2>&1
	got=$?
	if [ "$got" -eq "$expected" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $name: exit $got, expected $expected: $*"
		sed 's/^/    /' out
	fi
}

says() { # NAME TEXT: what the last command said
	if grep -qF -- "$2" out; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1: does not say \"$2\":"
		sed 's/^/    /' out
	fi
}

key() { # NAME KEY-ARGUMENTS...: a key with its own certificate
	name=$1
	shift
	openssl req -x509 -newkey "$@" -nodes -keyout "$name.key" -out "$name.pem" -days 30 \
		-subj "/CN=$name" 2>err || cat err
}

key rsa rsa:2048
key rsa2 rsa:2048
key ec ec -pkeyopt ec_paramgen_curve:P-256
key p384 ec -pkeyopt ec_paramgen_curve:P-384
# bytes that are always the same and hold no X, so that writing one is always a change
{ printf '\177ELF'; seq 1200; } >object

openssl_sign() { # IN OUT CERTNAME EXTRA...
	in=$1 out=$2 by=$3
	shift 3
	openssl cms -sign -binary -in "$in" -signer "$by.pem" -inkey "$by.key" -md sha256 -nosmimecap \
		-outform DER -out "$out" "$@"
}

# the same bytes
cp object same
check "signs beside the object" 0 "$bpfgate" sign same --key rsa.key --cert rsa.pem --detached
check "openssl signs it" 0 openssl_sign object theirs.p7s rsa -noattr -nocerts
check "both signatures are the same bytes" 0 cmp same.p7s theirs.p7s
check "with the certificate" 0 "$bpfgate" sign same --key rsa.key --cert rsa.pem --detached --replace \
	--with-cert
check "openssl signs it with its certificate" 0 openssl_sign object theirs.p7s rsa -noattr
check "both signatures with certificate are the same bytes" 0 cmp same.p7s theirs.p7s

# every kind of key, appended and beside
for by in rsa ec p384; do
	cp object "$by.o"
	check "$by: appends" 0 "$bpfgate" sign "$by.o" --key "$by.key" --cert "$by.pem"
	check "$by: verifies" 0 "$bpfgate" signature verify "$by.o" --cert "$by.pem"
	check "$by: not by another's certificate" 3 "$bpfgate" signature verify "$by.o" --cert rsa2.pem
	check "$by: one changed byte" 0 sh -c "printf X | dd of=$by.o bs=1 seek=100 conv=notrunc"
	check "$by: is refused" 3 "$bpfgate" signature verify "$by.o" --cert "$by.pem"
	says "$by: and told why" "does not fit these bytes"
	cp object "$by.b"
	check "$by: openssl's" 0 openssl_sign object "$by.b.p7s" "$by" -noattr -nocerts
	check "$by: openssl's verifies" 0 "$bpfgate" signature verify "$by.b" --cert "$by.pem"
	check "$by: openssl verifies ours" 0 "$bpfgate" sign "$by.b" --key "$by.key" --cert "$by.pem" \
		--detached --replace
	check "$by: openssl agrees" 0 openssl cms -verify -binary -content object -in "$by.b.p7s" \
		-inform DER -noverify -certfile "$by.pem" -out /dev/null
done

# two signatures
cp object two
check "first signature" 0 "$bpfgate" sign two --key rsa.key --cert rsa.pem
check "second signature" 0 "$bpfgate" sign two --key ec.key --cert ec.pem
check "shows both" 0 "$bpfgate" signature show two
says "by RSA" "rsa-sha256"
says "by EC" "ecdsa-sha256"
check "first holds" 0 "$bpfgate" signature verify two --cert rsa.pem
check "second holds" 0 "$bpfgate" signature verify two --cert ec.pem
check "replaced by one" 0 "$bpfgate" sign two --key ec.key --cert ec.pem --replace
check "the first is gone" 3 "$bpfgate" signature verify two --cert rsa.pem
check "the second is there" 0 "$bpfgate" signature verify two --cert ec.pem

# malformed ones, each beside what is right
cp object bad
openssl_sign object bad.p7s rsa -noattr -nocerts
check "right" 0 "$bpfgate" signature verify bad --cert rsa.pem
printf X >>bad.p7s
check "trailing byte" 4 "$bpfgate" signature verify bad --cert rsa.pem
says "trailing byte told" "bytes follow the signature"
openssl_sign object bad.p7s rsa -nocerts
check "signed attributes" 4 "$bpfgate" signature verify bad --cert rsa.pem
says "with the command that makes a good one" "-noattr"
openssl_sign object bad.p7s rsa -noattr -nocerts -nodetach
check "content inside" 4 "$bpfgate" signature verify bad --cert rsa.pem
says "not detached" "holds the signed content itself"
openssl_sign object bad.p7s rsa -noattr -nocerts -md sha384
check "another digest" 3 "$bpfgate" signature verify bad --cert rsa.pem
says "another digest told" "other than SHA-256"
openssl_sign object whole.p7s rsa -noattr -nocerts
head -c 200 whole.p7s >bad.p7s
check "half of it" 4 "$bpfgate" signature verify bad --cert rsa.pem
: >bad.p7s
check "nothing of it" 4 "$bpfgate" signature verify bad --cert rsa.pem
rm bad.p7s
check "none" 3 "$bpfgate" signature verify bad --cert rsa.pem
check "none is shown as none" 0 "$bpfgate" signature show bad
says "none told" "signature none"

# a CA
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=ca \
	-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign 2>err
issue() { # NAME EXTENSIONS
	openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>err
	printf '%s\n' "$2" >ext
	openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -sha256 \
		-extfile ext -out "$1.pem" 2>err
}
issue leaf "keyUsage=digitalSignature
extendedKeyUsage=codeSigning"
issue web "keyUsage=digitalSignature
extendedKeyUsage=serverAuth"
issue sub "basicConstraints=critical,CA:TRUE
keyUsage=keyCertSign,digitalSignature"
for by in leaf web sub; do
	cp object "$by.o"
	"$bpfgate" sign "$by.o" --key "$by.key" --cert "$by.pem"
done
check "issued for code signing" 0 "$bpfgate" signature verify leaf.o --ca ca.pem
check "not under another CA" 4 "$bpfgate" signature verify leaf.o --ca rsa2.pem --ca leaf.pem
check "issued for web servers" 3 "$bpfgate" signature verify web.o --ca ca.pem
check "issued to be a CA itself" 3 "$bpfgate" signature verify sub.o --ca ca.pem
check "a CA's own key is not its leaf's" 3 "$bpfgate" signature verify leaf.o --cert ca.pem
check "without its certificate" 0 "$bpfgate" sign leaf.o --key leaf.key --cert leaf.pem --replace \
	--without-cert
check "a CA cannot tell whose it is" 3 "$bpfgate" signature verify leaf.o --ca ca.pem
check "but the leaf itself can" 0 "$bpfgate" signature verify leaf.o --cert leaf.pem

# wrong use
check "key of another certificate" 4 "$bpfgate" sign object --key rsa.key --cert ec.pem
says "told" "is not the key of that certificate"
echo "user:x:1:1" >list && cp list list.before
check "what is no object is not signed" 4 "$bpfgate" sign list --key rsa.key --cert rsa.pem
says "told, too" "is not an ELF object"
check "and left as it is" 0 cmp list list.before
check "no such object" 4 "$bpfgate" sign nosuch --key rsa.key --cert rsa.pem
check "no key" 2 "$bpfgate" sign object --cert rsa.pem
check "no certificate to verify with" 2 "$bpfgate" signature verify object
check "machine-readable" 0 "$bpfgate" signature show rsa.o --json
says "with a schema version" '"schema_version"'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

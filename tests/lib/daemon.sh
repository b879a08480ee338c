# SPDX-License-Identifier: Apache-2.0
# Starts and stops a bpfgated of the build tree for shell tests, the demo and the benchmarks. Root needed.
# Expects $build. Gives: $run (a private folder), $BPFGATE_SOCKET, $BPFGATE_LIBEXEC, $daemon_pid, $ready_s.

daemon_prepare() {
	run=$(mktemp -d "${TMPDIR:-/tmp}/bpfgate.XXXXXX")
	chmod 755 "$run"
	mkdir -p "$run/policy.d" "$run/libexec"
	export BPFGATE_SOCKET=$run/bpfgate.sock BPFGATE_LIBEXEC=$run/libexec
	local bin
	# copies: the children's users may be unable to enter the build directory
	cp "$build/daemon/bpfgate-broker" "$build/daemon/bpfgate-loader" "$build/worker/bpfgate-judge" "$run/libexec/"
	chmod 755 "$run"/libexec/*
	for bin in client/bpfgate-check client/bpfgate-load; do
		ln -s "$build/$bin" "$run/libexec/"
	done
}

daemon_start() { # further options of bpfgated
	read -r daemon_pid ready_s < <("$build/tests/lib/start-ready" 10000 "$run/log" "$build/daemon/bpfgated" \
		--socket "$BPFGATE_SOCKET" --policy "$run/policy.d" --libexec "$run/libexec" --group root \
		--broker-user 64001 --judge-user 64002 --loader-user 64003 "$@")
	[ -n "${daemon_pid:-}" ] || { cat "$run/log" >&2; return 1; }
	chmod 0666 "$BPFGATE_SOCKET" # anyone of this test's made-up users may connect
}

daemon_stop() {
	[ -n "${daemon_pid:-}" ] || return 0
	kill "$daemon_pid" 2>/dev/null
	# the daemon leads a session of its own: wait for its end by its pidfd, through tail
	timeout 10 tail --pid="$daemon_pid" -f /dev/null
	daemon_pid=
	# one that met a mistake of ours has died and was replaced: the test fails even if it did not notice
	if grep -A30 -E 'ERROR: AddressSanitizer|: runtime error:|: Assertion `.* failed\.' "$run/log" >&2; then
		daemon_reported=1
	fi
}

# as the EXIT trap: a report is then the script's failure
daemon_clean() {
	daemon_stop
	[ -n "${run:-}" ] && rm -rf "$run"
	run=
	[ -z "${daemon_reported:-}" ] || exit 1
}

# every process of the daemon: the zygote and its judges are grandchildren and below
daemon_pids() {
	local todo=$daemon_pid pid
	while [ -n "$todo" ]; do
		echo "$todo"
		todo=$(for pid in $todo; do pgrep -P "$pid"; done)
	done
}

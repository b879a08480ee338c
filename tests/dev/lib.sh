# SPDX-License-Identifier: Apache-2.0
# Shared by ./dev: which packages a verb needs on which distribution, and how to build.
# Messages go to stderr: stdout belongs to the verb.
builddir=$top/build

say() { printf '%s\n' "dev: $*" >&2; }

# group -> packages; a package that is already there costs nothing
packages_apt() {
	case "$1" in
		base) echo "autoconf automake libtool pkg-config gcc make libc6-dev libsystemd-dev libelf-dev zlib1g-dev
			libbpf-dev libjansson-dev libssl-dev libseccomp-dev libcap-dev libsmartcols-dev uthash-dev
			libdw-dev check scdoc" ;;
		test) echo "python3-jsonschema clang-14 bpftool iproute2 iputils-ping openssl python3 jq binutils util-linux libcap2-bin procps" ;;
		bench) echo "valgrind" ;;
		demo) echo "clang-14 bpftool iproute2 iputils-ping jq openssl util-linux procps" ;;
		conformance) echo "clang-19 llvm-19 linux-source-6.12 zstd bc dwarves bpftool jq python3 rsync cpio" ;;
		vm) echo "debootstrap systemd-container jq qemu-system-x86 cpio dpkg zstd clang-14 python3" ;;
		compilers) echo "clang-14 clang-19 libclang-rt-19-dev xz-utils" ;;
		clients) echo "libbpf-tools bpfcc-tools bpftrace" ;;
	esac
}
packages_dnf() {
	case "$1" in
		base) echo "autoconf automake libtool pkgconf-pkg-config gcc make systemd-devel elfutils-libelf-devel zlib-devel
			libbpf-devel jansson-devel openssl-devel libseccomp-devel libcap-devel libsmartcols-devel uthash-devel
			elfutils-devel check-devel" ;;
		test | demo) echo "clang bpftool iproute iputils openssl python3 jq binutils util-linux libcap procps-ng" ;;
		*) echo "clang llvm qemu-system-x86 cpio zstd" ;;
	esac
}
packages_pacman() {
	case "$1" in
		base) echo "autoconf automake libtool pkgconf gcc make systemd-libs libelf zlib libbpf jansson openssl
			libseccomp libcap util-linux-libs uthash check" ;;
		test | demo) echo "clang bpf iproute2 iputils openssl python jq binutils util-linux libcap procps-ng" ;;
		*) echo "clang llvm qemu-system-x86 cpio zstd" ;;
	esac
}

missing_apt() {
	local p
	for p in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || echo "$p"
	done
}
missing_dnf() { local p; for p in "$@"; do rpm -q "$p" >/dev/null 2>&1 || echo "$p"; done; }
missing_pacman() { local p; for p in "$@"; do pacman -Q "$p" >/dev/null 2>&1 || echo "$p"; done; }

install_apt() {
	export DEBIAN_FRONTEND=noninteractive
	apt-get install -y -q --no-install-recommends "$@" >&2 ||
		{ apt-get update -q >&2 && apt-get install -y -q --no-install-recommends "$@" >&2; }
}
install_dnf() { dnf install -y "$@" >&2; }
install_pacman() { pacman -S --needed --noconfirm "$@" >&2; }

# need GROUP...: installs what is missing of these groups
need() {
	local manager group want missing
	for manager in apt dnf pacman ''; do
		case "$manager" in
			apt) command -v apt-get >/dev/null && break ;;
			'') say "no apt, dnf or pacman here: packages are yours to install"; return 0 ;;
			*) command -v "$manager" >/dev/null && break ;;
		esac
	done
	want=
	for group in "$@"; do want="$want $("packages_$manager" "$group")"; done
	# shellcheck disable=SC2086
	missing=$("missing_$manager" $want)
	[ -z "$missing" ] && return 0
	[ "$(id -u)" = 0 ] || { say "missing (run as root, or install them):" $missing; exit 1; }
	say "installing:" $missing
	# shellcheck disable=SC2086
	"install_$manager" $missing || { say "installation failed"; exit 1; }
	installed_now=1
}

# build: configures once, then makes; quiet unless it fails
build() {
	local log=$builddir/dev-build.log
	mkdir -p "$builddir"
	if [ ! -x configure ] || [ configure.ac -nt configure ] || [ -n "$(find . -name '*.am' -newer configure -not -path './build*' -print -quit)" ]; then
		autoreconf -i >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
	fi
	if [ ! -f "$builddir/config.status" ]; then
		(cd "$builddir" && "$top/configure" --enable-werror CFLAGS="${CFLAGS:--O2 -g}" >"$log" 2>&1) || { tail -40 "$log" >&2; exit 1; }
	fi
	# what was installed just now may be what configure missed when it ran
	[ -z "${installed_now:-}" ] || (cd "$builddir" && ./config.status --recheck && ./config.status) >"$log" 2>&1 || { tail -40 "$log" >&2; exit 1; }
	make -C "$builddir" -j"$(nproc)" all >"$log" 2>&1 || { grep -E 'error|warning|\*\*\*' "$log" >&2 || tail -40 "$log" >&2; exit 1; }
}

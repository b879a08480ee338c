# SPDX-License-Identifier: Apache-2.0
# Kernels of Debian in qemu: fetched as packages, never installed. $top is the checkout.
vm_cache=${BPFGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/bpfgate}/kernels

# Newer kernels are in suites that this machine need not have: their lists and packages lie in the cache, from the same
# mirror, and nothing of the machine's own configuration changes.
vm_suites=${BPFGATE_SUITES:-trixie trixie-backports}
vm_apt=${vm_cache%/kernels}/apt

# vm_newer PROGRAM ARG...: apt-get or apt-cache with these suites; their lists are fetched once a day
vm_newer() {
	local mirror suite
	if [ -z "$(find "$vm_apt/lists" -maxdepth 1 -name '*Packages*' -mtime -1 2>/dev/null | head -1)" ]; then
		mkdir -p "$vm_apt"/{lists/partial,cache/archives/partial}
		mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/*$') ||
			{ echo "no mirror of Debian among this machine's sources" >&2; return 1; }
		for suite in $vm_suites; do
			echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
		done >"$vm_apt/sources.list"
		vm_newer_opts apt-get -q update >&2 || return 1
	fi
	vm_newer_opts "$@"
}
vm_newer_opts() {
	local program=$1
	shift
	"$program" -o Dir::Etc::SourceList="$vm_apt/sources.list" -o Dir::Etc::SourceParts=/nonexistent \
		-o Dir::State::Lists="$vm_apt/lists" -o Dir::Cache="$vm_apt/cache" -o Acquire::Languages=none \
		-o APT::Sandbox::User=root "$@"
}

# vm_find APT-COMMAND SERIES: name of the series' newest cloud kernel; from 7.0 on the image lies in linux-binary-*
vm_find() {
	local which names
	for which in linux-binary linux-image; do
		names=$($1 apt-cache search --names-only "^$which-${2//./\\.}[.-].*cloud-amd64\$" | awk '{ print $1 }' | grep -v unsigned | sort -V | tail -1) || :
		[ -z "$names" ] || { echo "$names"; return 0; }
	done
	return 1
}

# vm_kernel 6.1|6.12|6.18|7.0|...: path of the newest cloud kernel's package of that series, fetched once
vm_kernel() {
	local have pkg apt=env
	mkdir -p "$vm_cache"
	have=$(find "$vm_cache" -name "linux-*-$1.*cloud-amd64_*.deb" -o -name "linux-*-$1-*cloud-amd64_*.deb" | sort -V | tail -1)
	if [ -z "$have" ]; then
		pkg=$(vm_find env "$1") || { apt=vm_newer; pkg=$(vm_find vm_newer "$1"); } || :
		[ -n "$pkg" ] || { echo "no kernel package of series $1" >&2; return 1; }
		(cd "$vm_cache" && $apt apt-get download -q "$pkg" >&2) || return 1
		have=$(find "$vm_cache" -name "${pkg}_*.deb")
	fi
	echo "$have"
}

# vm_newest: the series of the newest kernel source that there is a package of
vm_newest() {
	vm_newer apt-cache search --names-only '^linux-source-[0-9]+\.[0-9]+$' | awk '{ sub("linux-source-", "", $1); print $1 }' | sort -V | tail -1
}

# vm_source SERIES: what of that source the tests are built from, unpacked once
vm_source() {
	local dir=${vm_cache%/kernels}/linux-source-$1 deb=${vm_cache%/kernels}/linux-source-$1.deb
	if [ ! -e "$dir/.unpacked" ]; then
		mkdir -p "$dir.new"
		(cd "$dir.new" && vm_newer apt-get download -q "linux-source-$1" >&2 && mv linux-source-*.deb "$deb") || return 1
		dpkg-deb --fsys-tarfile "$deb" | tar -xO --wildcards '*/linux-source-*.tar.xz' |
			tar -xJ -C "$dir.new" --strip-components=1 --wildcards '*/tools/*' '*/include/*' '*/arch/x86/*' '*/scripts/*' '*/kernel/bpf/*' '*/Makefile' || return 1
		rm -rf "$deb" "$dir"
		mv "$dir.new" "$dir"
		touch "$dir/.unpacked"
	fi
	echo "$dir"
}

# 6.12.117 of linux-image-6.12.117+deb12-cloud-amd64_6.12.117-1~deb12u1_amd64.deb
vm_version() { basename "$1" | sed -E 's/^[^_]*_([0-9]+\.[0-9]+\.[0-9]+).*/\1/'; }

vm_run() { RIK_CACHE=$vm_cache "$top/tests/vm/run-in-kernel" "$@"; }

# vm_unpack PACKAGE...: where these packages of the machine's own release lie unpacked, and not installed
vm_unpack() {
	local dir=${vm_cache%/kernels}/unpacked pkg
	mkdir -p "$dir/debs"
	for pkg; do
		[ ! -e "$dir/.$pkg" ] || continue
		(cd "$dir/debs" && apt-get download -q "$pkg" >&2 && dpkg-deb -x "$pkg"_*.deb "$dir" && rm "$pkg"_*.deb) || return 1
		touch "$dir/.$pkg"
	done
	echo "$dir"
}

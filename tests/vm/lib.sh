# SPDX-License-Identifier: Apache-2.0
# Kernels of Debian in qemu: fetched as packages, never installed. $top is the checkout.
vm_cache=${BPFGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/bpfgate}/kernels

# vm_kernel 6.1|6.12: path of the newest cloud kernel's package of that series, fetched once
vm_kernel() {
	local have pkg
	mkdir -p "$vm_cache"
	have=$(find "$vm_cache" -name "linux-image-$1.*cloud-amd64_*.deb" -o -name "linux-image-$1-*cloud-amd64_*.deb" | sort -V | tail -1)
	if [ -z "$have" ]; then
		pkg=$(apt-cache search --names-only "^linux-image-${1//./\\.}[.-].*cloud-amd64\$" | awk '{ print $1 }' | grep -v unsigned | sort -V | tail -1)
		[ -n "$pkg" ] || { echo "no kernel package of series $1" >&2; return 1; }
		(cd "$vm_cache" && apt-get download -q "$pkg" >&2) || return 1
		have=$(find "$vm_cache" -name "${pkg}_*.deb")
	fi
	echo "$have"
}

# 6.12.117 of linux-image-6.12.117+deb12-cloud-amd64_6.12.117-1~deb12u1_amd64.deb
vm_version() { basename "$1" | sed -E 's/^[^_]*_([0-9]+\.[0-9]+\.[0-9]+).*/\1/'; }

vm_run() { RIK_CACHE=$vm_cache "$top/tests/vm/run-in-kernel" "$@"; }

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of probes.def (libbpf's, generated) and what Go's and Rust's loaders create beside it, searched. Promises a yes only to what is on it, byte for byte after
 * canonical encoding; trusts the generator; looks at nothing longer than a probe can be.
 */
#include "daemon/broker/ask/probes.h"

#include <linux/bpf.h>
#include <string.h>

#include "object/digest.h"
#include "proto/own.h"

#define PROBE_PROG(hex, type)
#define PROBE_BTF(hex, bytes)
#define PROBE_MAP(type, key, value, entries, flags, name)

static const struct {
	char hex[DIGEST_HEX_BYTES];
	uint32_t type;
} probes_progs[] = {
#undef PROBE_PROG
#define PROBE_PROG(hex, type) { hex, type },
#include "daemon/broker/ask/probes.def"
#undef PROBE_PROG
#define PROBE_PROG(hex, type)
};

static const struct {
	char hex[DIGEST_HEX_BYTES];
	uint32_t bytes;
} probes_btfs[] = {
#undef PROBE_BTF
#define PROBE_BTF(hex, bytes) { hex, bytes },
#include "daemon/broker/ask/probes.def"
#undef PROBE_BTF
#define PROBE_BTF(hex, bytes)
};

static const struct {
	uint32_t type, key_bytes, value_bytes, max_entries, flags;
	char name[16];
} probes_maps[] = {
#undef PROBE_MAP
#define PROBE_MAP(type, key, value, entries, flags, name) \
	{ type, key, value, entries, flags, name },
#include "daemon/broker/ask/probes.def"
	/* cilium/ebpf: flags, names, batches */
	{ BPF_MAP_TYPE_ARRAY, 4, 4, 1, BPF_F_RDONLY_PROG, "" },
	{ BPF_MAP_TYPE_ARRAY, 4, 4, 1, BPF_F_INNER_MAP, "" },
	{ BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0, "feature_test" },
	{ BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0, ".test" },
	{ BPF_MAP_TYPE_HASH, 4, 4, 1, BPF_F_NO_PREALLOC, "" },
	{ BPF_MAP_TYPE_HASH, 4, 4, 2, 0, "" },
	{ BPF_MAP_TYPE_ARRAY, 4, 32, 1, 0, "aya_global" },
};

bool probes_has_prog(const struct bgv_program *prog)
{
	const struct digest_options opt = { .vmlinux = NULL };
	uint8_t digest[DIGEST_BYTES];
	char hex[DIGEST_HEX_BYTES];

	if (prog->insn_cnt > PROBES_INSNS_MAX || digest_program(prog, &opt, digest) < 0)
		return false;
	digest_to_hex(digest, hex);
	for (size_t i = 0; i < ARRAY_CNT(probes_progs); i++)
		if (!strcmp(probes_progs[i].hex, hex))
			return true;
	return false;
}

bool probes_has_btf(const void *data, size_t bytes)
{
	uint8_t digest[DIGEST_BYTES];
	char hex[DIGEST_HEX_BYTES];

	if (bytes > PROBES_BTF_BYTES_MAX || digest_bytes(data, bytes, digest) < 0)
		return false;
	digest_to_hex(digest, hex);
	for (size_t i = 0; i < ARRAY_CNT(probes_btfs); i++)
		if (probes_btfs[i].bytes == bytes && !strcmp(probes_btfs[i].hex, hex))
			return true;
	return false;
}

bool probes_has_map(uint32_t type, uint32_t key_bytes, uint32_t value_bytes, uint32_t max_entries,
		    uint32_t flags, const char *name)
{
	for (size_t i = 0; i < ARRAY_CNT(probes_maps); i++)
		if (probes_maps[i].type == type && probes_maps[i].key_bytes == key_bytes &&
		    probes_maps[i].value_bytes == value_bytes &&
		    probes_maps[i].max_entries == max_entries && probes_maps[i].flags == flags &&
		    !strncmp(probes_maps[i].name, name, sizeof(probes_maps[i].name)))
			return true;
	return false;
}

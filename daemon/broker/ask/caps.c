/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What loading needs, from the table of types. A type that is not in it gets CAP_BPF alone, and the kernel refuses
 * if that is too little: a gap costs a refusal, never a privilege.
 */
#include "daemon/broker/ask/caps.h"

#include "proto/own.h"
#include "verifier/bpfgate-verifier.h"

/* The words of kernel_types.def. */
#define TO_BPF	     CAPS_BPF
#define TO_PERFMON   CAPS_PERFMON
#define TO_NET_ADMIN CAPS_NET_ADMIN

static const struct {
	uint64_t load, attach;
	bool only_own;		/* affects only sockets that its holder has */
} caps_progs[] = {
#define KERNEL_PROG_TYPE(id, NAME, name, since, load, attach, others) [id] = { load, attach, !(others) },
#include "proto/kernel_types.def"
};

static const uint64_t caps_maps[] = {
#define KERNEL_MAP_TYPE(id, NAME, name, since, create, value) [id] = create,
#include "proto/kernel_types.def"
};

uint64_t caps_for_prog(uint32_t prog_type)
{
	return prog_type < ARRAY_CNT(caps_progs) && caps_progs[prog_type].load ?
		       caps_progs[prog_type].load :
		       CAPS_BPF;
}

uint64_t caps_for_attach(uint32_t prog_type)
{
	return prog_type < ARRAY_CNT(caps_progs) && caps_progs[prog_type].attach ?
		       caps_progs[prog_type].attach :
		       CAPS_BPF;
}

bool caps_prog_affects_others(uint32_t prog_type)
{
	return prog_type >= ARRAY_CNT(caps_progs) || !caps_progs[prog_type].only_own;
}

uint64_t caps_for_map(uint32_t map_type)
{
	return map_type < ARRAY_CNT(caps_maps) && caps_maps[map_type] ? caps_maps[map_type] : CAPS_BPF;
}

uint32_t caps_to_bgv(uint64_t caps)
{
	return (caps & CAPS_BPF ? BGV_CAP_BPF : 0) | (caps & CAPS_PERFMON ? BGV_CAP_PERFMON : 0) |
	       (caps & CAPS_NET_ADMIN ? BGV_CAP_NET_ADMIN : 0) |
	       (caps & CAPS_SYS_ADMIN ? BGV_CAP_SYS_ADMIN : 0);
}

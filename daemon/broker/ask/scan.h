/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's own reading of a program: whom it calls and which descriptors it names. */
#ifndef BPFGATE_DAEMON_SCAN_H
#define BPFGATE_DAEMON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/broker/store/ledger.h"
#include "policy/policy.h"

/* Calls. Ids at and above SCAN_POISON are libbpf's mark in dead code: no kernel accepts them elsewhere. */
#define SCAN_POISON 195896080	/* 0xbad2310 */

struct scan {
	uint64_t helpers[POLICY_HELPER_WORDS];
	bool helper_beyond;		/* a helper id that policy cannot name */
	bool module_kfuncs;		/* calls a kfunc of a module */
	uint32_t kfunc_cnt;		/* distinct ones of vmlinux */
	uint32_t kfuncs[LEDGER_KFUNCS_MAX];	/* BTF ids */
};

/*
 * Looks at every instruction, reachable or not, as eight bytes each. 0, or -E2BIG for more than
 * LEDGER_KFUNCS_MAX distinct kfuncs.
 */
int scan_calls(const uint8_t *insns, size_t insn_cnt, struct scan *ret_scan);

static inline bool scan_has_helper(const uint64_t *helpers, uint32_t id)
{
	return helpers[id / 64] >> (id % 64) & 1;
}

#endif

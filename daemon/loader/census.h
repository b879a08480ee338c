/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this kernel really holds: the ids of all maps, programs and links, read through BPF iterators. For
 * that CAP_BPF and CAP_PERFMON suffice, and three thousand maps take a millisecond. BTF has no iterator: its
 * ids are walked over, with CAP_SYS_ADMIN.
 */
#ifndef BPFGATE_DAEMON_CENSUS_H
#define BPFGATE_DAEMON_CENSUS_H

#include <stdint.h>

#include "daemon/privsep.h"

#define CENSUS_FD 501	/* the iterators' links: one a kind, clear of the numbers that approvals use */

struct census {
	int link[IDS_OWN + 1];		/* by enum keep_obj; -1: not to be had */
	uint32_t prog_id[IDS_OWN + 2];	/* the iterators' own programs; 0: none */
	int symbols;			/* the link of the iterator over the kernel's symbols; -1: not to be had */
};

/* Before the loader locks itself down. Kinds that this kernel cannot iterate are absent, not an error. */
void census_open(struct census *ret_census);

/* Writes the ids of that kind (enum keep_obj, IDS_OWN) into at most `bytes` of `out`. Bytes written, or -ENOSYS, -ERANGE, -errno. */
int census_count(const struct census *census, uint32_t kind, uint8_t *out, uint32_t bytes);

/*
 * *ret_fd, the caller's, is read from its beginning to its end, once, by whoever has it: the kernel's symbols as
 * /proc/kallsyms shows them to root. 0; -ENOSYS: this kernel cannot iterate them (before 6.0), or its kptr_restrict shows
 * addresses to nobody; or -errno.
 */
int census_open_symbols(const struct census *census, int *ret_fd);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only door to bpf(2). What a client asked for goes through kern_run(), which takes an approval;
 * the rest is our own: the census.
 */
#ifndef BPFGATE_DAEMON_KERN_H
#define BPFGATE_DAEMON_KERN_H

#include <stdint.h>

#include "daemon/loader/approval.h"

struct kern_outcome {
	int result;		/* what bpf(2) returned; an fd counts as 0 */
	int fd;			/* -1, or the new object's: the caller owns it */
	uint64_t cpu_ns;
};

/*
 * Makes the call. 0 with *ret_outcome filled (its result may be a refusal of the kernel, -errno), or
 * -errno when the call could not be made with the capabilities that the approval names.
 */
int kern_run(struct approval *approval, struct kern_outcome *ret_outcome);

/* Raises exactly these (1 << CAP_x); the permitted set stays, the next approval may need others. 0 or -errno. */
int kern_set_caps(uint64_t effective);

struct bpf_insn;

/*
 * For the census (census.c): loads one of *our* iterator programs for the BTF function btf_id and links
 * it. *ret_link is the caller's. 0 or -errno.
 */
int kern_iter_link(const struct bpf_insn *insns, uint32_t insn_cnt, uint32_t btf_id, int *ret_link);
/* Opens a run of it, to be read to its end. 0 with *ret_fd the caller's, or -errno. */
int kern_iter_open(int link_fd, int *ret_fd);

/* The least BTF id above `after`; -ENOENT past the last, -EPERM without CAP_SYS_ADMIN. */
int kern_next_btf(uint32_t after, uint32_t *ret_id);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The log that a PROG_LOAD or BTF_LOAD answers with: the kernel's, or ours in its shape. */
#ifndef BPFGATE_DAEMON_REPLY_LOG_H
#define BPFGATE_DAEMON_REPLY_LOG_H

#include <linux/bpf.h>

#include "daemon/broker/work/log_buf.h"
#include "daemon/broker/work/work.h"

/* Where a command keeps its four log fields. */
struct reply_log_fields {
	uint16_t buf, size, level, true_size, true_size_end;
};
extern const struct reply_log_fields reply_log_prog_load, reply_log_btf_load;

/* What the client wants; -EINVAL as the kernel for a contradiction. */
int reply_log_read(const struct work *work, const struct reply_log_fields *fields,
		   struct log_buf_want *ret_want);

/* Makes the loader bring the kernel's log along. */
int reply_log_add_to_call(const struct work *work, const struct reply_log_fields *fields,
			  struct loader_call *call);
/*
 * Puts what the kernel wrote (output `out_idx` of the call) into the reply, without addresses of the kernel's;
 * insns: the program as it was loaded, or NULL.
 */
void reply_log_take_kernels(struct work *work, const struct reply_log_fields *fields,
			    const struct loader_result *result, unsigned int out_idx,
			    const struct bpf_insn *insns, size_t insn_cnt);

/*
 * Puts a log of ours into the reply, cut as the kernel cuts. Returns err, or ENOSPC when the buffer
 * was too small (positive errno both). Keeps a copy of the text with the work.
 */
int reply_log_put(struct work *work, const struct reply_log_fields *fields, const char *text,
		  int err);

/*
 * A whole log in the classic shape: who refused and where to ask, the explanation, what the verifier
 * says, its last message, and the line that loaders expect last. Parts may be "". NULL on -ENOMEM.
 */
char *reply_log_compose(const struct work *work, const char *verdict, const char *code,
			const char *explanation, const char *log, size_t log_bytes,
			const char *message, const struct judge_verdict *stats);

#endif

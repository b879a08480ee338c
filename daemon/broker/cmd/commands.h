/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handlers, one for each command the broker carries out; dispatch.c has the table. Each answers
 * its work exactly once, now or later.
 */
#ifndef BPFGATE_DAEMON_COMMANDS_H
#define BPFGATE_DAEMON_COMMANDS_H

#include "daemon/broker/work/work.h"

void map_create(struct work *work);		/* map_create.c */
void btf_load(struct work *work);		/* btf_load.c */
void prog_load(struct work *work);		/* prog_load.c */
void link_create(struct work *work);		/* attach.c */
void prog_attach(struct work *work);		/* attach.c: PROG_DETACH too */
void raw_tracepoint_open(struct work *work);	/* attach.c */
/* perf_open.c, and the last attach.c: not of bpf(2), see proto/perf.h */
void perf_output_open(struct work *work);
void perf_event_open(struct work *work);
void perf_event_set_bpf(struct work *work);
void trace_open(struct work *work);		/* trace_open.c: see proto/trace.h */
void pin_name(struct work *work);		/* pin_name.c: see proto/pinname.h */
void prog_query(struct work *work);		/* query.c */
void task_fd_query(struct work *work);		/* query.c */
void token_create(struct work *work);		/* token_create.c: root's answer, never a token */
void virtual_next_id(struct work *work);	/* virtual.c: all *_GET_NEXT_ID */
void virtual_fd_by_id(struct work *work);	/* virtual.c: all *_GET_FD_BY_ID */
void info_by_fd(struct work *work);		/* info.c: with a handle */
void link_update(struct work *work);		/* update.c */
void map_update(struct work *work);		/* update.c: a handle as the value */
void test_run(struct work *work);		/* simple.c */
void prog_assoc(struct work *work);		/* simple.c */
void prog_bind_map(struct work *work);		/* simple.c */
void iter_create(struct work *work);		/* simple.c */
void stream_read(struct work *work);		/* simple.c */
void obj_pin(struct work *work);		/* pin.c */
void obj_get(struct work *work);		/* pin.c */

/*
 * Ends the work with a descriptor of this map, opened with BPF_F_RDONLY or BPF_F_WRONLY (virtual.c). The map must
 * be kept, so that its id stays its own.
 */
void virtual_reply_map(struct work *work, const struct ledger_rec *map, uint32_t flags);
/*
 * Ends the work with a descriptor of this link, opened anew: the kernel calls one that comes from a pin "bpf-link", one
 * that was just made "bpf_link", and clients take the second for no link. The link must be kept, as above (virtual.c).
 */
void virtual_reply_link(struct work *work, uint32_t link_id);

/* Ends the work with one more handle of a kept program (virtual.c). */
void virtual_reply_handle(struct work *work, uint64_t keep_id);

#endif

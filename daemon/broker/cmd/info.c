/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OBJ_GET_INFO_BY_FD for a handle: the kernel is asked about the program behind it, with the rights that
 * the client has, and told apart in one thing: the user who made it is the one who asked for it. On real
 * descriptors clients ask the kernel themselves.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "daemon/broker/cmd/commands.h"
#include "daemon/broker/ask/forward.h"
#include "daemon/broker/ask/obj.h"

#define INFO_BYTES_MAX 4096	/* as the kernel: a page */

/* Which maps the program uses, from the ledger: the client's pointer for them is not the loader's. */
static void info_add_map_ids(struct work *work, const struct ledger_rec *rec)
{
	reply_set_info_buf(&work->reply, &work->req, offsetof(struct bpf_prog_info, map_ids),
			   rec->prog.maps, rec->prog.map_cnt * sizeof(rec->prog.maps[0]));
}

static void info_on_done(void *ctx, struct loader_result *result)
{
	struct work *work = ctx;
	const struct ledger_rec *rec = work->state;
	uint32_t bytes = 0;
	uint8_t *info;

	if (!work_loader_answered(work, result))
		return;
	if (result->answer->result < 0) {
		work_reply(work, result->answer->result);
		return;
	}
	info = (uint8_t *)(uintptr_t)loader_result_out(work->loader_call, result, 0, &bytes);
	if (rec && bytes >= offsetof(struct bpf_prog_info, nr_map_ids)) {
		memcpy(info + offsetof(struct bpf_prog_info, created_by_uid), &rec->uid,
		       sizeof(rec->uid));
		info_add_map_ids(work, rec);
	}
	forward_take_outputs(work, result);
	work_reply(work, 0);
}

void info_by_fd(struct work *work)
{
	struct obj obj;
	int r = obj_at(work, ATTR_INFO_BPF_FD, 0, &obj);

	if (r >= 0 && work_u32(work, ATTR_INFO_INFO_LEN) > INFO_BYTES_MAX)
		r = -E2BIG;
	if (r >= 0 && obj.rec && obj.rec->kind == LEDGER_PROG) {
		struct ledger_rec *copy = malloc(sizeof(*copy));

		if (copy)
			*copy = *obj.rec;
		work->state = copy;
		work->state_free = free;
	}
	if (r >= 0)
		r = forward_fill(work, 0);
	if (r < 0)
		work_reply(work, r);
	else
		work_submit_loader(work, info_on_done);
}

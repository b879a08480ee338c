/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OBJ_GET_INFO_BY_FD for a handle: the kernel is asked about the program behind it, with the rights that
 * the client has, and told apart in one thing: the user who made it is the one who asked for it. Its owner also sees the
 * instructions and the records about them, as the kernel shows them to who has CAP_BPF and may not see addresses; what is compiled has nothing else in
 * it and is not shown. On real descriptors clients ask the kernel themselves.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "daemon/broker/cmd/commands.h"
#include "daemon/broker/ask/caps.h"
#include "daemon/broker/ask/forward.h"
#include "daemon/broker/ask/client_obj.h"
#include "daemon/broker/store/owner.h"

#define INFO_BYTES_MAX 4096	/* as the kernel: a page */

/* Which maps the program uses, from the ledger: the client's pointer for them is not the loader's. */
static void info_add_map_ids(struct work *work, const struct ledger_rec *rec)
{
	reply_set_info_buf(&work->reply, &work->req, offsetof(struct bpf_prog_info, map_ids),
			   rec->prog.maps, rec->prog.map_cnt * sizeof(rec->prog.maps[0]));
}

#define INFO_AT(member) offsetof(struct bpf_prog_info, member)

/* What the loader lets the kernel fill: where its pointer, its count and the size of one are. */
static const struct info_array {
	uint16_t ptr, cnt, rec; /* rec 0: elem bytes each */
	uint32_t elem;
} info_arrays[] = {
	{ INFO_AT(xlated_prog_insns), INFO_AT(xlated_prog_len), 0, 1 },
	{ INFO_AT(func_info), INFO_AT(nr_func_info), INFO_AT(func_info_rec_size), 0 },
	{ INFO_AT(line_info), INFO_AT(nr_line_info), INFO_AT(line_info_rec_size), 0 },
	{ INFO_AT(prog_tags), INFO_AT(nr_prog_tags), 0, sizeof(uint64_t) },
};

/* The room that the caller has for such an array; 0: it asks for none. */
static uint32_t info_room(const struct work *work, uint16_t ptr)
{
	const struct cmd_row *row = work->req.row;

	for (int i = 0; i < row->ptr_cnt; i++)
		if (row->ptrs[i].in_info && row->ptrs[i].off == ptr &&
		    work->req.ptrs[i].state == WIRE_PTR_PRESENT)
			return work->req.ptrs[i].room;
	return 0;
}

/* Of the caller's struct only counts are taken over: pointers in it would be into the loader's memory. */
static uint32_t info_take_count(const struct work *work, const struct request_ptr *asked,
				const struct info_array *array, uint8_t *info)
{
	uint32_t room = info_room(work, array->ptr), rec = array->elem;

	if (array->rec && array->rec + 4u <= asked->bytes)
		rec = attr_u32(asked->data, array->rec);
	if (!room || !rec || array->cnt + 4u > asked->bytes || array->ptr + 8u > asked->bytes)
		return 0;
	attr_put_u32(info, array->cnt, room / rec);
	if (array->rec)
		attr_put_u32(info, array->rec, rec);
	return room;
}

/* In place of the last pointer, which is the struct as scratch: one with counts, and room for what is counted. */
static int info_add_arrays(struct work *work)
{
	struct loader_call *call = work->loader_call;
	const struct request_ptr *asked = work_ptr(work, ATTR_INFO_INFO);
	uint8_t info[INFO_BYTES_MAX] = { 0 };
	uint32_t rooms[ARRAY_CNT(info_arrays)], off = 0;
	int r;

	if (asked->state != WIRE_PTR_PRESENT || !call->ask.ptr_cnt)
		return 0;
	for (size_t i = 0; i < ARRAY_CNT(info_arrays); i++)
		rooms[i] = info_take_count(work, asked, &info_arrays[i], info);
	call->ask.ptr_cnt--;
	r = loader_add_both(call, ATTR_INFO_INFO, info, asked->bytes, &off);
	for (size_t i = 0; i < ARRAY_CNT(info_arrays) && r == 0; i++)
		if (rooms[i])
			r = loader_add_out(call, off + info_arrays[i].ptr, rooms[i], PTR_IN_PAYLOAD);
	return r;
}

static void info_take_arrays(struct work *work, const struct loader_result *result)
{
	unsigned int nth = 1;

	for (size_t i = 0; i < ARRAY_CNT(info_arrays); i++) {
		uint32_t bytes;
		const uint8_t *data;

		if (!info_room(work, info_arrays[i].ptr))
			continue;
		data = loader_result_out(work->loader_call, result, nth++, &bytes);
		if (data)
			reply_set_info_buf(&work->reply, &work->req, info_arrays[i].ptr, data, bytes);
	}
}

/* Lengths of what is not shown would be taken for what was. */
static void info_blank_compiled(const struct work *work, uint8_t *info, uint32_t bytes)
{
	static const uint16_t counts[] = { INFO_AT(nr_jited_ksyms), INFO_AT(nr_jited_func_lens),
					   INFO_AT(nr_jited_line_info) };

	if (info_room(work, INFO_AT(jited_prog_insns)))
		attr_put_u32(info, INFO_AT(jited_prog_len), 0);
	for (size_t i = 0; i < ARRAY_CNT(counts); i++)
		if (counts[i] + 4u <= bytes)
			attr_put_u32(info, counts[i], 0);
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
		info_blank_compiled(work, info, bytes);
		if (work->loader_call->ask.caps)
			info_take_arrays(work, result);
	}
	forward_take_outputs(work, result);
	work_reply(work, 0);
}

void info_by_fd(struct work *work)
{
	struct client_obj obj;
	bool own = false;
	int r = client_obj_at(work, ATTR_INFO_BPF_FD, 0, &obj);

	if (r >= 0 && work_u32(work, ATTR_INFO_INFO_LEN) > INFO_BYTES_MAX)
		r = -E2BIG;
	if (r >= 0 && obj.rec && obj.rec->kind == LEDGER_PROG) {
		struct ledger_rec *copy = malloc(sizeof(*copy));

		if (copy)
			*copy = *obj.rec;
		work->state = copy;
		work->state_free = free;
		own = copy && owner_has(work->ident, copy);
	}
	if (r >= 0)
		r = forward_fill(work, own ? CAPS_BPF : 0);
	if (r >= 0 && own)
		r = info_add_arrays(work);
	if (r < 0)
		work_reply(work, r);
	else
		work_submit_loader(work, info_on_done);
}

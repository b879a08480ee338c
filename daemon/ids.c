/* SPDX-License-Identifier: Apache-2.0 */
/*
 * *_GET_NEXT_ID needs CAP_SYS_ADMIN and a system call per object; an iterator needs the capabilities of a
 * tracing program and one read. The three programs are written here, for the offsets that the kernel's
 * BTF names, loaded once through a loader like any other, and only their links are kept: whoever holds
 * such a link can read ids and nothing else.
 */
#include "daemon/ids.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <string.h>

#include "daemon/caps.h"
#include "proto/attr.h"

#define IDS_SEQ_WRITE 127	/* bpf_seq_write */
#define IDS_MAX	      (1u << 20)

/* One per kind: whose id, by way of which members. */
static const struct {
	uint32_t obj_kind;
	const char *func;		/* of the iterator in BTF */
	const char *type, *via, *via_type;
} ids_kinds[] = {
	{ KEEP_LINK, "bpf_iter_bpf_link", "bpf_link", NULL, NULL },
	{ KEEP_PROG, "bpf_iter_bpf_prog", "bpf_prog", "aux", "bpf_prog_aux" },
	{ KEEP_MAP, "bpf_iter_bpf_map", "bpf_map", NULL, NULL },
};
#define IDS_KIND_CNT ARRAY_CNT(ids_kinds)

struct ids {
	struct broker *broker;
	int link_fd[IDS_KIND_CNT];
	uint64_t keep_id;		/* of the program while its link is made */
	unsigned int kind;
	struct loader_call *call;
	ids_done_fn on_done;
	void *ctx;
};

static void ids_next_step(struct ids *ids);

int ids_new(struct broker *broker, struct ids **ret_ids)
{
	struct ids *ids = calloc(1, sizeof(*ids));

	if (!ids)
		return -ENOMEM;
	ids->broker = broker;
	for (size_t i = 0; i < IDS_KIND_CNT; i++)
		ids->link_fd[i] = -1;
	*ret_ids = ids;
	return 0;
}

void ids_free(struct ids *ids)
{
	if (!ids)
		return;
	for (size_t i = 0; i < IDS_KIND_CNT; i++)
		own_close_fd(&ids->link_fd[i]);
	loader_call_free(ids->call);
	free(ids);
}

static void ids_finish(struct ids *ids, int err, uint32_t *values, size_t cnt)
{
	ids_done_fn on_done = ids->on_done;

	loader_call_free(ids->call);
	ids->call = NULL;
	ids->on_done = NULL;
	on_done(ids->ctx, err, values, cnt);
}

static struct loader_call *ids_new_call(struct ids *ids, uint32_t cmd, uint32_t attr_bytes,
					loader_done_fn on_done)
{
	struct loader_call *call = loader_call_new();

	loader_call_free(ids->call);
	ids->call = call;
	if (!call)
		return NULL;
	call->uid = (uid_t)-1;
	call->loader_flags = LOADER_LEDGER;
	call->ask.op = DOOR_BPF;
	call->ask.cmd = cmd;
	call->ask.caps = CAPS_BPF | CAPS_PERFMON;
	call->ask.attr_bytes = attr_bytes;
	call->on_done = on_done;
	call->ctx = ids;
	return call;
}

static void ids_submit(struct ids *ids, int r)
{
	if (r >= 0)
		r = loaders_submit(ids->broker->loaders, ids->call);
	if (r < 0)
		ids_finish(ids, r, NULL, 0);
}

/* ---- the program ---- */

#define IDS_INSN(CODE, DST, SRC, OFF, IMM) \
	((struct bpf_insn){ .code = (CODE), .dst_reg = (DST), .src_reg = (SRC), .off = (OFF), \
			    .imm = (IMM) })
#define IDS_LOAD(SIZE, DST, SRC, OFF) IDS_INSN(BPF_LDX | BPF_MEM | (SIZE), DST, SRC, OFF, 0)

/* Writes the object's id into the iterator's output; nothing at the end of the walk. */
static size_t ids_write_prog(struct bpf_insn *insns, int via_off, int id_off)
{
	size_t n = 0, jump;

	insns[n++] = IDS_INSN(BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0);
	insns[n++] = IDS_LOAD(BPF_DW, 7, 6, 8);
	jump = n++;
	if (via_off >= 0)
		insns[n++] = IDS_LOAD(BPF_DW, 7, 7, (int16_t)via_off);
	insns[n++] = IDS_LOAD(BPF_W, 1, 7, (int16_t)id_off);
	insns[n++] = IDS_INSN(BPF_STX | BPF_MEM | BPF_W, 10, 1, -4, 0);
	insns[n++] = IDS_LOAD(BPF_DW, 1, 6, 0);
	insns[n++] = IDS_LOAD(BPF_DW, 1, 1, 0);
	insns[n++] = IDS_INSN(BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0);
	insns[n++] = IDS_INSN(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -4);
	insns[n++] = IDS_INSN(BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, 4);
	insns[n++] = IDS_INSN(BPF_JMP | BPF_CALL, 0, 0, 0, IDS_SEQ_WRITE);
	insns[jump] = IDS_INSN(BPF_JMP | BPF_JEQ | BPF_K, 7, 0, (int16_t)(n - jump - 1), 0);
	insns[n++] = IDS_INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	insns[n++] = IDS_INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	return n;
}

static void ids_on_loaded(void *ctx, struct loader_result *result)
{
	struct ids *ids = ctx;

	if (result->err < 0 || result->answer->result < 0) {
		ids_finish(ids, result->err < 0 ? result->err : result->answer->result, NULL, 0);
		return;
	}
	ids->keep_id = result->keep_id;
	ids_next_step(ids);
}

static void ids_load(struct ids *ids)
{
	struct vmbtf *vmbtf = ids->broker->vmbtf;
	const char *via_type = ids_kinds[ids->kind].via_type;
	int func = vmbtf_find(vmbtf, BTF_KIND_FUNC, ids_kinds[ids->kind].func);
	int id_off = vmbtf_offset_of(vmbtf, via_type ? via_type : ids_kinds[ids->kind].type, "id");
	int via_off = via_type ? vmbtf_offset_of(vmbtf, ids_kinds[ids->kind].type,
						 ids_kinds[ids->kind].via) : -1;
	struct loader_call *call = ids_new_call(ids, BPF_PROG_LOAD, ATTR_END_PROG_LOAD_ATTACH_BTF_ID,
						ids_on_loaded);
	struct bpf_insn insns[16];
	size_t cnt;
	int r;

	if (!call || func < 0 || id_off < 0 || (via_type && via_off < 0)) {
		ids_finish(ids, call ? -ENOENT : -ENOMEM, NULL, 0);
		return;
	}
	cnt = ids_write_prog(insns, via_off, id_off);
	call->ask.result_fd = DOOR_FD_KEEP;
	call->ask.obj_kind = KEEP_PROG;
	attr_put_u32(call->ask.attr, ATTR_PROG_LOAD_TYPE, BPF_PROG_TYPE_TRACING);
	attr_put_u32(call->ask.attr, ATTR_PROG_LOAD_INSN_CNT, (uint32_t)cnt);
	attr_put_u32(call->ask.attr, ATTR_PROG_LOAD_EXPECTED_ATTACH_TYPE, BPF_TRACE_ITER);
	attr_put_u32(call->ask.attr, ATTR_PROG_LOAD_ATTACH_BTF_ID, (uint32_t)func);
	memcpy(call->ask.attr + ATTR_PROG_LOAD_NAME, "bpfgate_ids", sizeof("bpfgate_ids"));
	r = loader_add_in(call, ATTR_PROG_LOAD_INSNS, insns, cnt * sizeof(insns[0]), NULL);
	/* bpf_seq_write is for programs of a GPL-compatible license. */
	if (r >= 0)
		r = loader_add_in(call, ATTR_PROG_LOAD_LICENSE, "Dual BSD/GPL",
				  sizeof("Dual BSD/GPL"), NULL);
	ids_submit(ids, r);
}

/* ---- its link, and reading ---- */

static void ids_on_linked(void *ctx, struct loader_result *result)
{
	struct ids *ids = ctx;

	/* The link keeps the program; nobody needs to attach it anywhere else. */
	warden_ask_drop(ids->broker->warden, ids->keep_id);
	ids->keep_id = 0;
	if (result->err < 0 || result->answer->result < 0) {
		ids_finish(ids, result->err < 0 ? result->err : result->answer->result, NULL, 0);
		return;
	}
	ids->link_fd[ids->kind] = TAKE_FD(result->fd);
	ids_next_step(ids);
}

static void ids_link(struct ids *ids)
{
	struct loader_call *call = ids_new_call(ids, BPF_LINK_CREATE, ATTR_END_LINK_CREATE_FLAGS,
						ids_on_linked);
	int number;

	if (!call) {
		ids_finish(ids, -ENOMEM, NULL, 0);
		return;
	}
	call->ask.result_fd = DOOR_FD_BROKER;
	call->ask.obj_kind = KEEP_LINK;
	number = loader_add_lent(call, ids->keep_id);
	attr_put_u32(call->ask.attr, ATTR_LINK_CREATE_PROG_FD, (uint32_t)number);
	attr_put_u32(call->ask.attr, ATTR_LINK_CREATE_ATTACH_TYPE, BPF_TRACE_ITER);
	ids_submit(ids, number);
}

static int ids_read_all(int fd, uint32_t **ret_values, size_t *ret_cnt)
{
	OWN_MEM uint32_t *values = NULL;
	size_t room = 0, bytes = 0;

	for (;;) {
		ssize_t n;

		if (bytes == room) {
			uint32_t *grown;

			room = room ? 2 * room : 16384;
			if (room > IDS_MAX * sizeof(*values))
				return -E2BIG;
			grown = realloc(values, room);
			if (!grown)
				return -ENOMEM;
			values = grown;
		}
		n = read(fd, (char *)values + bytes, room - bytes);
		if (n < 0 && errno != EAGAIN)
			return -errno;
		if (n == 0)
			break;
		bytes += n > 0 ? (size_t)n : 0;
	}
	*ret_values = TAKE_PTR(values);
	*ret_cnt = bytes / sizeof(**ret_values);
	return 0;
}

static void ids_on_iterator(void *ctx, struct loader_result *result)
{
	struct ids *ids = ctx;
	OWN_MEM uint32_t *values = NULL;
	size_t cnt = 0;
	int r = result->err < 0 ? result->err : result->answer->result;

	if (r >= 0)
		r = ids_read_all(result->fd, &values, &cnt);
	ids_finish(ids, r < 0 ? r : 0, values, cnt);
}

static void ids_iterate(struct ids *ids)
{
	struct loader_call *call = ids_new_call(ids, BPF_ITER_CREATE, ATTR_END_ITER_FLAGS,
						ids_on_iterator);
	int number;

	if (!call) {
		ids_finish(ids, -ENOMEM, NULL, 0);
		return;
	}
	call->ask.result_fd = DOOR_FD_BROKER;
	number = loader_add_fd(call, ids->link_fd[ids->kind]);
	attr_put_u32(call->ask.attr, ATTR_ITER_LINK_FD, (uint32_t)number);
	ids_submit(ids, number);
}

static void ids_next_step(struct ids *ids)
{
	if (ids->link_fd[ids->kind] >= 0)
		ids_iterate(ids);
	else if (ids->keep_id)
		ids_link(ids);
	else
		ids_load(ids);
}

int ids_read(struct ids *ids, uint32_t obj_kind, ids_done_fn on_done, void *ctx)
{
	if (ids->on_done)
		return -EBUSY;
	for (size_t i = 0; i < IDS_KIND_CNT; i++) {
		if (ids_kinds[i].obj_kind != obj_kind)
			continue;
		ids->kind = (unsigned int)i;
		ids->on_done = on_done;
		ids->ctx = ctx;
		ids_next_step(ids);
		return 0;
	}
	return -EINVAL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs name maps and BTF by numbers of the client's descriptor table. Here each number becomes an
 * object that the kernel identifies: for the judge an index, for the loader the number that the
 * descriptor has there. Nothing else in an instruction changes. Maps must have been made through us and
 * be open read-write: the kernel does not hold programs to the mode of a descriptor.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/broker/cmd/prog_load.h"
#include "daemon/broker/store/owner.h"
#include "proto/insnfd.h"
#include "proto/refusal.h"

__attribute__((format(printf, 4, 5))) static int prog_refs_fail(struct prog_load *load, int err,
								 enum refusal refusal,
								 const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(load->problem, sizeof(load->problem), format, ap);
	va_end(ap);
	load->problem_code = refusal;
	return err;
}

/* ---- objects ---- */

static int prog_refs_add_map(struct work *work, struct prog_load *load, int32_t number)
{
	struct client_obj obj;
	int r = client_obj_of_number(work, number, KEEP_MAP, &obj);

	if (r < 0)
		return prog_refs_fail(load, r, REFUSAL_BAD_FD, "fd %d is not pointing to valid bpf_map",
				      number);
	for (uint32_t i = 0; i < load->map_cnt; i++)
		if (load->maps[i].obj.id == obj.id)
			return (int)i;
	if (!obj.rec)
		return prog_refs_fail(load, -EPERM, REFUSAL_FOREIGN_MAP,
				      "map %u (fd %d) was not created through bpfgate", obj.id,
				      number);
	if (!client_obj_is_read_write(&obj))
		return prog_refs_fail(load, -EPERM, REFUSAL_MAP_MODE,
				      "map %u (fd %d) is not open read-write: a program would get "
				      "around that", obj.id, number);
	if (load->map_cnt == LEDGER_MAPS_MAX)
		return prog_refs_fail(load, -E2BIG, REFUSAL_TOO_MANY_MAPS,
				      "The total number of maps per program has reached the limit of %d",
				      LEDGER_MAPS_MAX);
	load->maps[load->map_cnt].obj = obj;
	load->rec.prog.maps[load->map_cnt] = obj.id;
	load->rec.prog.map_cnt = load->map_cnt + 1;
	return (int)load->map_cnt++;
}

static int prog_refs_add_btf_id(struct prog_load *load, uint32_t id)
{
	for (uint32_t i = 0; i < load->btf_cnt; i++)
		if (load->btf_ids[i] == id)
			return (int)i + 1;
	if (load->btf_cnt == PROG_LOAD_BTFS_MAX)
		return prog_refs_fail(load, -E2BIG, REFUSAL_TOO_MANY_BTFS, "too many BTF objects");
	load->btf_ids[load->btf_cnt++] = id;
	return (int)load->btf_cnt;
}

/* Returns the BTF's index + 1 for the judge. */
static int prog_refs_add_btf(struct work *work, struct prog_load *load, int32_t number,
			     struct client_obj *ret_obj)
{
	uint32_t id = 0;
	int r = client_obj_of_number(work, number, KEEP_BTF, ret_obj);

	if (r >= 0)
		r = btfs_of_fd(work->broker->btfs, ret_obj->fd, &id);
	if (r < 0)
		return prog_refs_fail(load, r, REFUSAL_BAD_FD, "fd %d is not pointing to valid BTF", number);
	return prog_refs_add_btf_id(load, id);
}

static int prog_refs_give_loader(struct work *work, struct prog_load *load,
				 const struct client_obj *obj)
{
	int number = client_obj_add_to_call(obj, work->loader_call);

	return number < 0 ? prog_refs_fail(load, number, REFUSAL_TOO_MANY_FDS, "too many descriptors") :
			    number;
}

/* What the descriptor was found to be before; an unknown one for a number that was not sent. */
static struct prog_ref prog_refs_recall(const struct work *work, const struct prog_load *load,
					int32_t number)
{
	int at = request_find_fd(&work->req, number);

	return at < 0 ? (struct prog_ref){ 0 } : load->refs[at];
}

static void prog_refs_remember(const struct work *work, struct prog_load *load, int32_t number,
			       struct prog_ref ref)
{
	int at = request_find_fd(&work->req, number);

	if (at >= 0)
		load->refs[at] = ref;
}

/*
 * Index of the map that the client calls `number`; what it is called in the loader goes to *ret_number. The
 * kernel is asked once, however often a program names it.
 */
static int prog_refs_use_map(struct work *work, struct prog_load *load, int32_t number,
			     int *ret_number)
{
	struct prog_ref ref = prog_refs_recall(work, load, number);

	if (!ref.map) {
		int idx = prog_refs_add_map(work, load, number), in_loader;

		if (idx < 0)
			return idx;
		in_loader = prog_refs_give_loader(work, load, &load->maps[idx].obj);
		if (in_loader < 0)
			return in_loader;
		ref = (struct prog_ref){ .map = (uint16_t)(idx + 1), .number = (uint16_t)in_loader };
		prog_refs_remember(work, load, number, ref);
	}
	*ret_number = ref.number;
	return ref.map - 1;
}

/* The same for BTF: its index + 1 for the judge. */
static int prog_refs_use_btf(struct work *work, struct prog_load *load, int32_t number,
			     int *ret_number)
{
	struct prog_ref ref = prog_refs_recall(work, load, number);

	if (!ref.btf) {
		struct client_obj btf;
		int idx = prog_refs_add_btf(work, load, number, &btf), in_loader;

		if (idx < 0)
			return idx;
		in_loader = prog_refs_give_loader(work, load, &btf);
		if (in_loader < 0)
			return in_loader;
		ref = (struct prog_ref){ .btf = (uint16_t)idx, .number = (uint16_t)in_loader };
		prog_refs_remember(work, load, number, ref);
	}
	*ret_number = ref.number;
	return ref.btf;
}

/* ---- instructions ---- */

static int prog_refs_map_insn(struct work *work, struct prog_load *load, const struct insnfd *ref)
{
	int number, idx = prog_refs_use_map(work, load, ref->number, &number);

	if (idx < 0)
		return idx;
	load->judged_insns[ref->insn_idx].imm = idx;
	load->loaded_insns[ref->insn_idx].imm = number;
	return 0;
}

static int prog_refs_btf_insn(struct work *work, struct prog_load *load, const struct insnfd *ref)
{
	int number, idx = prog_refs_use_btf(work, load, ref->number, &number);

	if (idx < 0)
		return idx;
	load->judged_insns[ref->insn_idx].imm = idx;
	load->loaded_insns[ref->insn_idx].imm = number;
	return 0;
}

/* The client's number at an index of fd_array, as far as it sent one. */
static int prog_refs_read_array(const struct work *work, struct prog_load *load, int32_t idx,
				int32_t *ret_number)
{
	const struct request_ptr *array = work_ptr(work, ATTR_PROG_LOAD_FD_ARRAY);

	if (array->state == WIRE_PTR_NULL)
		return prog_refs_fail(load, -EPROTO, REFUSAL_NO_FD_ARRAY,
				      "fd_idx without fd_array is invalid");
	if (idx < 0 || (uint32_t)idx >= array->bytes / sizeof(*ret_number))
		return prog_refs_fail(load, -EFAULT, REFUSAL_FD_IDX, "fd_array has no index %d", idx);
	memcpy(ret_number, array->data + (size_t)idx * sizeof(*ret_number), sizeof(*ret_number));
	return 0;
}

static int prog_refs_map_idx_insn(struct work *work, struct prog_load *load,
				  const struct insnfd *ref)
{
	int32_t number;
	int r = prog_refs_read_array(work, load, ref->number, &number), in_loader;

	if (r >= 0)
		r = prog_refs_use_map(work, load, number, &in_loader);
	if (r < 0)
		return r;
	load->judged_insns[ref->insn_idx].imm = r;
	load->loaded_fd_array[ref->number] = in_loader;
	return 0;
}

static int prog_refs_kfunc_insn(struct work *work, struct prog_load *load, const struct insnfd *ref)
{
	int32_t number;
	int r = prog_refs_read_array(work, load, ref->number, &number), in_loader;

	if (r >= 0)
		r = prog_refs_use_btf(work, load, number, &in_loader);
	if (r < 0)
		return r;
	load->judged_insns[ref->insn_idx].off = (int16_t)r;
	load->loaded_fd_array[ref->number] = in_loader;
	return 0;
}

static int prog_refs_resolve_insns(struct work *work, struct prog_load *load,
				   const struct request_ptr *insns)
{
	static int (*const resolvers[])(struct work *, struct prog_load *, const struct insnfd *) = {
		[INSNFD_MAP] = prog_refs_map_insn,
		[INSNFD_BTF] = prog_refs_btf_insn,
		[INSNFD_MAP_IDX] = prog_refs_map_idx_insn,
		[INSNFD_KFUNC_IDX] = prog_refs_kfunc_insn,
	};
	struct insnfd ref;
	size_t idx = 0;
	int r = 0;

	while (r >= 0 && insnfd_next(insns->data, load->rec.prog.insn_cnt, &idx, &ref))
		r = resolvers[ref.kind](work, load, &ref);
	return r;
}

/* ---- fd_array ---- */

static int prog_refs_find_kind(struct work *work, struct prog_load *load, int32_t number)
{
	struct prog_ref ref = prog_refs_recall(work, load, number);
	struct client_obj obj;
	int r;

	if (ref.map || ref.btf)
		return ref.btf ? KEEP_BTF : KEEP_MAP;
	r = client_obj_of_number(work, number, 0, &obj);
	return r < 0 ? prog_refs_fail(load, r, REFUSAL_BAD_FD,
				      "fd %d is not pointing to valid bpf_map or btf", number) :
		       (int)obj.kind;
}

static int prog_refs_bind(struct work *work, struct prog_load *load, int32_t number, int *ret_number)
{
	int kind = prog_refs_find_kind(work, load, number), idx;

	if (kind < 0 || kind == KEEP_BTF)
		return kind < 0 ? kind : prog_refs_use_btf(work, load, number, ret_number);
	idx = prog_refs_use_map(work, load, number, ret_number);
	if (idx >= 0)
		load->maps[idx].bound = true;
	return idx;
}

/* With fd_array_cnt every entry is bound to the program: maps first for the judge, then BTF. */
static int prog_refs_bind_array(struct work *work, struct prog_load *load, uint32_t cnt)
{
	for (uint32_t i = 0; i < cnt; i++) {
		int32_t number;
		int r = prog_refs_read_array(work, load, (int32_t)i, &number), in_loader;

		if (r >= 0)
			r = prog_refs_bind(work, load, number, &in_loader);
		if (r < 0)
			return r;
		load->loaded_fd_array[i] = in_loader;
	}
	return 0;
}

static int prog_refs_start_array(struct work *work, struct prog_load *load)
{
	const struct request_ptr *array = work_ptr(work, ATTR_PROG_LOAD_FD_ARRAY);
	uint32_t bound = work_u32(work, ATTR_PROG_LOAD_FD_ARRAY_CNT);

	if (array->state == WIRE_PTR_FAULT)
		return prog_refs_fail(load, -EFAULT, REFUSAL_FD_ARRAY, "fd_array cannot be read");
	load->fd_array_cnt = array->bytes / sizeof(int32_t);
	load->loaded_fd_array = calloc(load->fd_array_cnt + 1, sizeof(int32_t));
	if (!load->loaded_fd_array)
		return -ENOMEM;
	return prog_refs_bind_array(work, load, bound);
}

/* ---- the attr ---- */

static int prog_refs_add_prog_btf(struct work *work, struct prog_load *load)
{
	int idx, number;

	/* As the kernel: without records that speak of it the descriptor is not looked at. */
	if (work_fd_at(work, ATTR_PROG_LOAD_PROG_BTF_FD) == -ENOENT)
		return 0;
	idx = prog_refs_use_btf(work, load, work_fd_number(work, ATTR_PROG_LOAD_PROG_BTF_FD), &number);
	if (idx < 0)
		return idx;
	load->prog_btf_idx = (uint32_t)idx;
	attr_put_u32(work->loader_call->ask.attr, ATTR_PROG_LOAD_PROG_BTF_FD, (uint32_t)number);
	return 0;
}

/*
 * The program that this one attaches to: the caller's own, whatever is shared, for its code would run
 * there. It is judged together with what was judged then.
 */
static int prog_refs_add_target(struct work *work, struct prog_load *load, const struct client_obj *obj)
{
	const struct ledger_rec *rec = obj->rec;
	const uint8_t *bytes;
	size_t byte_cnt;
	int number;

	if (!rec || !owner_has(work->ident, rec))
		return prog_refs_fail(load, -EPERM, REFUSAL_TARGET_PROG,
				      rec ? "program %u, to which this one attaches, is another user's"
					  : "program %u, to which this one attaches, was not loaded through bpfgate",
				      obj->id);
	if (rec->prog.target_type)
		return prog_refs_fail(load, -EPERM, REFUSAL_TARGET_PROG,
				      "program %u attaches to a program itself: what attaches to such a one is not granted",
				      obj->id);
	bytes = targets_find(work->broker->targets, rec, &byte_cnt);
	if (!bytes)
		return prog_refs_fail(load, -EPERM, REFUSAL_TARGET_PROG,
				      "how program %u was judged is not kept: it has no BTF, or must be loaded again",
				      obj->id);
	if (bundle_decode(bytes, byte_cnt, &load->target) < 0)
		return -ENOMEM;
	load->rec.prog.target_type = rec->prog.type;
	number = prog_refs_give_loader(work, load, obj);
	if (number < 0)
		return number;
	attr_put_u32(work->loader_call->ask.attr, ATTR_PROG_LOAD_ATTACH_PROG_FD, (uint32_t)number);
	return 0;
}

static int prog_refs_add_attach(struct work *work, struct prog_load *load)
{
	struct client_obj obj;
	int r, number;

	if (work_fd_at(work, ATTR_PROG_LOAD_ATTACH_BTF_OBJ_FD) == -ENOENT)
		return 0;
	r = client_obj_at(work, ATTR_PROG_LOAD_ATTACH_BTF_OBJ_FD, 0, &obj);
	if (r < 0)
		return prog_refs_fail(load, r, REFUSAL_BAD_FD, "attach fd %d is no BTF and no program",
				      work_fd_number(work, ATTR_PROG_LOAD_ATTACH_BTF_OBJ_FD));
	if (obj.kind == KEEP_PROG)
		return prog_refs_add_target(work, load, &obj);
	if (obj.kind != KEEP_BTF)
		return prog_refs_fail(load, -EINVAL, REFUSAL_BAD_FD, "attach fd %d is no BTF and no program",
				      work_fd_number(work, ATTR_PROG_LOAD_ATTACH_BTF_OBJ_FD));
	r = btfs_of_fd(work->broker->btfs, obj.fd, &obj.id);
	if (r >= 0)
		r = prog_refs_add_btf_id(load, obj.id);
	if (r < 0)
		return r;
	load->attach_btf_idx = (uint32_t)r;
	number = prog_refs_give_loader(work, load, &obj);
	if (number < 0)
		return number;
	attr_put_u32(work->loader_call->ask.attr, ATTR_PROG_LOAD_ATTACH_BTF_OBJ_FD,
		     (uint32_t)number);
	return 0;
}

int prog_refs_add_map_btfs(struct work *work, struct prog_load *load, uint32_t *ret_missing)
{
	for (uint32_t i = 0; i < load->map_cnt; i++) {
		uint32_t id = load->maps[i].obj.rec->map.btf_id;
		struct btf_blob blob;
		int r;

		if (!id)
			continue;
		if (btfs_find(work->broker->btfs, id, &blob) < 0) {
			if (load->maps[i].btf_asked)
				continue;
			load->maps[i].btf_asked = true;
			*ret_missing = id;
			return -EAGAIN;
		}
		r = prog_refs_add_btf_id(load, id);
		if (r < 0)
			return r;
	}
	return 0;
}

int prog_refs_resolve(struct work *work, struct prog_load *load)
{
	const struct request_ptr *insns = work_ptr(work, ATTR_PROG_LOAD_INSNS);
	int r;

	load->judged_insns = malloc(insns->bytes + 1);
	load->loaded_insns = malloc(insns->bytes + 1);
	if (!load->judged_insns || !load->loaded_insns)
		return -ENOMEM;
	memcpy(load->judged_insns, insns->data, insns->bytes);
	memcpy(load->loaded_insns, insns->data, insns->bytes);
	r = prog_refs_start_array(work, load);
	if (r >= 0)
		r = prog_refs_resolve_insns(work, load, insns);
	if (r >= 0)
		r = prog_refs_add_prog_btf(work, load);
	if (r >= 0)
		r = prog_refs_add_attach(work, load);
	return r;
}

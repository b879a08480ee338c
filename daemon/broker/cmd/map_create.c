/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MAP_CREATE: decided by type and size, made by the loader, recorded with its shape, handed to the
 * client as a real descriptor, so that map traffic never comes by here. Template maps must be maps of
 * ours; a map fd that is not read-write gives no map of maps the right to write it.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "daemon/broker/ask/caps.h"
#include "daemon/broker/cmd/commands.h"
#include "daemon/broker/ask/decide.h"
#include "daemon/broker/store/mapsize.h"
#include "daemon/broker/ask/client_obj.h"
#include "daemon/broker/ask/probes.h"
#include "daemon/broker/ask/new_record.h"

/* A map in the making: the record that will enter the ledger. */
struct map_create {
	struct ledger_rec rec;
};

static void map_create_read_shape(const struct work *work, struct ledger_rec *rec)
{
	struct ledger_map *map = &rec->map;
	const struct request_ptr *hash = work_ptr(work, ATTR_MAP_CREATE_EXCL_PROG_HASH);

	rec->kind = LEDGER_MAP;
	rec->uid = work->ident->uid;
	map->type = work_u32(work, ATTR_MAP_CREATE_TYPE);
	map->key_size = work_u32(work, ATTR_MAP_CREATE_KEY_SIZE);
	map->value_size = work_u32(work, ATTR_MAP_CREATE_VALUE_SIZE);
	map->max_entries = work_u32(work, ATTR_MAP_CREATE_MAX_ENTRIES);
	map->map_flags = work_u32(work, ATTR_MAP_CREATE_FLAGS);
	map->map_extra = work_u64(work, ATTR_MAP_CREATE_EXTRA);
	map->btf_key_type_id = work_u32(work, ATTR_MAP_CREATE_BTF_KEY_TYPE_ID);
	map->btf_value_type_id = work_u32(work, ATTR_MAP_CREATE_BTF_VALUE_TYPE_ID);
	map->btf_vmlinux_value_type_id =
		work_u32(work, ATTR_MAP_CREATE_BTF_VMLINUX_VALUE_TYPE_ID);
	memcpy(rec->name, work->req.attr + ATTR_MAP_CREATE_NAME, sizeof(rec->name) - 1);
	if (hash->bytes == sizeof(map->excl_hash)) {
		memcpy(map->excl_hash, hash->data, sizeof(map->excl_hash));
		map->has_excl_hash = 1;
	}
	map->bytes = mapsize_of(map, &work->broker->world);
}

/* Puts the descriptor named at attr offset `at` into the call. kind: what it must be. */
static int map_create_add_fd(struct work *work, uint16_t at, uint32_t kind,
			     struct client_obj *ret_obj)
{
	int r, number;

	r = client_obj_at(work, at, kind, ret_obj);
	if (r < 0)
		return r;
	number = client_obj_add_to_call(ret_obj, work->loader_call);
	if (number < 0)
		return number;
	attr_put_u32(work->loader_call->ask.attr, at, (uint32_t)number);
	return 0;
}

static int map_create_add_inner(struct work *work, struct ledger_map *map)
{
	struct client_obj inner;
	int r;

	if (work_fd_at(work, ATTR_MAP_CREATE_INNER_MAP_FD) == -ENOENT)
		return 0;
	r = map_create_add_fd(work, ATTR_MAP_CREATE_INNER_MAP_FD, KEEP_MAP, &inner);
	if (r < 0)
		return r;
	if (!inner.rec || !client_obj_is_read_write(&inner))
		return -EPERM;
	map->inner_id = inner.id;
	return 0;
}

static int map_create_add_btf(struct work *work, struct ledger_map *map)
{
	struct client_obj btf;
	int r;

	/* As the kernel: without type ids the descriptor is not looked at. */
	if (work_fd_at(work, ATTR_MAP_CREATE_BTF_FD) == -ENOENT)
		return 0;
	r = map_create_add_fd(work, ATTR_MAP_CREATE_BTF_FD, KEEP_BTF, &btf);
	if (r < 0)
		return r;
	map->btf_id = btf.id;
	/* The judge of a program that uses the map will want to read it. */
	return btfs_of_fd(work->broker->btfs, btf.fd, &btf.id);
}

static int map_create_add_module_btf(struct work *work)
{
	struct client_obj btf;

	if (work_fd_at(work, ATTR_MAP_CREATE_VALUE_TYPE_BTF_OBJ_FD) == -ENOENT)
		return 0;
	return map_create_add_fd(work, ATTR_MAP_CREATE_VALUE_TYPE_BTF_OBJ_FD, KEEP_BTF, &btf);
}

static int map_create_add_hash(struct work *work)
{
	const struct request_ptr *hash = work_ptr(work, ATTR_MAP_CREATE_EXCL_PROG_HASH);

	if (hash->state == WIRE_PTR_NULL)
		return 0;
	if (hash->state == WIRE_PTR_FAULT)
		return -EFAULT;
	return loader_add_in(work->loader_call, ATTR_MAP_CREATE_EXCL_PROG_HASH, hash->data,
			     hash->bytes, NULL);
}

static int map_create_fill_call(struct work *work, struct ledger_map *map)
{
	struct loader_call *call = work_new_loader_call(work, CMD_MAP_CREATE,
							caps_for_map(map->type));
	int r;

	if (!call)
		return -ENOMEM;
	call->ask.result_fd = DOOR_FD_BROKER;
	call->ask.obj_kind = KEEP_MAP;
	r = map_create_add_inner(work, map);
	if (r >= 0)
		r = map_create_add_btf(work, map);
	if (r >= 0)
		r = map_create_add_module_btf(work);
	if (r >= 0)
		r = map_create_add_hash(work);
	return r;
}

static void map_create_on_done(void *ctx, struct loader_result *result)
{
	struct work *work = ctx;
	struct map_create *state = work->state;
	int r;

	if (!work_loader_answered(work, result))
		return;
	if (result->answer->result < 0) {
		work_refuse(work, -result->answer->result, DECISION_BY_KERNEL, REFUSAL_KERNEL,
			    "the kernel refused to create the map: %s",
			    strerror(-result->answer->result));
		return;
	}
	/* Made now: a look at the kernel that began before cannot have seen it, and must not miss it. */
	new_record_begin(work, &state->rec);
	state->rec.id = result->answer->obj_id;
	r = new_record_add(work, &state->rec);
	if (r < 0) {
		work_refuse(work, ENOSPC, DECISION_BY_BROKER, REFUSAL_LEDGER,
			    "the daemon can record no more objects");
		return;
	}
	decide_note_allowed(work, &state->rec);
	work_reply_fd(work, result->fd);
}

static bool map_create_is_probe(const struct ledger_rec *rec)
{
	const struct ledger_map *map = &rec->map;

	return probes_has_map(map->type, map->key_size, map->value_size, map->max_entries,
			      map->map_flags, rec->name);
}

/* A probe's map is also a small array: whose rules grant it, has it as any other. */
static bool map_create_is_granted(struct work *work, struct policy_request *request)
{
	OWN_MEM struct policy_decision *ruling = malloc(sizeof(*ruling));

	if (!ruling)
		return false;
	decide_silently(work, request, ruling);
	return ruling->verdict == POLICY_ALLOW;
}

static void map_create_decide(struct work *work)
{
	struct map_create *state = work->state;
	struct ledger_rec *rec = &state->rec;
	struct policy_map_facts map;
	struct policy_request request = { .verb = POLICY_MAP_CREATE, .map = &map };
	int r;

	/* After a look at what still exists the rules may be others. */
	decide_refresh_rules(work);
	facts_of_map(rec, &map);
	if (map_create_is_probe(rec) && !map_create_is_granted(work, &request) ?
		    !decide_probe(work, map_create_decide) :
		    !decide(work, &request, map_create_decide))
		return;
	if (!work->charge.one.account &&
	    !decide_charge(work, LEDGER_MAP, rec->map.bytes, map_create_decide))
		return;
	r = map_create_fill_call(work, &rec->map);
	if (r == -EPERM)
		work_refuse(work, EPERM, DECISION_BY_BROKER, REFUSAL_INNER_MAP,
			    "the inner map must be made by bpfgate and opened read-write");
	else if (r < 0)
		work_reply(work, r);
	else
		work_submit_loader(work, map_create_on_done);
}

void map_create(struct work *work)
{
	struct map_create *state = calloc(1, sizeof(*state));

	if (!state) {
		work_reply(work, -ENOMEM);
		return;
	}
	work->state = state;
	work->state_free = free;
	map_create_read_shape(work, &state->rec);
	if (state->rec.map.map_flags & CMD_F_TOKEN_FD)
		work_refuse(work, EPERM, DECISION_BY_BROKER, REFUSAL_TOKEN, "BPF tokens are not passed on");
	else if (state->rec.map.type == BPF_MAP_TYPE_STRUCT_OPS)
		work_refuse(work, EPERM, DECISION_BY_BROKER, REFUSAL_STRUCT_OPS,
			    "struct_ops maps are not granted: updating one is an attach");
	else if (work_u32(work, ATTR_MAP_CREATE_IFINDEX))
		work_refuse(work, EPERM, DECISION_BY_BROKER, REFUSAL_OFFLOAD,
			    "maps on devices are not granted");
	else
		map_create_decide(work);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four accounts of the same things: the slots (what clients were told), the kernel, the daemon's
 * lists and the directory of names. Promises to name each difference. Looks as root, past the
 * daemon, at what the kernel has.
 */
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/bpfgate.h"
#include "daemon/privsep.h"
#include "proto/own.h"
#include "tests/chaos/chaos.h"

#define IDS_MAX	      4096u
#define ITERATORS_MAX 4u /* the ledger's loader looks with them */

struct ids {
	uint32_t id[IDS_MAX];
	size_t cnt;
};

struct world {
	struct ids progs, maps, links;			 /* ours, in the kernel */
	struct ids right_progs, right_maps, right_links; /* what pins hold */
	struct ids iterators; /* programs of the loaders that are not a client's */
	json_t *pins, *ledger_progs, *ledger_maps, *ledger_links; /* the daemon's lists */
	struct faults *faults;
};

static void ids_add(struct ids *ids, uint32_t id)
{
	if (ids->cnt < IDS_MAX)
		ids->id[ids->cnt++] = id;
}

static bool ids_have(const struct ids *ids, uint32_t id)
{
	for (size_t i = 0; i < ids->cnt; i++)
		if (ids->id[i] == id)
			return true;
	return false;
}

static __attribute__((format(printf, 3, 4))) void fault(struct faults *faults, uint32_t *cnt,
							const char *format, ...)
{
	size_t len = strlen(faults->text);
	va_list args;

	++*cnt;
	if (len + 2 >= sizeof(faults->text))
		return;
	va_start(args, format);
	vsnprintf(faults->text + len, sizeof(faults->text) - len - 1, format, args);
	va_end(args);
	strcat(faults->text, "\n");
}

#define LOST(world, ...)   fault((world)->faults, &(world)->faults->lost, "lost: " __VA_ARGS__)
#define LEAKED(world, ...) fault((world)->faults, &(world)->faults->leaked, "leaked: " __VA_ARGS__)

/* ---- the kernel ------------------------------------------------------------------------------ */

static int kernel_call(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int kernel_info(int cmd, uint32_t id, void *info, uint32_t bytes)
{
	union bpf_attr attr;
	OWN_FD int fd = -1;

	memset(&attr, 0, sizeof(attr));
	memset(info, 0, bytes);
	attr.map_id = id;
	fd = kernel_call(cmd, &attr);
	if (fd < 0)
		return -errno;
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = bytes;
	attr.info.info = (uintptr_t)info;
	return kernel_call(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

static void see_prog(struct world *world, uint32_t id)
{
	struct bpf_prog_info info;

	if (kernel_info(BPF_PROG_GET_FD_BY_ID, id, &info, sizeof(info)) < 0)
		return;
	if (strcmp(info.name, CHAOS_NAME) == 0)
		ids_add(&world->progs, id);
	else if (info.created_by_uid == (uint32_t)atoi(CHAOS_LOADERS))
		ids_add(&world->iterators, id);
}

static void see_map(struct world *world, uint32_t id)
{
	struct bpf_map_info info;

	if (kernel_info(BPF_MAP_GET_FD_BY_ID, id, &info, sizeof(info)) == 0 &&
	    strcmp(info.name, CHAOS_NAME) == 0)
		ids_add(&world->maps, id);
}

/* After the programs: a link is ours when its program is. */
static void see_link(struct world *world, uint32_t id)
{
	struct bpf_link_info info;

	if (kernel_info(BPF_LINK_GET_FD_BY_ID, id, &info, sizeof(info)) == 0 &&
	    ids_have(&world->progs, info.prog_id))
		ids_add(&world->links, id);
}

static void see_all(struct world *world, int cmd, void (*see)(struct world *, uint32_t))
{
	union bpf_attr attr;
	uint32_t id = 0;

	for (;;) {
		memset(&attr, 0, sizeof(attr));
		attr.start_id = id;
		if (kernel_call(cmd, &attr) < 0)
			return;
		id = attr.next_id;
		see(world, id);
	}
}

/* ---- the daemon ------------------------------------------------------------------------------ */

static json_t *ask_list(const char *name)
{
	OWN_MEM char *text = NULL;
	json_t *doc, *list = NULL;

	if (bpfgate_control(BPFGATE_LIST, name, &text) < 0)
		return NULL;
	doc = json_loads(text, 0, NULL);
	list = json_incref(json_object_get(doc, name));
	json_decref(doc);
	return list;
}

static uint32_t number_of(const json_t *row, const char *key)
{
	return (uint32_t)json_integer_value(json_object_get(row, key));
}

static const json_t *find_pin(const struct world *world, const char *path)
{
	const char *text;
	json_t *row;
	size_t i;

	json_array_foreach(world->pins, i, row)
	{
		text = json_string_value(json_object_get(row, "path"));
		if (text && strcmp(text, path) == 0)
			return row;
	}
	return NULL;
}

static bool list_has(const json_t *list, uint32_t id)
{
	json_t *row;
	size_t i;

	json_array_foreach(list, i, row) if (number_of(row, "id") == id) return true;
	return false;
}

/* A walk over ids makes the daemon look at what really exists. */
static bool world_ask(struct world *world)
{
	union bpf_attr walk;

	memset(&walk, 0, sizeof(walk));
	(void)bpfgate_bpf(BPF_PROG_GET_NEXT_ID, &walk, sizeof(walk));
	world->pins = ask_list("pins");
	world->ledger_progs = ask_list("progs");
	world->ledger_maps = ask_list("maps");
	world->ledger_links = ask_list("links");
	return world->pins && world->ledger_progs && world->ledger_maps && world->ledger_links;
}

static void world_done(struct world *world)
{
	json_decref(world->pins);
	json_decref(world->ledger_progs);
	json_decref(world->ledger_maps);
	json_decref(world->ledger_links);
	free(world);
}

/* ---- what was pinned ------------------------------------------------------------------------- */

static const char *const kind_names[] = { "?", "prog", "map", "link", "btf" };

static uint32_t kind_of_name(const char *name)
{
	for (uint32_t kind = KEEP_PROG; name && kind <= KEEP_BTF; kind++)
		if (strcmp(kind_names[kind], name) == 0)
			return kind;
	return 0;
}

/* What somebody died over is what is found; so is what came too late to be found the last time. */
static void learn_slot(const struct world *world, struct slot *slot, const char *path)
{
	const json_t *row = find_pin(world, path);

	if (slot->state != SLOT_UNKNOWN && !(slot->state == SLOT_EMPTY && slot->late))
		return;
	slot->late = !row;
	slot->state = row ? SLOT_PINNED : SLOT_EMPTY;
	if (!row)
		return;
	slot->id = number_of(row, "id");
	slot->kind = kind_of_name(json_string_value(json_object_get(row, "kind")));
}

static bool in_ledger(const struct world *world, const struct slot *slot)
{
	const json_t *lists[] = { NULL, world->ledger_progs, world->ledger_maps,
				  world->ledger_links };

	return slot->kind < ARRAY_CNT(lists) && list_has(lists[slot->kind], slot->id);
}

static void check_link(struct world *world, const struct slot *slot, const char *path)
{
	struct bpf_link_info info;

	if (kernel_info(BPF_LINK_GET_FD_BY_ID, slot->id, &info, sizeof(info)) < 0) {
		LOST(world, "%s: link %u", path, slot->id);
		return;
	}
	ids_add(&world->right_links, slot->id);
	ids_add(&world->right_progs, info.prog_id);
	if (!info.xdp.ifindex)
		LOST(world, "%s: link %u is attached to nothing", path, slot->id);
}

static void check_object(struct world *world, const struct slot *slot, const char *path)
{
	const struct ids *have = slot->kind == KEEP_MAP ? &world->maps : &world->progs;

	if (slot->kind == KEEP_LINK) {
		check_link(world, slot, path);
		return;
	}
	if (!ids_have(have, slot->id))
		LOST(world, "%s: %s %u", path, kind_names[slot->kind], slot->id);
	ids_add(slot->kind == KEEP_MAP ? &world->right_maps : &world->right_progs, slot->id);
}

static void check_record(struct world *world, const struct slot *slot, uint32_t uid,
			 const char *path)
{
	const json_t *row = find_pin(world, path);

	if (!row)
		LOST(world, "%s: its record", path);
	else if (number_of(row, "id") != slot->id || number_of(row, "uid") != uid)
		LOST(world, "%s: it is another's, or another", path);
	if (!in_ledger(world, slot))
		LOST(world, "%s: the record of %s %u", path, kind_names[slot->kind], slot->id);
}

/* Names are kept-NUMBER-KIND-ID-UID. */
static void check_names(struct world *world, const struct chaos *chaos, uint32_t pinned_cnt)
{
	DIR *dir = opendir(chaos->keep);
	struct dirent *entry;
	uint32_t cnt = 0, kind, id;

	while (dir && (entry = readdir(dir))) {
		const struct ids *right[] = { NULL, &world->right_progs, &world->right_maps,
					      &world->right_links };

		if (sscanf(entry->d_name, "kept-%*u-%u-%u-", &kind, &id) != 2)
			continue;
		cnt++;
		if (kind >= ARRAY_CNT(right) || !right[kind] || !ids_have(right[kind], id))
			LEAKED(world, "the name %s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	if (cnt < pinned_cnt)
		LOST(world, "%u of %u names in %s", pinned_cnt - cnt, pinned_cnt, chaos->keep);
}

static uint32_t check_slots(struct world *world, struct chaos *chaos, bool orphans)
{
	uint32_t pinned_cnt = 0;

	for (uint32_t c = 0; c < CHAOS_CLIENTS; c++)
		for (uint32_t i = 0; i < CHAOS_SLOTS; i++) {
			struct slot *slot = &chaos->slots[c][i];
			char path[CHAOS_PATH];

			chaos_path(chaos, c, i, path);
			if (!orphans)
				learn_slot(world, slot, path);
			if (slot->state != SLOT_PINNED)
				continue;
			pinned_cnt++;
			check_object(world, slot, path);
			if (!orphans)
				check_record(world, slot, CHAOS_FIRST_UID + c, path);
		}
	return pinned_cnt;
}

/* ---- what nobody holds ----------------------------------------------------------------------- */

static void check_leaks_of(struct world *world, const char *what, const struct ids *have,
			   const struct ids *right, const json_t *ledger)
{
	json_t *row;
	size_t i;

	for (i = 0; i < have->cnt; i++)
		if (!ids_have(right, have->id[i]))
			LEAKED(world, "%s %u in the kernel", what, have->id[i]);
	json_array_foreach(ledger, i, row) if (!ids_have(right, number_of(row, "id")))
		LEAKED(world, "%s %u in the ledger", what, number_of(row, "id"));
}

static void check_leaks(struct world *world, uint32_t pinned_cnt)
{
	check_leaks_of(world, "program", &world->progs, &world->right_progs, world->ledger_progs);
	check_leaks_of(world, "map", &world->maps, &world->right_maps, world->ledger_maps);
	check_leaks_of(world, "link", &world->links, &world->right_links, world->ledger_links);
	if (json_array_size(world->pins) > pinned_cnt)
		LEAKED(world, "%zu pins, and %u were made", json_array_size(world->pins),
		       pinned_cnt);
	for (size_t i = ITERATORS_MAX; i < world->iterators.cnt; i++)
		LEAKED(world, "program %u in the kernel, one of %zu of the loaders' own",
		       world->iterators.id[i], world->iterators.cnt);
}

bool world_compare(struct chaos *chaos, bool orphans, struct faults *ret_faults)
{
	struct world *world = calloc(1, sizeof(*world));
	uint32_t pinned_cnt;

	memset(ret_faults, 0, sizeof(*ret_faults));
	if (!world)
		return false;
	world->faults = ret_faults;
	if (!world_ask(world)) {
		world_done(world);
		return false;
	}
	see_all(world, BPF_PROG_GET_NEXT_ID, see_prog);
	see_all(world, BPF_MAP_GET_NEXT_ID, see_map);
	see_all(world, BPF_LINK_GET_NEXT_ID, see_link);
	pinned_cnt = check_slots(world, chaos, orphans);
	check_names(world, chaos, pinned_cnt);
	check_leaks(world, pinned_cnt);
	world_done(world);
	return true;
}

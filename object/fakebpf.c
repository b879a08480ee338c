/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fake bpf(2). Promises bounded memory and no system call but (where allowed) memfd_create for
 * fds that libbpf may duplicate or map; trusts libbpf, in whose process it runs, for the pointers in
 * attr, but not the object behind it for any number. Refuses commands that libbpf does not need to
 * relocate and load.
 */
#include "object/fakebpf.h"

#include <linux/memfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "object/rawcall.h"
#include "proto/kernel_types.h"
#include "proto/own.h"

#define OBJECTS_MAX	4096u	    /* maps, BTFs and programs of one object and its probes */
#define VALUES_MAX	(64u << 20) /* bytes of BTF and of global data held */
#define FIRST_NUMBER	(1u << 20)  /* fds that are only numbers begin above real ones */
#define MAPPABLE_MAX	(64u << 20)

enum kind {
	KIND_NONE,
	KIND_MAP,
	KIND_BTF,
	KIND_PROG,
};

struct object {
	enum kind kind;
	int fd;
	struct gather_map map;
	void *data; /* value of element 0, or raw BTF */
	size_t bytes;
};

struct fakebpf {
	const void *vmlinux;
	size_t vmlinux_bytes;
	const char *release, *symbols;
	bool symbols_apart;
	char *kallsyms; /* made when it is asked for */
	const uint8_t *tokens;
	size_t tokens_bytes;
	fakebpf_load_fn load_fn;
	void *load_arg;
	struct object objects[OBJECTS_MAX];
	uint32_t cnt; /* ids are 1 + index */
	size_t held_bytes;
};

struct fakebpf *fakebpf_new(const void *vmlinux_btf, size_t vmlinux_btf_bytes)
{
	struct fakebpf *fake = calloc(1, sizeof(*fake));

	if (!fake)
		return NULL;
	fake->vmlinux = vmlinux_btf;
	fake->vmlinux_bytes = vmlinux_btf_bytes;
	return fake;
}

void fakebpf_free(struct fakebpf *fake)
{
	if (!fake)
		return;
	for (uint32_t i = 0; i < fake->cnt; i++)
		free(fake->objects[i].data);
	free(fake->kallsyms);
	free(fake);
}

void fakebpf_expect(struct fakebpf *fake, const void *tokens, size_t tokens_bytes, fakebpf_load_fn fn,
		    void *arg)
{
	fake->tokens = tokens;
	fake->tokens_bytes = tokens_bytes;
	fake->load_fn = fn;
	fake->load_arg = arg;
}

void fakebpf_pretend(struct fakebpf *fake, const char *release, const char *symbols)
{
	fake->release = release;
	fake->symbols = symbols;
}

void fakebpf_tell_symbols_apart(struct fakebpf *fake)
{
	fake->symbols_apart = true;
}

const char *fakebpf_release(const struct fakebpf *fake)
{
	return fake->release;
}

const char *fakebpf_kallsyms(struct fakebpf *fake)
{
	uint64_t address = FAKEBPF_SYMBOL_ADDRESS;
	size_t bytes = 0;
	FILE *out = NULL;

	free(fake->kallsyms);
	fake->kallsyms = NULL;
	if (fake->symbols)
		out = open_memstream(&fake->kallsyms, &bytes);
	for (const char *at = fake->symbols, *end; out && *at; at = *end ? end + 1 : end) {
		end = at + strcspn(at, "\n");
		(void)fprintf(out, "%llx T %.*s\n", (unsigned long long)address, (int)(end - at), at);
		address += fake->symbols_apart;
	}
	if (out)
		(void)fclose(out);
	return fake->kallsyms;
}

const void *fakebpf_vmlinux(const struct fakebpf *fake, size_t *ret_bytes)
{
	*ret_bytes = fake->vmlinux_bytes;
	return fake->vmlinux;
}

/* ---- objects ------------------------------------------------------------------------------ */

/* The newest object with that fd: libbpf closes fds, and their numbers come again. */
static struct object *object_find(struct fakebpf *fake, int64_t fd, enum kind kind)
{
	for (uint32_t i = fake->cnt; i-- > 0;)
		if (fake->objects[i].fd == fd)
			return fake->objects[i].kind == kind ? &fake->objects[i] : NULL;
	return NULL;
}

/*
 * Newer libbpf dup3()s and mmap()s map fds, so a real one is better; under a filter that refuses
 * memfd_create a mere number does for the libbpf that is there.
 */
static int new_fd(const struct fakebpf *fake, size_t mappable_bytes)
{
	long fd = rawcall3(__NR_memfd_create, (long)"bpf-map", MFD_CLOEXEC, 0);

	if (fd < 0)
		return (int)(FIRST_NUMBER + fake->cnt);
	if (mappable_bytes && mappable_bytes <= MAPPABLE_MAX)
		(void)rawcall3(__NR_ftruncate, fd, (long)mappable_bytes, 0);
	return (int)fd;
}

static int object_new(struct fakebpf *fake, enum kind kind, size_t mappable_bytes, struct object **ret)
{
	struct object *object;

	if (fake->cnt == OBJECTS_MAX)
		return -ENFILE;
	object = &fake->objects[fake->cnt];
	object->kind = kind;
	object->fd = new_fd(fake, mappable_bytes);
	fake->cnt++;
	*ret = object;
	return object->fd;
}

static uint32_t object_id(const struct fakebpf *fake, const struct object *object)
{
	return (uint32_t)(object - fake->objects) + 1;
}

static int object_hold(struct fakebpf *fake, struct object *object, const void *data, size_t bytes)
{
	if (bytes > VALUES_MAX - fake->held_bytes)
		return -ENOMEM;
	if (object->bytes != bytes) {
		free(object->data);
		object->data = calloc(1, bytes ? bytes : 1);
		fake->held_bytes += bytes;
		object->bytes = bytes;
	}
	if (!object->data)
		return -ENOMEM;
	memcpy(object->data, data, bytes);
	return 0;
}

/* ---- commands ----------------------------------------------------------------------------- */

static const void *user_ptr(uint64_t address)
{
	return (const void *)(uintptr_t)address;
}

static uint32_t btf_id_of_fd(struct fakebpf *fake, uint32_t fd)
{
	const struct object *btf = fd ? object_find(fake, fd, KIND_BTF) : NULL;

	return btf ? object_id(fake, btf) : 0;
}

static long do_map_create(struct fakebpf *fake, const void *arg)
{
	const struct map_create_attr *attr = arg;
	struct object *object, *inner = object_find(fake, attr->inner_map_fd, KIND_MAP);
	uint64_t bytes = (((uint64_t)attr->value_size + 7) & ~7ull) * attr->max_entries;
	int fd;

	/* Room for what libbpf maps: whole pages of an array's values. */
	fd = object_new(fake, KIND_MAP, bytes <= MAPPABLE_MAX ? (size_t)((bytes + 4095) & ~4095ull) : 0,
			&object);
	if (fd < 0)
		return fd;
	object->map.id = object_id(fake, object);
	object->map.shape = (struct bgv_map){
		.type = attr->map_type,
		.key_size = attr->key_size,
		.value_size = attr->value_size,
		.max_entries = attr->max_entries,
		.map_flags = attr->map_flags,
		.map_extra = attr->map_extra,
		.btf_key_type_id = attr->btf_key_type_id,
		.btf_value_type_id = attr->btf_value_type_id,
		.btf_vmlinux_value_type_id = attr->btf_vmlinux_value_type_id,
	};
	memcpy(object->map.shape.name, attr->map_name, sizeof(object->map.shape.name) - 1);
	object->map.btf_id = btf_id_of_fd(fake, attr->btf_fd);
	if (attr->inner_map_fd && inner && !inner->map.has_inner) {
		object->map.has_inner = true;
		object->map.inner = inner->map.shape;
		object->map.inner_btf_id = inner->map.btf_id;
	}
	return fd;
}

/* Jump tables are kept whole: where they lead is part of the program. */
static long update_jump_table(struct fakebpf *fake, struct object *map, uint32_t key, const void *value)
{
	const struct bgv_map *shape = &map->map.shape;
	OWN_MEM uint8_t *all = NULL;
	long r;

	if (key >= shape->max_entries || shape->max_entries > BUNDLE_INSNS_MAX || shape->value_size != JUMP_ELEMENT_BYTES)
		return -E2BIG;
	if (!map->data) {
		all = calloc(shape->max_entries, JUMP_ELEMENT_BYTES);
		r = all ? object_hold(fake, map, all, (size_t)shape->max_entries * JUMP_ELEMENT_BYTES) : -ENOMEM;
		if (r < 0)
			return r;
	}
	memcpy(map->data + (size_t)key * JUMP_ELEMENT_BYTES, value, JUMP_ELEMENT_BYTES);
	return 0;
}

static long do_map_update(struct fakebpf *fake, const void *arg)
{
	const struct elem_attr *attr = arg;
	struct object *map = object_find(fake, attr->map_fd, KIND_MAP);
	uint32_t key;

	if (!map)
		return -EBADF;
	if (map->map.shape.type == KERNEL_MAP_INSN_ARRAY) {
		memcpy(&key, user_ptr(attr->key), sizeof(key));
		return update_jump_table(fake, map, key, user_ptr(attr->value));
	}
	if (map->map.shape.type != BPF_MAP_TYPE_ARRAY || map->map.shape.max_entries != 1)
		return 0;
	memcpy(&key, user_ptr(attr->key), sizeof(key));
	return key ? -E2BIG :
		     object_hold(fake, map, user_ptr(attr->value), map->map.shape.value_size);
}

static long do_map_freeze(struct fakebpf *fake, const void *arg)
{
	const struct elem_attr *attr = arg;
	struct object *map = object_find(fake, attr->map_fd, KIND_MAP);

	if (!map)
		return -EBADF;
	map->map.shape.frozen = 1;
	return 0;
}

static long do_btf_load(struct fakebpf *fake, const void *arg)
{
	const uint8_t *attr = arg;
	struct object *object;
	int fd = object_new(fake, KIND_BTF, 0, &object), r;

	if (fd < 0)
		return fd;
	r = object_hold(fake, object, user_ptr(attr_u64(attr, ATTR_BTF_LOAD_DATA)),
			attr_u32(attr, ATTR_BTF_LOAD_SIZE));
	return r < 0 ? r : fd;
}

static long do_prog_load(struct fakebpf *fake, const void *arg)
{
	const struct load_attr *attr = arg;
	const uint8_t *log = user_ptr(attr->log_buf);
	struct object *object;

	if (fake->load_fn && log >= fake->tokens && log < fake->tokens + fake->tokens_bytes)
		fake->load_fn(fake->load_arg, attr);
	return object_new(fake, KIND_PROG, 0, &object);
}

static long do_nothing(struct fakebpf *fake, const void *arg)
{
	return 0;
}

static long do_find_nothing(struct fakebpf *fake, const void *arg)
{
	return -ENOENT;
}

/* libbpf learns from EBADF that the kernel knows the command. */
static long do_bad_fd(struct fakebpf *fake, const void *arg)
{
	return -EBADF;
}

static const struct {
	unsigned int cmd;
	long (*run)(struct fakebpf *fake, const void *attr);
} commands[] = {
	{ BPF_MAP_CREATE, do_map_create },
	{ BPF_MAP_LOOKUP_ELEM, do_find_nothing },
	{ BPF_MAP_UPDATE_ELEM, do_map_update },
	{ BPF_MAP_FREEZE, do_map_freeze },
	{ BPF_PROG_LOAD, do_prog_load },
	{ BPF_BTF_LOAD, do_btf_load },
	{ BPF_OBJ_GET, do_find_nothing },
	{ BPF_PROG_GET_NEXT_ID, do_find_nothing },
	{ BPF_MAP_GET_NEXT_ID, do_find_nothing },
	{ BPF_BTF_GET_NEXT_ID, do_find_nothing },
	{ BPF_LINK_CREATE, do_bad_fd },
	{ BPF_PROG_BIND_MAP, do_nothing },
};

long fakebpf_call(struct fakebpf *fake, unsigned int cmd, void *attr, unsigned int attr_bytes)
{
	union {
		uint8_t bytes[ATTR_BYTES];
		uint64_t align;
	} copy = { 0 };

	memcpy(copy.bytes, attr, attr_bytes < sizeof(copy) ? attr_bytes : sizeof(copy));
	for (size_t i = 0; i < ARRAY_CNT(commands); i++)
		if (commands[i].cmd == cmd)
			return commands[i].run(fake, copy.bytes);
	return -EINVAL;
}

/* libbpf's own maps are "libbpf_...", or have no name. */
static bool map_is_objects(const struct object *object)
{
	return object->kind == KIND_MAP && *object->map.shape.name &&
	       strncmp(object->map.shape.name, "libbpf_", strlen("libbpf_")) != 0;
}

static bool map_came_before(const struct fakebpf *fake, uint32_t idx)
{
	const struct bgv_map *map = &fake->objects[idx].map.shape;

	for (uint32_t i = 0; i < idx; i++) {
		const struct bgv_map *one = &fake->objects[i].map.shape;

		if (fake->objects[i].kind == KIND_MAP && !memcmp(one->name, map->name, sizeof(map->name)) &&
		    one->type == map->type && one->key_size == map->key_size && one->value_size == map->value_size &&
		    one->max_entries == map->max_entries && one->map_flags == map->map_flags &&
		    one->map_extra == map->map_extra)
			return true;
	}
	return false;
}

void fakebpf_maps(const struct fakebpf *fake, fakebpf_map_fn fn, void *arg)
{
	for (uint32_t i = 0; i < fake->cnt; i++) {
		const struct object *object = &fake->objects[i];

		if (map_is_objects(object) && !map_came_before(fake, i))
			fn(arg, &object->map.shape, object->map.has_inner ? &object->map.inner : NULL);
	}
}

/* ---- what is behind the fds ---------------------------------------------------------------- */

static int source_map(void *arg, int fd, struct gather_map *ret_map)
{
	const struct object *map = object_find(arg, fd, KIND_MAP);

	if (!map)
		return -EBADF;
	*ret_map = map->map;
	return 0;
}

static int source_value(void *arg, int fd, uint32_t key, uint32_t value_bytes, void **ret_value)
{
	const struct object *map = object_find(arg, fd, KIND_MAP);
	void *value;

	if (!map)
		return -EBADF;
	value = calloc(1, value_bytes ? value_bytes : 1); /* an array begins as zeroes */
	if (!value)
		return -ENOMEM;
	if (map->data && value_bytes && map->bytes % value_bytes == 0 && key < map->bytes / value_bytes)
		memcpy(value, map->data + (size_t)key * value_bytes, value_bytes);
	*ret_value = value;
	return 0;
}

static int btf_of_object(struct fakebpf *fake, const struct object *btf, struct gather_btf *ret_btf)
{
	if (!btf)
		return -EBADF;
	*ret_btf = (struct gather_btf){ object_id(fake, btf), btf->data, btf->bytes };
	return 0;
}

static int source_btf(void *arg, int fd, struct gather_btf *ret_btf)
{
	return btf_of_object(arg, object_find(arg, fd, KIND_BTF), ret_btf);
}

static int source_btf_by_id(void *arg, uint32_t id, struct gather_btf *ret_btf)
{
	struct fakebpf *fake = arg;

	if (!id || id > fake->cnt || fake->objects[id - 1].kind != KIND_BTF)
		return -ENOENT;
	return btf_of_object(fake, &fake->objects[id - 1], ret_btf);
}

static int source_copy(void *arg, void *to, uint64_t from, size_t bytes)
{
	memcpy(to, user_ptr(from), bytes);
	return 0;
}

const struct gather_source fakebpf_source = {
	.map = source_map,
	.value = source_value,
	.btf = source_btf,
	.btf_by_id = source_btf_by_id,
	.copy = source_copy,
};

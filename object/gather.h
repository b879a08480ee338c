/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the arguments of a PROG_LOAD to a struct bgv_program: fds become indices into arrays of map
 * shapes and BTFs. Who knows what is behind an fd is a struct gather_source: the kernel (recording)
 * or a fake (ELF objects).
 */
#ifndef BPFGATE_OBJECT_GATHER_H
#define BPFGATE_OBJECT_GATHER_H

#include "object/bpfattr.h"
#include "object/bundle.h"

/* Raw BTF behind an fd or id; data is the source's and outlives the gathering. */
struct gather_btf {
	uint32_t id;
	const void *data;
	size_t bytes;
};

/* A map behind an fd. shape.btf_idx, inner_idx and contents are not used: */
struct gather_map {
	uint32_t id;
	struct bgv_map shape;
	uint32_t btf_id;
	bool has_inner;
	struct bgv_map inner;
	uint32_t inner_btf_id;
};

#define JUMP_ELEMENT_BYTES 16	/* its element: struct bpf_insn_array_value */

struct gather_source {
	/* 0; -EBADF when there is no such fd, -EINVAL when it is not a map. */
	int (*map)(void *arg, int fd, struct gather_map *ret_map);
	/* Value of that element of an array: *ret_value is heap memory for the caller. 0 or -errno. */
	int (*value)(void *arg, int fd, uint32_t key, uint32_t value_bytes, void **ret_value);
	/* 0; 1 when it is vmlinux's, which no bundle carries; -EBADF when fd is no BTF. */
	int (*btf)(void *arg, int fd, struct gather_btf *ret_btf);
	int (*btf_by_id)(void *arg, uint32_t id, struct gather_btf *ret_btf);
	/* Copies from the memory of who made the call: 0 or -EFAULT. */
	int (*copy)(void *arg, void *to, uint64_t from, size_t bytes);
};

/* One PROG_LOAD being described; prog points into the other members. Large: on the heap. */
struct gather {
	struct bgv_program prog;
	struct load_attr attr; /* set by the caller */
	const struct gather_source *source;
	void *source_arg;
	struct bpf_insn *insns;
	struct bgv_map maps[BUNDLE_MAPS_MAX];
	uint32_t map_ids[BUNDLE_MAPS_MAX];
	struct gather_map noted[BUNDLE_MAPS_MAX];
	struct bgv_blob btfs[BUNDLE_BTFS_MAX];
	uint32_t btf_ids[BUNDLE_BTFS_MAX];
	void *contents[BUNDLE_MAPS_MAX];
	void *records[3];
	char license[128];
	char name[16];
};

/* NULL when memory is out. gather_free(NULL) is fine. */
struct gather *gather_new(const struct gather_source *source, void *source_arg);
void gather_free(struct gather *g);

/*
 * Fills g->prog from g->attr, but for mode and caps. Fds that are bad become indices that no array
 * has; 0, or -errno when the caller's memory cannot be read (-EFAULT) or a bundle's limits are
 * exceeded (-E2BIG).
 */
int gather_program(struct gather *g);

static inline void gather_own_free(struct gather **g)
{
	gather_free(*g);
}
#define OWN_GATHER __attribute__((cleanup(gather_own_free)))

#endif

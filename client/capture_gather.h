/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering what a PROG_LOAD refers to: between capture.c and capture_gather.c. */
#ifndef BPFGATE_CLIENT_CAPTURE_GATHER_H
#define BPFGATE_CLIENT_CAPTURE_GATHER_H

#include "object/bpfattr.h"
#include "object/bundle.h"

/* What MAP_CREATE was told and bpf_map_info does not tell again; by map id. */
struct seen_map {
	struct seen_map *next;
	uint32_t id;
	struct bgv_map inner; /* type 0: no template. Its btf_idx is not an index but a BTF id */
	uint8_t has_excl_hash;
	uint8_t excl_hash[32];
};

/* Raw BTF by id: BPF_BTF_GET_FD_BY_ID needs more privilege than a loader may have. */
struct seen_btf {
	struct seen_btf *next;
	uint32_t id;
	size_t bytes;
	uint8_t data[];
};

struct seen {
	struct seen_map *maps;
	struct seen_btf *btfs;
};

/* One PROG_LOAD being described. prog points into the other members. */
struct gather {
	struct bgv_program prog;
	struct load_attr attr;
	struct bpf_insn *insns;
	struct bgv_map maps[BUNDLE_MAPS_MAX];
	uint32_t map_ids[BUNDLE_MAPS_MAX];
	struct bgv_blob btfs[BUNDLE_BTFS_MAX];
	uint32_t btf_ids[BUNDLE_BTFS_MAX];
	void *contents[BUNDLE_MAPS_MAX];
	void *records[3];
	char license[128];
	char name[16];
};

/* bpf(2), errors as -errno. */
long gather_bpf(unsigned int cmd, void *attr, unsigned int attr_bytes);

/* Copies from the caller's own memory, which may not be there: 0 or -EFAULT. */
int gather_copy(void *to, uint64_t from, size_t bytes);

/* Notes what a successful MAP_CREATE said about the map behind fd. Missing memory is ignored. */
void gather_note_map(struct seen *seen, int fd, const struct map_create_attr *attr);

/*
 * Fills g->prog from g->attr. Fds that are bad stay bad indices; 0, or -errno when the caller's
 * memory cannot be read or something is beyond a bundle's limits. gather_done() frees it.
 */
int gather_program(struct gather *g, struct seen *seen);
void gather_done(struct gather *g);
void gather_seen_done(struct seen *seen);

#endif

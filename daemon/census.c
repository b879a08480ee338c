/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises the kernel's own list, whatever the ledger believes. The iterator programs are ours, written
 * here instruction by instruction from the offsets in the kernel's BTF, and loaded once at start; no byte of
 * anybody else's is involved.
 */
#include "daemon/census.h"

#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

#include "daemon/kern.h"
#include "proto/own.h"

/* From the iterator's object to its id: by one pointer, or none. */
static const struct census_row {
	const char *function;		/* of the iterator */
	const char *outer, *pointer;	/* struct and member to follow first; NULL: none */
	const char *inner;		/* the struct whose member "id" is wanted */
} census_rows[] = {
	[KEEP_PROG] = { "bpf_iter_bpf_prog", "bpf_prog", "aux", "bpf_prog_aux" },
	[KEEP_MAP] = { "bpf_iter_bpf_map", NULL, NULL, "bpf_map" },
	[KEEP_LINK] = { "bpf_iter_bpf_link", NULL, NULL, "bpf_link" },
};

/* Byte offset of a member, or -ENOENT. */
static int member_offset(const struct btf *btf, const char *type_name, const char *name)
{
	int id = btf__find_by_name_kind(btf, type_name, BTF_KIND_STRUCT);
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	uint32_t i;

	for (i = 0; type && i < btf_vlen(type); i++) {
		const char *member = btf__name_by_offset(btf, btf_members(type)[i].name_off);

		if (member && strcmp(member, name) == 0)
			return (int)(btf_member_bit_offset(type, i) / 8);
	}
	return -ENOENT;
}

#define LOAD(size, to, from, at) { BPF_LDX | BPF_MEM | (size), (to), (from), (int16_t)(at), 0 }

/* r6 = object; skip the last, empty call; r2 = its id; seq_write(meta->seq, &id, 4). */
static int census_link(const struct btf *btf, const struct census_row *row, int *ret_link)
{
	int function = btf__find_by_name_kind(btf, row->function, BTF_KIND_FUNC);
	int pointer = row->outer ? member_offset(btf, row->outer, row->pointer) : 0;
	int id = member_offset(btf, row->inner, "id");
	struct bpf_insn insns[] = {
		LOAD(BPF_DW, BPF_REG_6, BPF_REG_1, 8),
		{ BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_6, 0, 9, 0 },
		LOAD(BPF_DW, BPF_REG_7, BPF_REG_1, 0),
		LOAD(BPF_DW, BPF_REG_1, BPF_REG_7, 0),
		{ BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_6, 0, 0 },
		LOAD(BPF_W, BPF_REG_2, BPF_REG_2, id),
		{ BPF_STX | BPF_MEM | BPF_W, BPF_REG_10, BPF_REG_2, -4, 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0 },
		{ BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -4 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, 4 },
		{ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_seq_write },
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0 },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};

	if (function < 0 || pointer < 0 || id < 0)
		return -ENOSYS;
	if (row->outer)
		insns[4] = (struct bpf_insn)LOAD(BPF_DW, BPF_REG_2, BPF_REG_6, pointer);
	return kern_iter_link(insns, ARRAY_CNT(insns), (uint32_t)function, ret_link);
}

/* Out of the way of the descriptors that approvals bring. */
static int move_up(int take_fd)
{
	OWN_FD int fd = take_fd;

	return fcntl(fd, F_DUPFD_CLOEXEC, CENSUS_FD);
}

void census_open(struct census *ret_census)
{
	struct btf *btf = btf__load_vmlinux_btf();
	uint32_t kind;

	for (kind = 0; kind <= KEEP_LINK; kind++)
		ret_census->link[kind] = -1;
	for (kind = KEEP_PROG; btf && kind <= KEEP_LINK; kind++) {
		int link;

		if (census_link(btf, &census_rows[kind], &link) == 0)
			ret_census->link[kind] = move_up(link);
	}
	btf__free(btf);
}

/* Of BTF there is no iterator: one id after the other. */
static int census_walk_btf(uint8_t *out, uint32_t bytes)
{
	uint32_t done = 0, id = 0;
	int r;

	while ((r = kern_next_btf(id, &id)) == 0) {
		if (bytes - done < sizeof(id))
			return -ERANGE;
		memcpy(out + done, &id, sizeof(id));
		done += (uint32_t)sizeof(id);
	}
	return r == -ENOENT ? (int)done : r;
}

int census_count(const struct census *census, uint32_t kind, uint8_t *out, uint32_t bytes)
{
	OWN_FD int fd = -1;
	uint32_t done = 0;
	uint8_t more;
	int r;

	if (kind == KEEP_BTF)
		return census_walk_btf(out, bytes);
	if (kind > KEEP_LINK || census->link[kind] < 0)
		return -ENOSYS;
	r = kern_iter_open(census->link[kind], &fd);
	if (r < 0)
		return r;
	for (;;) {
		ssize_t got = done < bytes ? read(fd, out + done, bytes - done) : read(fd, &more, 1);

		if (got < 0)
			return -errno;
		if (got == 0)
			return (int)done;
		if (done == bytes)
			return -ERANGE;
		done += (uint32_t)got;
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises the kernel's own list, whatever the ledger believes. The iterator programs are ours, written
 * here instruction by instruction from the offsets in the kernel's BTF, and loaded once at start; no byte of
 * anybody else's is involved.
 */
#include "daemon/loader/census.h"

#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

#include "daemon/loader/kern.h"
#include "daemon/shared/kern_info.h"
#include "proto/own.h"

/* From the iterator's object to its id: by one pointer, or none. */
static const struct census_row {
	const char *function;		/* of the iterator */
	const char *outer, *pointer;	/* struct and member to follow first; NULL: none */
	const char *inner;		/* the struct whose member "id" is wanted */
	bool own;			/* only of programs that this very user made */
} census_rows[] = {
	[KEEP_PROG] = { "bpf_iter_bpf_prog", "bpf_prog", "aux", "bpf_prog_aux", false },
	[KEEP_MAP] = { "bpf_iter_bpf_map", NULL, NULL, "bpf_map", false },
	[KEEP_LINK] = { "bpf_iter_bpf_link", NULL, NULL, "bpf_link", false },
	[IDS_OWN] = { "bpf_iter_bpf_prog", "bpf_prog", "aux", "bpf_prog_aux", true },
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

/*
 * r6 = object; skip the last, empty call; r8 = what has its id; skip what another user made;
 * seq_write(meta->seq, &r8->id, 4).
 */
static int census_link(const struct btf *btf, const struct census_row *row, int *ret_link)
{
	int function = btf__find_by_name_kind(btf, row->function, BTF_KIND_FUNC);
	int pointer = row->outer ? member_offset(btf, row->outer, row->pointer) : 0;
	int id = member_offset(btf, row->inner, "id");
	int user = row->own ? member_offset(btf, row->inner, "user") : 0;
	int uid = row->own ? member_offset(btf, "user_struct", "uid") : 0;
	struct bpf_insn insns[] = {
		LOAD(BPF_DW, BPF_REG_6, BPF_REG_1, 8),
		{ BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_6, 0, 12, 0 },
		LOAD(BPF_DW, BPF_REG_7, BPF_REG_1, 0),
		{ BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_8, BPF_REG_6, 0, 0 },
		LOAD(BPF_DW, BPF_REG_2, BPF_REG_8, user),
		LOAD(BPF_W, BPF_REG_2, BPF_REG_2, uid),
		{ BPF_JMP32 | BPF_JNE | BPF_K, BPF_REG_2, 0, 7, (int32_t)getuid() },
		LOAD(BPF_W, BPF_REG_2, BPF_REG_8, id),
		{ BPF_STX | BPF_MEM | BPF_W, BPF_REG_10, BPF_REG_2, -4, 0 },
		LOAD(BPF_DW, BPF_REG_1, BPF_REG_7, 0),
		{ BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0 },
		{ BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -4 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, 4 },
		{ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_seq_write },
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0 },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};

	if (function < 0 || pointer < 0 || id < 0 || user < 0 || uid < 0)
		return -ENOSYS;
	if (row->outer)
		insns[3] = (struct bpf_insn)LOAD(BPF_DW, BPF_REG_8, BPF_REG_6, pointer);
	for (size_t i = 4; i <= 6 && !row->own; i++) /* a jump over them would leave what is never reached */
		insns[i] = (struct bpf_insn){ BPF_JMP | BPF_JA, 0, 0, 0, 0 };
	return kern_iter_link(insns, ARRAY_CNT(insns), (uint32_t)function, ret_link);
}

/* ---- symbols ---- */

#define CONST64(to, text)                                                                          \
	{ BPF_LD | BPF_IMM | BPF_DW, (to), 0, 0, (int32_t)((text) & UINT32_MAX) },                 \
	{ 0, 0, 0, 0, (int32_t)((text) >> 32) }
#define STORE(from, at) { BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, (from), (at), 0 }
#define MOVE(to, from)	{ BPF_ALU64 | BPF_MOV | BPF_X, (to), (from), 0, 0 }
#define SET(to, value)	{ BPF_ALU64 | BPF_MOV | BPF_K, (to), 0, 0, (value) }
#define PLUS(to, value) { BPF_ALU64 | BPF_ADD | BPF_K, (to), 0, 0, (value) }

/* Eight bytes of a format. */
static uint64_t text_word(const char text[8])
{
	uint64_t word;

	memcpy(&word, text, sizeof(word));
	return word;
}

enum { SYMBOL_VALUE, SYMBOL_TYPE, SYMBOL_NAME, SYMBOL_MODULE, SYMBOL_EXPORTED, SYMBOL_MEMBERS };

static bool symbols_find(const struct btf *btf, int ret_at[SYMBOL_MEMBERS])
{
	static const char *const members[SYMBOL_MEMBERS] = { "value", "type", "name", "module_name", "exported" };

	for (size_t i = 0; i < SYMBOL_MEMBERS; i++) {
		ret_at[i] = member_offset(btf, "kallsym_iter", members[i]);
		if (ret_at[i] < 0)
			return false;
	}
	return true;
}

/*
 * r6 = symbol, r8 = meta->seq; on the stack value, type, name and module, and the format before them. A module's symbol
 * ends in its module, and its letter is a capital where it is exported.
 */
static int symbols_load(const int at[SYMBOL_MEMBERS], uint32_t function, int *ret_link)
{
	struct bpf_insn insns[] = {
		LOAD(BPF_DW, BPF_REG_6, BPF_REG_1, 8),
		{ BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_6, 0, 0, 0 },
		LOAD(BPF_DW, BPF_REG_7, BPF_REG_1, 0),
		LOAD(BPF_DW, BPF_REG_8, BPF_REG_7, 0),
		LOAD(BPF_DW, BPF_REG_1, BPF_REG_6, at[SYMBOL_VALUE]),
		STORE(BPF_REG_1, -32),
		MOVE(BPF_REG_1, BPF_REG_6),
		PLUS(BPF_REG_1, at[SYMBOL_NAME]),
		STORE(BPF_REG_1, -16),
		MOVE(BPF_REG_1, BPF_REG_6),
		PLUS(BPF_REG_1, at[SYMBOL_MODULE]),
		STORE(BPF_REG_1, -8),
		CONST64(BPF_REG_1, text_word("%016llx ")),
		STORE(BPF_REG_1, -56),
		LOAD(BPF_B, BPF_REG_1, BPF_REG_6, at[SYMBOL_TYPE]),
		LOAD(BPF_B, BPF_REG_9, BPF_REG_6, at[SYMBOL_MODULE]),
		{ BPF_JMP | BPF_JNE | BPF_K, BPF_REG_9, 0, 7, 0 },
		/* the kernel's own */
		STORE(BPF_REG_1, -24),
		CONST64(BPF_REG_1, text_word("%c %s\n\0\0")),
		STORE(BPF_REG_1, -48),
		SET(BPF_REG_3, 15),
		SET(BPF_REG_5, 24),
		{ BPF_JMP | BPF_JA, 0, 0, 16, 0 },
		/* a module's; the last call repeats a name as one of __builtin__kprobes, whose own are no functions */
		{ BPF_JMP | BPF_JNE | BPF_K, BPF_REG_9, 0, 2, '_' },
		LOAD(BPF_B, BPF_REG_3, BPF_REG_6, at[SYMBOL_MODULE] + 11),
		{ BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_3, 0, 19, 'k' },
		LOAD(BPF_W, BPF_REG_2, BPF_REG_6, at[SYMBOL_EXPORTED]),
		{ BPF_ALU64 | BPF_OR | BPF_K, BPF_REG_1, 0, 0, 0x20 },
		{ BPF_JMP32 | BPF_JEQ | BPF_K, BPF_REG_2, 0, 1, 0 },
		{ BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_1, 0, 0, 0xdf },
		STORE(BPF_REG_1, -24),
		CONST64(BPF_REG_1, text_word("%c %s\t[%")),
		STORE(BPF_REG_1, -48),
		CONST64(BPF_REG_1, text_word("s]\n\0\0\0\0")),
		STORE(BPF_REG_1, -40),
		SET(BPF_REG_3, 20),
		SET(BPF_REG_5, 32),
		/* both */
		MOVE(BPF_REG_1, BPF_REG_8),
		MOVE(BPF_REG_2, BPF_REG_10),
		PLUS(BPF_REG_2, -56),
		MOVE(BPF_REG_4, BPF_REG_10),
		PLUS(BPF_REG_4, -32),
		{ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_seq_printf },
		SET(BPF_REG_0, 0),
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};

	insns[1].off = ARRAY_CNT(insns) - 4; /* to the end */
	return kern_iter_link(insns, ARRAY_CNT(insns), function, ret_link);
}

static int symbols_link(const struct btf *btf, int *ret_link)
{
	int function = btf__find_by_name_kind(btf, "bpf_iter_ksym", BTF_KIND_FUNC);
	int at[SYMBOL_MEMBERS];
	if (function < 0 || !symbols_find(btf, at))
		return -ENOSYS;
	return symbols_load(at, (uint32_t)function, ret_link);
}

/* What root hides from itself nobody is shown. */
static bool symbols_are_hidden(void)
{
	OWN_FD int fd = open("/proc/sys/kernel/kptr_restrict", O_RDONLY | O_CLOEXEC);
	char first = '2';

	return fd >= 0 && (read(fd, &first, 1) != 1 || (first != '0' && first != '1'));
}

/* Out of the way of the descriptors that approvals bring. */
static int move_up(int take_fd)
{
	OWN_FD int fd = take_fd;

	return fcntl(fd, F_DUPFD_CLOEXEC, CENSUS_FD);
}

static uint32_t prog_id_of(int link)
{
	struct bpf_link_info info = { 0 };
	uint32_t len = sizeof(info);

	return kern_info_get(link, &info, &len) == 0 ? info.prog_id : 0;
}

void census_open(struct census *ret_census)
{
	struct btf *btf = btf__load_vmlinux_btf();
	uint32_t kind;

	memset(ret_census, 0, sizeof(*ret_census));
	for (kind = 0; kind <= IDS_OWN; kind++) {
		int link;

		ret_census->link[kind] = -1;
		if (!btf || !census_rows[kind].function || census_link(btf, &census_rows[kind], &link) < 0)
			continue;
		ret_census->link[kind] = move_up(link);
		ret_census->prog_id[kind] = prog_id_of(ret_census->link[kind]);
	}
	ret_census->symbols = -1;
	if (btf && !symbols_are_hidden() && symbols_link(btf, &ret_census->symbols) == 0) {
		ret_census->symbols = move_up(ret_census->symbols);
		ret_census->prog_id[IDS_OWN + 1] = prog_id_of(ret_census->symbols);
	}
	btf__free(btf);
}

int census_open_symbols(const struct census *census, int *ret_fd)
{
	return census->symbols < 0 ? -ENOSYS : kern_iter_open(census->symbols, ret_fd);
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

static bool is_iterator(const struct census *census, uint32_t id)
{
	for (uint32_t kind = 0; kind < ARRAY_CNT(census->prog_id); kind++)
		if (id && census->prog_id[kind] == id)
			return true;
	return false;
}

/* What this loader looks with is not a client's. */
static uint32_t census_drop_iterators(const struct census *census, uint8_t *out, uint32_t bytes)
{
	uint32_t done = 0, id;

	for (uint32_t at = 0; at + sizeof(id) <= bytes; at += (uint32_t)sizeof(id)) {
		memcpy(&id, out + at, sizeof(id));
		if (is_iterator(census, id))
			continue;
		memmove(out + done, out + at, sizeof(id));
		done += (uint32_t)sizeof(id);
	}
	return done;
}

static int census_iterate(const struct census *census, uint32_t kind, uint8_t *out, uint32_t bytes)
{
	OWN_FD int fd = -1;
	uint32_t done = 0;
	uint8_t more;
	int r;

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

int census_count(const struct census *census, uint32_t kind, uint8_t *out, uint32_t bytes)
{
	int r;

	if (kind == KEEP_BTF)
		return census_walk_btf(out, bytes);
	if (kind > IDS_OWN || census->link[kind] < 0)
		return -ENOSYS;
	r = census_iterate(census, kind, out, bytes);
	return r > 0 && kind == IDS_OWN ? (int)census_drop_iterators(census, out, (uint32_t)r) : r;
}

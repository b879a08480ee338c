/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF objects to programs, as libbpf would load them on a given kernel. A binary that uses this
 * links fakelibc.c (libfakebpf.la), so nothing reaches the kernel; where files cannot be opened,
 * elf_warm() comes first.
 */
#ifndef BPFGATE_OBJECT_ELF_H
#define BPFGATE_OBJECT_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "object/digest.h"
#include "verifier/bpfgate-verifier.h"

#define ELF_BYTES_MAX	 (64u << 20)
#define ELF_PROGRAMS_MAX 1024u
#define ELF_REASON_BYTES 256u

struct elf_options {
	const void *vmlinux_btf; /* raw BTF of the target kernel; NULL: objects that need it fail */
	size_t vmlinux_btf_bytes;
	/* More of that kernel; all three NUL-terminated and NULL where not known. */
	const char *release; /* "6.1.0-57-amd64 (6.1.192)": LINUX_KERNEL_VERSION; NULL: the running kernel's */
	const char *config;  /* lines "CONFIG_X=y" for externs; what it does not have is not there */
	const char *symbols; /* a name a line, for externs that are addresses */
	/* Instead of config and symbols: whatever the object asks for is there; symbols are told of each program. */
	bool assume;
	enum bgv_mode mode; /* put into each program, with caps */
	uint32_t caps;
	/* Called for each map of the object, before its programs; inner: a template; NULL: not wanted. */
	void (*map_fn)(void *arg, const struct bgv_map *map, const struct bgv_map *inner);
	char *reason; /* ELF_REASON_BYTES: on -EBADMSG libbpf's words, or ""; NULL: not wanted */
};

/* One program of the object. */
struct elf_program {
	const char *name, *section; /* the whole name: prog->name is what the kernel gets of it */
	bool section_unknown;		/* neither libbpf nor we know which type its section means */
	const struct bgv_program *prog; /* relocated; NULL: libbpf cannot load it */
	const char *reason;		/* then: libbpf's words */
	const struct digest_symbol *symbols; /* whose addresses its instructions load, where those were assumed */
	uint32_t symbol_cnt;
};

/* Everything is borrowed for the call. */
typedef void (*elf_program_fn)(void *arg, const struct elf_program *program);

/*
 * Calls fn once for each program of the object, in the object's order. 0; -EBADMSG when libbpf does
 * not take the bytes for an object; -E2BIG; -ENOMEM. Not thread-safe, not reentrant.
 */
int elf_programs(const void *bytes, size_t bytes_cnt, const struct elf_options *opt, elf_program_fn fn,
		 void *arg);

/* What libbpf reads once from files and remembers. Call before the sandbox closes. */
void elf_warm(void);

#define ELF_SYMBOLS_MAX 16u /* addresses of symbols in one program: more is none that anybody wrote yet */

struct elf_symbol {
	uint32_t insn_idx;
	char name[124];
};

/* A judge's answer about one program of an object (JUDGE_OBJECT): fixed size, no pointers. */
struct elf_result {
	uint8_t digest[DIGEST_BYTES];
	uint32_t prog_type, expected_attach_type;
	int32_t err; /* 0, or -errno: it has no digest */
	uint32_t insn_cnt;
	char name[128], section[128];
	char reason[128]; /* where err is not 0: why, as it came from libbpf */
	uint32_t symbol_cnt, zero;
	struct elf_symbol symbols[ELF_SYMBOLS_MAX];
};
_Static_assert(sizeof(struct elf_result) == 304 + 136 + 128 * ELF_SYMBOLS_MAX, "no padding");

/* The canonical digest of one program, with names from vmlinux (NULL: none). */
void elf_result_fill(const struct elf_program *program, const struct btfname *vmlinux,
		     struct elf_result *ret_result);

#endif

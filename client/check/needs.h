/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an object asks of a kernel before any program is loaded: CO-RE relocations, externs. Read
 * from the object itself, so that a missing thing can be named with the name it has in the source.
 */
#ifndef BPFGATE_CLIENT_NEEDS_H
#define BPFGATE_CLIENT_NEEDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verifier/bpfgate-verifier.h"
#include "verifier/btf/btf.h"

#define NEEDS_TEXT_BYTES 256u

enum needs_kind {
	NEEDS_CONFIG,	/* CONFIG_X: what the kernel was built with */
	NEEDS_VERSION,	/* LINUX_KERNEL_VERSION and other values that libbpf makes up */
	NEEDS_SYMBOL,	/* the address of a symbol, of no type */
	NEEDS_VARIABLE, /* a kernel variable, by BTF */
	NEEDS_FUNCTION, /* a kfunc, by BTF */
};

struct needs_extern {
	const char *name; /* borrowed from the object's BTF */
	enum needs_kind kind;
	bool weak;
	const char *some_value; /* of a CONFIG: any that its type takes */
};

/* One CO-RE relocation. */
struct needs_core {
	const char *section;	/* of the instruction */
	uint32_t insn_idx;	/* in that section */
	uint32_t type_id, kind; /* enum bpf_core_relo_kind */
	const char *access;	/* "0:1:2" */
};

struct needs {
	struct btf_view *btf; /* the object's; NULL: it has none */
	struct needs_extern *externs;
	size_t extern_cnt;
	struct needs_core *cores;
	size_t core_cnt;
	void *elf;
};

/* Borrows the object's bytes. NULL: no memory, or no ELF file at all. needs_free(NULL) is fine. */
struct needs *needs_new(const void *object, size_t bytes);
void needs_free(struct needs *needs);

/* Is there a relocation against the kernel's types in that section? One that asks for the object's
 * own is none. */
bool needs_core_in(const struct needs *needs, const char *section);

/* The relocation of an instruction of a function; NULL: it has none. */
const struct needs_core *needs_core_at(const struct needs *needs, const char *function,
				       uint32_t insn_off);
/* What the relocation is about: "field state of struct task_struct". */
void needs_core_text(const struct needs *needs, const struct needs_core *core,
		     char ret_text[NEEDS_TEXT_BYTES]);
/* The symbol that an instruction of a function is relocated for ("nokfunc"); NULL: none. Borrowed.
 */
const char *needs_symbol_at(const struct needs *needs, const char *function, uint32_t insn_off);

/* Does the object's own definition of the map of that name (its first 15 bytes) have that member ("max_entries")? */
bool needs_map_has(const struct needs *needs, const char *map, const char *member);

#endif

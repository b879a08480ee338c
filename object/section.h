/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Section names of BPF objects that are newer than the libbpf that reads them. What a name means is
 * the same for every libbpf that knows it; which one is installed here must not decide what is said
 * of a kernel.
 */
#ifndef BPFGATE_OBJECT_SECTION_H
#define BPFGATE_OBJECT_SECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a program's section says. */
struct section_meaning {
	const char *prefix; /* up to and with a '/' where something may follow */
	uint32_t prog_type, attach_type;
	bool sleepable;
	bool attach_btf; /* what follows the prefix is a name in the kernel's BTF */
};

/* By the whole name; NULL: none of those here. Static storage. */
const struct section_meaning *section_find(const char *name);

/*
 * Renames, in an object's bytes, what libbpf 1.1 knows under another name: ".struct_ops.link" is
 * ".struct_ops" with a link, "struct_ops.s/" is "struct_ops/" of programs that may sleep. Returns a
 * copy (heap, the caller's) where anything was renamed; NULL: nothing was, or memory is out.
 * Whoever has both sections of maps keeps them.
 */
uint8_t *section_rename(const void *object, size_t bytes);

/* Was that program's section (its name after the renaming) one of those that may sleep, in the
 * object as it came? */
bool section_was_sleepable(const void *object, size_t bytes, const char *renamed);

#endif

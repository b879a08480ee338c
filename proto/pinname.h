/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call beside bpf(2): what a client does to the names of its pins with the calls that are for files. The names are the
 * daemon's, so its front ends ask it.
 */
#ifndef BPFGATE_PROTO_PINNAME_H
#define BPFGATE_PROTO_PINNAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CMD_PIN_NAME 0x104u

enum pin_name_op {
	PIN_NAME_NONE,
	PIN_NAME_LOOK,	 /* what has this name: the result is an enum pin_name_kind */
	PIN_NAME_LIST,	 /* what lies in a directory; the path's last part is not looked at */
	PIN_NAME_MKDIR,
	PIN_NAME_RMDIR,
	PIN_NAME_RENAME, /* to another name below another directory */
	PIN_NAME_OP_CNT
};

enum pin_name_kind {
	PIN_NAME_NOTHING,
	PIN_NAME_PROG, /* the first four are the daemon's numbers for these kinds, too */
	PIN_NAME_MAP,
	PIN_NAME_LINK,
	PIN_NAME_BTF,
	PIN_NAME_DIR,
	PIN_NAME_KIND_CNT
};

#define PIN_NAME_NOREPLACE 1u /* RENAME: what has the new name already stays */
#define PIN_NAME_TO_DIR	   2u /* RENAME, always: to_dir is one */

struct pin_name {
	uint32_t op;	/* enum pin_name_op */
	uint32_t flags; /* PIN_NAME_ and the rest */
	uint64_t path;
	uint64_t to;	/* RENAME: the new path, plain */
	uint64_t list;	/* LIST: for each name its kind, a byte, and its text up to the NUL */
	uint32_t list_bytes; /* room; then what was written */
	uint32_t to_below;   /* RENAME: how many parts of the new path are below to_dir */
	int32_t to_dir;	     /* the nearest directory above it, as OBJ_PIN has it */
	uint32_t zero;
};
_Static_assert(sizeof(struct pin_name) == 48, "no padding");

#define PIN_NAME_LIST_MAX (256u * 1024)

/* Is this name one of such a list? */
static inline bool pin_name_is_listed(const char *list, size_t bytes, const char *name, size_t len)
{
	for (const char *at = list; at < list + bytes; at += strlen(at + 1) + 2)
		if (strlen(at + 1) == len && memcmp(at + 1, name, len) == 0)
			return true;
	return false;
}

#endif

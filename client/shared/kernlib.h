/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library of known kernels: a directory a kernel, RELEASE/, with about.json and whatever is
 * known of it: vmlinux.btf.gz (its types), config.gz (what it was built with), symbols.gz (names,
 * as in System.map). A lone RELEASE.btf, not compressed, is an entry too, of types only.
 */
#ifndef BPFGATE_CLIENT_KERNLIB_H
#define BPFGATE_CLIENT_KERNLIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KERNLIB_NAME_BYTES 96u

enum kernlib_part {
	KERNLIB_BTF,
	KERNLIB_CONFIG,
	KERNLIB_SYMBOLS,
	KERNLIB_PART_CNT,
};

struct kernlib_entry {
	char name[KERNLIB_NAME_BYTES]; /* "6.12.117+deb13-cloud-amd64", "6.1.0-57-cloud-amd64
					  (6.1.192)" */
	char version[32];	       /* "6.1.192": by which the rules are chosen */
	char source[128];	       /* where it came from; "" */
	char place[512];	       /* the directory, or the lone file */
	bool lone;
	bool has[KERNLIB_PART_CNT];
};

struct kernlib {
	struct kernlib_entry *entries; /* the oldest kernel first */
	size_t cnt;
};

/*
 * Reads dir, and after it (an entry of one name counts once) the caller's own library and the
 * installed one; with dir only that. A library that is not there is empty. 0 or -ENOMEM.
 */
int kernlib_open(const char *dir, struct kernlib *ret_lib);
void kernlib_done(struct kernlib *lib);

/* Where `import` writes: dir, or the caller's own library. 0, or -ENAMETOOLONG when there is no
 * place. */
int kernlib_own_dir(const char *dir, char *ret_path, size_t path_bytes);

/*
 * The entry that a text names: its name; its release (what stands before a blank); its version; or
 * a series ("6.12": the newest of it). NULL: none.
 */
const struct kernlib_entry *kernlib_find(const struct kernlib *lib, const char *text);

/* A part of an entry, uncompressed and with a NUL after it; heap, the caller's. -ENOENT: it has
 * none. -EBADMSG. */
int kernlib_read(const struct kernlib_entry *entry, enum kernlib_part part, uint8_t **ret_bytes,
		 size_t *ret_cnt);

/*
 * Adds parts to the entry of that name in dir, which is made where needed; a part that is NULL
 * stays as it is. Each file is replaced whole or not at all. 0 or -errno.
 */
struct kernlib_parts {
	const void *data[KERNLIB_PART_CNT];
	size_t bytes[KERNLIB_PART_CNT];
	const char *source;
};
int kernlib_write(const char *dir, const char *name, const struct kernlib_parts *parts);

/* The order of versions, as strverscmp(3) without its care for zeros. */
int kernlib_version_cmp(const char *a, const char *b);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which instructions of a program name an fd, directly or as an index into fd_array. For the
 * marshaller, which has to send those fds, and for the loader, which has to renumber them.
 */
#ifndef BPFGATE_PROTO_INSNFD_H
#define BPFGATE_PROTO_INSNFD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum insnfd_kind {
	INSNFD_MAP,	  /* .number is a map's fd */
	INSNFD_BTF,	  /* .number is a module BTF's fd */
	INSNFD_MAP_IDX,	  /* .number indexes fd_array: a map */
	INSNFD_KFUNC_IDX, /* .number indexes fd_array: a module BTF */
};

struct insnfd {
	enum insnfd_kind kind;
	int32_t number;
	uint32_t insn_idx; /* whose imm (or, for a kfunc, off) holds the number */
};

/*
 * Finds the next one at or after *io_idx in insn_cnt 8-byte instructions and advances *io_idx
 * after it. `insns` need not be aligned. Returns false at the end. A lone first half of an ld_imm64
 * at the very end counts as well: the kernel resolves nothing there, and complains.
 */
bool insnfd_next(const uint8_t *insns, size_t insn_cnt, size_t *io_idx, struct insnfd *ret);

/* How many entries of a sparse fd_array the program can reach: its highest index plus one, or 0. */
uint32_t insnfd_array_cnt(const uint8_t *insns, size_t insn_cnt);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* From an instruction to the line of source it came from, by the program's own (hostile) line info. */
#ifndef BPFGATE_OBJECT_LINEINFO_H
#define BPFGATE_OBJECT_LINEINFO_H

#include "verifier/bpfgate-verifier.h"

struct lineinfo {
	const char *file, *text; /* NUL-terminated, borrowed from the program's BTF; never NULL */
	uint32_t line, column;
	uint32_t indent; /* blanks before text that the line begins with: text - indent is all of it */
};

/*
 * The source line of an instruction. 0; -ENOENT when the program does not say, or says something
 * that its BTF does not hold. What it says is unproven: escape it before it meets a terminal.
 */
int lineinfo_find(const struct bgv_program *prog, uint32_t insn_idx, struct lineinfo *ret_line);

/*
 * The record with this number, from 0, and the first instruction that it is of. 0; -ENOENT: there are no more;
 * -EBADMSG: this one says nothing usable, others may.
 */
int lineinfo_record(const struct bgv_program *prog, uint32_t idx, uint32_t *ret_insn_idx,
		    struct lineinfo *ret_line);

#endif

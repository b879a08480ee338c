/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_SRCLINE_H
#define VERIFIER_SRCLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verifier/bpfgate-verifier.h"
#include "verifier/btf/btf.h"

/* Where an instruction comes from; all of it the program's author's word, never NULL. */
struct srcline {
	const char *file, *text;
	uint32_t line, col;	/* from 1; 0: not known */
	bool near;		/* the compiler gives the instruction no line: this one is of those before it */
};

/* The program's own BTF; NULL: it has none that parses, then there are no source lines. */
struct btf_view *srcline_view(const struct bgv_program *prog);

/* The record of line info that covers the instruction: the last one not after it. view may be NULL. */
bool srcline_find(const struct bgv_program *prog, const struct btf_view *view, uint32_t insn_idx,
		  struct srcline *ret_line);
/* The record with this number, from 0, and the instruction it begins at. False: there are no more. */
bool srcline_record(const struct bgv_program *prog, const struct btf_view *view, uint32_t n, uint32_t *ret_insn_idx,
		    struct srcline *ret_line);
/*
 * The line of each of the first insn_cnt instructions, 0 where none is known or it has no text: srcline_find() of all of
 * them in one walk over the records.
 */
void srcline_numbers(const struct bgv_program *prog, const struct btf_view *view, uint32_t insn_cnt,
		     uint32_t *ret_lines);
/*
 * The name of the function of func_info that the instruction lies in; "" when that is not known, else where it
 * starts is in *ret_start (may be NULL).
 */
const char *srcline_function(const struct bgv_program *prog, const struct btf_view *view,
			     uint32_t insn_idx, uint32_t *ret_start);

/*
 * What the line's column stands at, widened to the whole operand: "ip->saddr" of its last member, "*p" of the
 * star, "buf[i]" of its name. Printable bytes only. False: no such thing there.
 */
bool srcline_operand(const struct srcline *line, char *ret_text, size_t bytes);
/* The variable an operand begins with: "ip" of "ip->saddr", "p" of "*p". False: none. */
bool srcline_variable(const struct srcline *line, char *ret_text, size_t bytes);
/* What stands in the brackets of the operand there: "i" of "buf[i]". False: it has none. */
bool srcline_index(const struct srcline *line, char *ret_text, size_t bytes);
/* The name of the function called there. False: no call stands there. */
bool srcline_callee(const struct srcline *line, char *ret_text, size_t bytes);
/* The nth (from 0) argument of the call that the column stands at; false: it is not on this line. */
bool srcline_argument(const struct srcline *line, uint32_t nth, char *ret_text, size_t bytes);

#endif

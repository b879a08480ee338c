/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFGATE_CLIENT_VARNAME_H
#define BPFGATE_CLIENT_VARNAME_H

#include <stddef.h>
#include <stdint.h>

#include "verifier/bpfgate-verifier.h"

/* Names of local variables, by an object's DWARF. Not thread-safe. */
struct varname;

/*
 * The bytes are borrowed until varname_free(). Never fails for a reason that matters: without DWARF, or memory,
 * there are no names (NULL, which the other functions take).
 */
struct varname *varname_new(const void *object, size_t bytes);
void varname_free(struct varname *names);

/* From here on names are looked up in this program of that name; both must outlive their use. */
void varname_of_program(struct varname *names, const struct bgv_program *prog, const char *function);

/*
 * struct bgv_options.name_of: what the variable is called that the register holds before the instruction; the
 * innermost of several. NULL: none. ctx is a struct varname or NULL; the text is the DWARF's.
 */
const char *varname_find(void *ctx, uint32_t insn_idx, uint32_t regno);
/* struct bgv_options.near_name_of: of the variables that are the register's value + n, 0 <= n <= most. */
const char *varname_find_near(void *ctx, uint32_t insn_idx, uint32_t regno, int32_t most, int32_t *ret_at);
/* struct bgv_options.stack_name_of: the variable of the frame that the byte belongs to, and its member there. */
bool varname_find_stack(void *ctx, uint32_t insn_idx, int32_t off, struct bgv_stack_name *ret_name);

#endif

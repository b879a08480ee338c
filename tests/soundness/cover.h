/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verifier said a program's registers may hold, instruction by instruction, and the question whether a
 * concrete machine state lies in it.
 */
#ifndef BPFGATE_TESTS_SOUNDNESS_COVER_H
#define BPFGATE_TESTS_SOUNDNESS_COVER_H

#include "tests/soundness/interp.h"
#include "verifier/state/env.h"

struct cover;	/* states seen, by instruction */

struct cover *cover_new(void);		/* NULL: out of memory */
void cover_free(struct cover *cover);
void cover_clear(struct cover *cover);	/* before another program */

/*
 * For struct env_watch: look remembers the top frame's registers of env's current state; a claim is made of those that
 * the verifier's own comparisons look at: live ones, or where the kernel has read marks, those that done finds marked.
 */
void cover_look(void *cover, const struct env *env);
void cover_done(void *cover);

/* For struct interp: does some remembered state of this instruction hold all registers claimed? */
bool cover_holds(void *cover, const struct interp *interp);

/* How many registers of states were claims. */
uint64_t cover_claimed(const struct cover *cover);

/* How many states were compared, and prints the concrete registers at a place that no state held. */
uint64_t cover_compared(const struct cover *cover);
void cover_explain(const struct cover *cover, const struct interp *interp);

#endif

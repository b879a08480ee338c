/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_WHY_TELL_H
#define VERIFIER_WHY_TELL_H

#include "verifier/tell/srcline.h"
#include "verifier/tell/why_text.h"

/* Adds the events, and where more is known than the diagnostic itself says, cause, class and way out. */
void why_tell(struct why *w);
/* Where the value in w->origin comes from, with what it is, as an event. */
void why_tell_origin(struct why *w);
/* By the origin told before: why a pointer is void, or a value only a number, as cause and way out. */
void why_cause_lost(struct why *w, const char *name);
void why_cause_number(struct why *w, const char *name);
/* By the origin told before: what would make the refused use a good one (why_mend.c). */
void why_propose_use(struct why *w);
/* The refused call is left out, where the rest can do without what it gives; may it be at all? */
void why_propose_without_call(struct why *w);
bool why_may_be_left_out(const struct why *w);
/* The argument w->regno of the refused call is what the callee takes. */
void why_propose_argument(struct why *w);
/* Does the value that a register holds before the step come of what is assumed? */
bool why_is_assumed(const struct env *env, const struct tale *t, uint32_t regno);
/* Pointers that may be NULL. */
void why_tell_null(struct why *w);
/* Arguments of calls: what is passed, and what is taken (why_arg.c). */
void why_tell_argument(struct why *w);
/* References, locks, sections and objects on the stack (why_held.c, why_object.c). */
void why_tell_leak(struct why *w);
void why_tell_section(struct why *w);
void why_tell_object(struct why *w);
/* The stack's bytes (why_stack.c). */
void why_tell_uninit(struct why *w);
void why_tell_stack(struct why *w);
/* Walks that are too long, stacks that are too deep (why_cost.c). */
void why_tell_cost(struct why *w);
void why_tell_loop(struct why *w);
void why_tell_depth(struct why *w);
/* What the kernel lacks, and what is decided before the walk (why_load.c). */
void why_tell_helper(struct why *w);
void why_tell_kfunc(struct why *w);
void why_tell_license(struct why *w);
void why_tell_attach(struct why *w);
void why_tell_map_type(struct why *w);
/* Arithmetic with pointers (why_math.c). */
void why_tell_pointer_math(struct why *w);
void why_tell_moved(struct why *w);
void why_tell_mixed(struct why *w);
/* Numbers: what bounds a number has, which test gave them, and which does not count (why_number.c). */
void why_tell_offset(struct why *w);
void why_tell_size(struct why *w);
void why_tell_math(struct why *w);
/* Packet pointers (why_packet.c). */
void why_tell_packet(struct why *w);

#endif

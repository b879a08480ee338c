/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_DYNSLOT_H
#define VERIFIER_DYNSLOT_H

#include "verifier/state/env.h"

#define DYNSLOT_CNT 2	/* slots of a dynptr */

/*
 * A plain store to slot spi of the private frame f is about to happen: a dynptr there dies with its
 * slices; a referenced one refuses (destroy_if_dynptr_stack_slot).
 */
int dynslot_destroy(struct env *env, struct frame *f, uint32_t spi);
/* Both slots of the dynptr whose first one is spi hold nothing any more. 0 or negative. */
int dynslot_clear(struct env *env, uint32_t frameno, uint32_t spi);
/* Is at least a byte of the slot a dynptr's? */
bool dynslot_touches(const struct slot *s);
bool dynslot_is_refcounted(enum dynptr_type type);	/* ringbuf, file */

/*
 * refs_release() of an object that dynptrs may read: they end with it, and their slices. Rejects where such a dynptr has
 * a reference of its own, which nobody could give back any more.
 */
int dynslot_release(struct env *env, uint32_t ref);

#endif

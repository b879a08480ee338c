/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_OBJSLOT_H
#define VERIFIER_OBJSLOT_H

#include "verifier/state/env.h"

/*
 * Objects that live in whole stack slots: dynptrs, iterators, irq flags. The first (highest) slot
 * is spi, the others lie below it in address order: spi - 1, spi - 2, ...
 */

/*
 * The first slot of an object of `cnt` slots that r, a stack pointer, points to. -EINVAL: rejected,
 * the pointer cannot name one; -ERANGE without a verdict: those slots were never touched.
 */
int objslot_find(struct env *env, const struct reg *r, const char *what, uint32_t cnt,
		 uint32_t *ret_spi);

/* All eight bytes of a slot are of that kind. */
bool objslot_is(const struct frame *f, uint32_t spi, enum slot_byte kind);

/* Slot spi of frame frameno := kind with register r (copied); marks it written. 0 or negative. */
int objslot_set(struct env *env, uint32_t frameno, uint32_t spi, enum slot_byte kind,
		const struct reg *r);
int objslot_clear(struct env *env, uint32_t frameno, uint32_t spi);

/* Marks slots spi, spi - 1, ... as read. */
int objslot_read(struct env *env, uint32_t frameno, uint32_t spi, uint32_t cnt);

/* A pointer whose object is gone: unknown, or uninitialised for who may not see pointers. */
void objslot_invalidate_reg(const struct env *env, struct reg *r);

#endif

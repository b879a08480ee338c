/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_WHY_TELL_H
#define VERIFIER_WHY_TELL_H

#include "verifier/srcline.h"
#include "verifier/why_text.h"

/* Adds the events, and where more is known than the diagnostic itself says, cause, class and way out. */
void why_tell(struct why *w);
/* Where the value in w->origin comes from, with what it is, as an event. */
void why_tell_origin(struct why *w);
/* Numbers: what bounds a number has, which test gave them, and which does not count (why_number.c). */
void why_tell_offset(struct why *w);
void why_tell_size(struct why *w);
void why_tell_math(struct why *w);
/* Packet pointers (why_packet.c). */
void why_tell_packet(struct why *w);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_WHY_PACKET_H
#define VERIFIER_WHY_PACKET_H

#include "verifier/tell/why_text.h"

/* Packet pointers. */
void why_tell_packet(struct why *w);

#endif

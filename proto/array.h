/* SPDX-License-Identifier: Apache-2.0 */
/* How many elements an array has: for every folder, also those that own nothing (verifier/). */
#ifndef BPFGATE_PROTO_ARRAY_H
#define BPFGATE_PROTO_ARRAY_H

#define ARRAY_CNT(a) (sizeof(a) / sizeof((a)[0]))

#endif

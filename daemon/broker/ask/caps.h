/* SPDX-License-Identifier: Apache-2.0 */
/* The least capabilities that the kernel asks for, by what is done. */
#ifndef BPFGATE_DAEMON_CAPS_H
#define BPFGATE_DAEMON_CAPS_H

#include <stdbool.h>
#include <stdint.h>

#define CAPS_NET_ADMIN	(1ull << 12)
#define CAPS_SYS_ADMIN	(1ull << 21)
#define CAPS_PERFMON	(1ull << 38)
#define CAPS_BPF	(1ull << 39)

/* To load a program of this type (enum bpf_prog_type), pointer-leak rules aside. */
uint64_t caps_for_prog(uint32_t prog_type);
/* To attach it, to detach it or to put it elsewhere. */
uint64_t caps_for_attach(uint32_t prog_type);
/* To create a map of this type. */
uint64_t caps_for_map(uint32_t map_type);
/* The same set as BGV_CAP_* of the verifier. */
uint32_t caps_to_bgv(uint64_t caps);
/*
 * Programs of this type act on others than their holder: on packets of a whole interface, on other
 * processes, on the kernel. Only the rest may be granted as a real fd without a rule saying so.
 */
bool caps_prog_affects_others(uint32_t prog_type);

#endif

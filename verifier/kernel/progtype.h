/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_PROGTYPE_H
#define VERIFIER_PROGTYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "verifier/kernel/behave.h"
#include "verifier/kernel/names.h"

enum progtype_flag {
	PROGTYPE_PKT_READ = 1 << 0,	/* packet data may be handed to helpers */
	PROGTYPE_PKT_WRITE = 1 << 1,
	PROGTYPE_PKT_OWN = 1 << 2,	/* the "packet" is a buffer of its own: no helper needs pkt_access */
	PROGTYPE_LD_ABS = 1 << 3,
};

/* What PROG_LOAD asks of a program type. */
struct progtype {
	const char *name;		/* NULL: no such type */
	uint32_t caps;			/* BGV_CAP_*; 0: none when unprivileged loading is on */
	uint32_t flags;			/* PROGTYPE_* */
	uint32_t profiles;		/* kernels that know it */
	uint64_t attach_types;		/* bits; 0: any */
};
#define PROGTYPE_NO_ATTACH (1ull << 63)	/* in attach_types: only the unset one */

/* NULL when that kernel has no such type. Static storage. */
const struct progtype *progtype_find(enum profile profile, uint32_t prog_type);

/*
 * The attach type after the kernel's fix-up of an unset one (bpf_prog_load_fixup_attach_type):
 * cgroup socket programs mean socket creation, reuseport ones mean select.
 */
uint32_t progtype_fix_attach(uint32_t prog_type, uint32_t attach_type);

/* bpf_prog_load_check_attach(), the part about expected_attach_type. */
bool progtype_takes_attach(enum profile profile, uint32_t prog_type, uint32_t attach_type);

/* license_is_gpl_compatible() of what the kernel keeps of it: the first 127 bytes. NULL is "". */
bool progtype_license_is_gpl(const char *license);

#endif

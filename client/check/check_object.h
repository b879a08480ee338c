/* SPDX-License-Identifier: Apache-2.0 */
/* ELF objects as inputs of bpfgate-check: relocated again for each kernel, with that kernel's facts
 * only. */
#ifndef BPFGATE_CLIENT_CHECK_OBJECT_H
#define BPFGATE_CLIENT_CHECK_OBJECT_H

#include <stddef.h>
#include <stdint.h>

#include "client/check/check_target.h"
#include "client/check/needs.h"
#include "object/bundle.h"
#include "verifier/state/diag.h"

#define CHECK_REASON_BYTES 256u

/* What becomes of a program before a verifier sees it. */
struct check_finding {
	enum diag_code code; /* CODE_OBJECT_EXTERN; CODE_NONE: nothing speaks against it */
	bool refused;	  /* this kernel does not load it; else it could not be judged */
	int err;	  /* then: the errno that the loader gets */
	char message[CHECK_REASON_BYTES];
};

struct check_object_program {
	const char *name; /* all of it, where the kernel and so prog->name keep 15 bytes */
	const char *section;
	const struct bgv_program *prog; /* NULL: libbpf would not get as far as loading it */
	const struct check_finding *finding;
	uint32_t idx; /* in the object */
};

typedef void (*check_program_fn)(void *arg, const struct check_object_program *program);

/*
 * Relocates an ELF object for a kernel and calls fn for each program. 0 or -errno: -EBADMSG when it
 * is no BPF object; then ret_reason, CHECK_REASON_BYTES, holds libbpf's words or "".
 */
int check_object_programs(const uint8_t *bytes, size_t bytes_cnt, const struct needs *needs,
			  const struct check_kernel *kernel, check_program_fn fn, void *arg,
			  char *ret_reason);

#endif

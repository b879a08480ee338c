/* SPDX-License-Identifier: Apache-2.0 */
/* ELF objects as inputs of bpfgate-check. */
#ifndef BPFGATE_CLIENT_CHECK_OBJECT_H
#define BPFGATE_CLIENT_CHECK_OBJECT_H

#include <stddef.h>
#include <stdint.h>

#include "object/bundle.h"

#define CHECK_REASON_BYTES 256u

/* name: all of it, where the kernel and so prog->name keep 15 bytes. answer may be NULL. */
typedef void (*check_program_fn)(void *arg, const char *name, const struct bgv_program *prog,
				 const struct bundle_answer *answer);

/* A program that libbpf would not load, and why. */
typedef void (*check_unloadable_fn)(void *arg, const char *name, const char *reason);

/*
 * Relocates an ELF object for the kernel whose BTF lies at btf_path (NULL: the running one) and
 * calls fn (answer NULL) or unloadable for each program. 0 or -errno: -EBADMSG when it is no BPF
 * object; then ret_reason, CHECK_REASON_BYTES, holds libbpf's words or "".
 */
int check_object_programs(const uint8_t *bytes, size_t bytes_cnt, const char *btf_path,
			  check_program_fn fn, check_unloadable_fn unloadable, void *arg, char *ret_reason);

#endif

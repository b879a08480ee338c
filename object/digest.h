/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical digest of a program (object/DIGEST.md): the same for the same program on the same
 * kernel, whatever fds, map ids and BTF ids it was loaded with. What signers and rules name.
 */
#ifndef BPFGATE_OBJECT_DIGEST_H
#define BPFGATE_OBJECT_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "object/btfname.h"
#include "verifier/bpfgate-verifier.h"

#define DIGEST_BYTES 32
#define DIGEST_HEX_BYTES (2 * DIGEST_BYTES + 1)

#define DIGEST_WITH_CONTENTS (1u << 0) /* the values of frozen maps count too */

/* A ld_imm64 whose constant is a symbol's address, which no two boots have in common. */
struct digest_symbol {
	uint32_t insn_idx;
	const char *name;
};

struct digest_options {
	const struct btfname *vmlinux; /* names of BTF ids; NULL: programs that use them are refused */
	uint32_t flags;		       /* DIGEST_* */
	const struct digest_symbol *symbols; /* ascending by instruction; they count by their names */
	uint32_t symbol_cnt;
};

/* Calls of a kfunc that this kernel lacks: what libbpf before 1.3 and since writes. Reached, the kernel refuses them. */
#define DIGEST_ABSENT_KFUNC_MIN 2002000000
#define DIGEST_ABSENT_KFUNC_MAX 2002999999

/*
 * The canonical encoding; *ret_bytes is heap memory of the caller's. -ENOENT when a BTF id has no
 * name, -EINVAL when an instruction names a map that is not there, -E2BIG, -ENOMEM. The program may
 * be hostile: only its arrays must have the lengths they claim (as bundle_decode() ensures).
 */
int digest_encode(const struct bgv_program *prog, const struct digest_options *opt,
		  uint8_t **ret_bytes, size_t *ret_bytes_cnt);

/* SHA-256 over the canonical encoding. Errors as above; -EIO when libcrypto fails. */
int digest_program(const struct bgv_program *prog, const struct digest_options *opt,
		   uint8_t ret_digest[DIGEST_BYTES]);

/* SHA-256 over bytes, for files. 0 or -EIO. */
int digest_bytes(const void *bytes, size_t bytes_cnt, uint8_t ret_digest[DIGEST_BYTES]);

/* Lower-case hex with NUL, without "sha256:". */
void digest_to_hex(const uint8_t digest[DIGEST_BYTES], char ret_hex[DIGEST_HEX_BYTES]);

#endif

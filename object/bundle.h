/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program bundle: everything a verdict depends on, as one run of bytes (object/BUNDLE.md).
 *
 * The broker encodes one per PROG_LOAD for its judge; `bpfgate capture` writes one per file, with
 * the kernel's answer, and `bpfgate check` reads it. Decoding trusts nothing: every count is
 * bounded before it is used, every byte is consumed, and the same program always gives the same
 * bytes. Depends on libc only.
 */
#ifndef BPFGATE_OBJECT_BUNDLE_H
#define BPFGATE_OBJECT_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verifier/bpfgate-verifier.h"

#define BUNDLE_VERSION 1

/* Above everything a kernel takes at once (1,000,000 instructions, a few 16 MiB BTFs). */
#define BUNDLE_BYTES_MAX (128u << 20)
/* The kernel's BPF_COMPLEXITY_LIMIT_INSNS: a longer program is E2BIG before it is read. */
#define BUNDLE_INSNS_MAX 1000000u
/* A program names at most 64 maps; each may have one inner template, and fd_array may bind more. */
#define BUNDLE_MAPS_MAX 256u
/* The kernel takes kfuncs from at most 256 module BTFs; then the program's own and its maps'. */
#define BUNDLE_BTFS_MAX 576u
/* Names, license, release: the kernel cuts a license at 128, paths end at 4096. */
#define BUNDLE_TEXT_MAX 4096u
#define BUNDLE_LOG_MAX	(32u << 20)

/* What the recorder knows beside the program: where it comes from and what a kernel said to it. */
struct bundle_answer {
	const char *source;  /* "verifier_and.bpf.o:invalid_and_of_negative_number"; NULL: unknown */
	bool known;	     /* a kernel was asked: what follows holds */
	uint32_t err;	     /* positive errno, 0: it loaded */
	uint32_t nr_cpus;    /* possible CPUs of that kernel */
	const char *release; /* uname -r; NULL: unknown */
	uint64_t insn_processed, total_states, peak_states, max_states_per_insn;
	uint64_t verification_time_ns;
	const char *log; /* not NUL-terminated; NULL: none */
	size_t log_bytes;
};

struct bundle {
	struct bgv_program prog; /* points into this bundle; prog.attach_prog too */
	struct bundle_answer answer;
	struct bundle_body *body; /* private: what the pointers above point into */
};

/*
 * Writes prog (and what is known about it; answer may be NULL) as a bundle. *ret_bytes is heap
 * memory of the caller's. -EINVAL when prog contradicts itself (an index without its array, a
 * record count that does not match its blob, an attach_prog with an attach_prog of its own),
 * -E2BIG above the limits of this header, -ENOMEM.
 */
int bundle_encode(const struct bgv_program *prog, const struct bundle_answer *answer,
		  uint8_t **ret_bytes, size_t *ret_bytes_cnt);

/*
 * Reads a bundle, copying what it keeps; bytes may be hostile and may change meanwhile. The
 * caller owns *ret_bundle (bundle_free). -EBADMSG when the bytes are not a well-formed bundle,
 * -EPROTONOSUPPORT for another version, -E2BIG above the limits, -ENOMEM. What is decoded is
 * well-formed, not sane: map and BTF indices in *instructions* may be anything.
 */
int bundle_decode(const void *bytes, size_t bytes_cnt, struct bundle **ret_bundle);
void bundle_free(struct bundle *bundle);

static inline void bundle_own_free(struct bundle **bundle)
{
	bundle_free(*bundle);
}
#define OWN_BUNDLE __attribute__((cleanup(bundle_own_free)))

/*
 * What the kernel objected to: the last line of its log that is not a counter; where the log goes on with
 * an explanation ("Verification failed: ...", from 7.3 on), the last one before that. Points into the
 * log, *ret_bytes long; 0 bytes when there is none.
 */
const char *bundle_answer_reason(const struct bundle_answer *answer, size_t *ret_bytes);

/* Do these bytes begin like a bundle? Tells bundles from ELF objects; promises nothing else. */
bool bundle_is_bundle(const void *bytes, size_t bytes_cnt);

#endif

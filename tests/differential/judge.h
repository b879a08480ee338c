/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFGATE_TESTS_DIFFERENTIAL_JUDGE_H
#define BPFGATE_TESTS_DIFFERENTIAL_JUDGE_H

#include "tests/differential/program.h"

/* How our verdict and the kernel's relate. */
enum difference {
	DIFF_AGREED,
	DIFF_LAXER,		/* we accept what the kernel rejects */
	DIFF_STRICTER,
	DIFF_ERRNO,
	DIFF_COUNT,		/* both accept, after another number of instructions */
	DIFF_PURPOSE,		/* stricter as verifier/SOUNDNESS.md says */
	DIFF_UNSUPPORTED,
	DIFF_LONG,		/* over JUDGE_INSNS_MAX here, or over the time limit there */
	DIFF_UNASKED,		/* the guest could not make its maps or BTF */
	DIFF_CNT,
};

extern const char *const difference_names[DIFF_CNT];

/* Programs that process more keep a guest busy for seconds or minutes: they are counted apart. */
#define JUDGE_INSNS_MAX 200000

struct answer {
	uint64_t id;
	int err;		/* positive errno; 0: loaded; -1: not asked */
	unsigned long processed;
	char reason[256];	/* the kernel's last words; "-" when not asked for */
};

/* A guest's line. false when it is something else. */
bool answer_parse(const char *line, struct answer *ret_answer);

/* Our verdict; the caller calls bgv_result_done(). Ends the process without memory. */
void judge(const struct bgv_target *target, const struct program *p, const struct bgv_program *base,
	   struct bgv_result *ret_result);

/* version: of the kernel. */
enum difference judge_compare(const char *version, const struct answer *kernel, const struct bgv_result *ours);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfgate-check: the parts of `bpfgate check`. Inputs become jobs, workers judge them in processes
 * of their own, results come back as fixed records and are printed in the order of the inputs.
 */
#ifndef BPFGATE_CLIENT_CHECK_H
#define BPFGATE_CLIENT_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <jansson.h>

#include "object/bundle.h"
#include "object/digest.h"
#include "verifier/bpfgate-verifier.h"

#define CHECK_KERNELS_MAX 64
#define CHECK_WORKERS_MAX 64

enum check_format {
	CHECK_TEXT,
	CHECK_JSON,
	CHECK_JSONL,
	CHECK_SARIF,
	CHECK_JUNIT,
	CHECK_GITHUB,
	CHECK_HTML,
	CHECK_FORMAT_CNT,
};

struct check_options {
	const char *prog;			/* only programs of this name; NULL: all */
	const char *kernels[CHECK_KERNELS_MAX]; /* releases; none: the bundle's, else the running one */
	size_t kernel_cnt;
	const char *btf_path;	  /* vmlinux BTF of every kernel asked for; NULL: look for it */
	const char *kernels_dir;  /* a library of kernels; NULL: the caller's own and the installed one */
	enum check_format format;
	const char *files[CHECK_FORMAT_CNT]; /* where a form goes besides; NULL: nowhere */
	enum bgv_mode mode;	  /* for objects: bundles carry their own */
	bool mode_given;
	struct bgv_limits limits;
	unsigned int workers;
	const char *fail_on; /* a rule (check_rule.h); NULL: none */
	bool verbose, quiet, pretty;
	const char *colour; /* "always", "never" or "auto"; NULL: not said (out_colour) */
};

/* Input files, in order; owned strings. */
struct check_inputs {
	char **paths;
	int *errs; /* -errno where a path could not be looked at, else 0 */
	size_t cnt, room;
};

/*
 * Adds path ("-": standard input), or every *.bpfb and *.o below it (sorted) when it is a directory. One that cannot be
 * opened is an input too, whose error is told with the others' verdicts. 0 or -ENOMEM.
 */
int check_inputs_add(struct check_inputs *inputs, const char *path);
void check_inputs_done(struct check_inputs *inputs);

/* Whole file, at most BUNDLE_BYTES_MAX (-E2BIG). *ret_bytes is heap memory of the caller's. */
int check_read_file(const char *path, uint8_t **ret_bytes, size_t *ret_bytes_cnt);

/* What became of one program on one kernel. Written to a file in memory as it is, but for the model. */
struct check_result {
	uint32_t input_idx, sub_idx, kernel_idx; /* which file, which program in it, which kernel of those asked for */
	int32_t input_err;	     /* -errno: the file gave no program; the rest is empty */
	bool crashed;		     /* the worker died over it: our bug */
	enum bgv_verdict verdict;
	uint32_t err, insn_idx;
	struct bgv_stats stats;
	uint32_t prog_type, insn_cnt;
	bool known; /* reference_* hold a kernel's answer */
	uint32_t reference_err;
	uint64_t reference_insns, reference_states, reference_peak_states, reference_time_ns;
	char digest[DIGEST_HEX_BYTES]; /* "": it has none */
	uint32_t line, column;
	char file[128], line_text[128]; /* where insn_idx comes from; "": not known */
	char rules[16], confidence[32]; /* how the kernel's answer is known; "" */
	char prog[128], source[256], kernel[96], code[32], message[256], reference_message[256];
	char class_name[24], cause[256], way_out[256]; /* of a rejection; "" else */
	size_t model_bytes; /* of JSON text after the record, while it is on its way */
	json_t *model;	    /* check_model.h; NULL: it was accepted, or gave no verdict. Owned. */
};

/*
 * Judges all inputs in opts->workers processes; a worker that dies costs only its program. Results
 * (heap, the caller's) are sorted by input and position. 0 or -errno when no worker could run.
 */
struct check_targets;
int check_run(const struct check_options *opts, const struct check_inputs *inputs, struct check_targets *targets,
	      struct check_result **ret_results, size_t *ret_result_cnt);

/* The array and the models in it; NULL with 0 is fine. */
void check_results_free(struct check_result *results, size_t result_cnt);

/* Writes all results in one form; 0, -EIO when the output failed, -ENOMEM. */
struct check_report; /* check_form.h */
int check_print(FILE *out, enum check_format format, const struct check_report *report);

/* We accept what the kernel's verifier refused: our bug, or a difference that SOUNDNESS.md lists. */
bool check_kernel_disagrees(const struct check_result *result);
/* One word for the table: the verdict, or why there is none. */
const char *check_verdict_word(const struct check_result *result);
/* Why a file gave no program, in words that fit a file. */
const char *check_input_reason(const struct check_result *result);

/* The exit code (client/shared/cmd.h) that these results mean together; fail_on: a rule, or NULL. */
int check_exit_code(const struct check_result *results, size_t result_cnt, const char *fail_on);
/* Which of two exit codes tells more. */
int check_worse_code(int a, int b);

#endif

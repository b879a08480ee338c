/* SPDX-License-Identifier: Apache-2.0 */
/* What a result is in a word, a reason or an exit code. Promises the same in every form that prints it. */
#include "client/check/check.h"

#include <errno.h>
#include <string.h>

#include "client/check/check_rule.h"
#include "client/shared/cmd.h"
#include "proto/own.h"

/* A refusal without a word came before the verifier (a capability, lockdown) and says nothing. */
bool check_kernel_disagrees(const struct check_result *result)
{
	return !result->crashed && !result->input_err && result->verdict == BGV_ACCEPT &&
	       result->known && result->reference_err && *result->reference_message;
}

const char *check_verdict_word(const struct check_result *result)
{
	if (result->crashed)
		return "crashed";
	return result->input_err ? "unreadable" : bgv_verdict_name(result->verdict);
}

const char *check_input_reason(const struct check_result *result)
{
	if (result->crashed || *result->message)
		return result->message;
	if (result->input_err == -EBADMSG)
		return "neither a BPF object nor a program bundle, or damaged";
	if (result->input_err == -E2BIG)
		return "too large, or too many programs";
	return strerror(-result->input_err);
}

/* Which of two codes tells more; the order of bpfgate(1). */
static int exit_code_rank(int code)
{
	static const int order[] = { EXIT_OK,	    EXIT_THRESHOLD, EXIT_UNDECIDED,
				     EXIT_REJECTED, EXIT_POLICY,    EXIT_DAEMON,
				     EXIT_INPUT,    EXIT_KERNEL,    EXIT_INTERNAL };
	size_t rank = 0;

	while (rank < ARRAY_CNT(order) && order[rank] != code)
		rank++;
	return (int)rank;
}

static int result_exit_code(const struct check_result *result)
{
	if (result->crashed)
		return EXIT_INTERNAL;
	if (result->input_err)
		return EXIT_INPUT;
	if (check_kernel_disagrees(result))
		return EXIT_KERNEL;
	if (result->verdict == BGV_ACCEPT)
		return EXIT_OK;
	return result->verdict == BGV_REJECT ? EXIT_REJECTED : EXIT_UNDECIDED;
}

int check_worse_code(int a, int b)
{
	return exit_code_rank(b) > exit_code_rank(a) ? b : a;
}

int check_exit_code(const struct check_result *results, size_t result_cnt, const char *fail_on)
{
	int worst = EXIT_OK;

	for (size_t i = 0; i < result_cnt; i++) {
		worst = check_worse_code(worst, result_exit_code(&results[i]));
		if (!results[i].input_err && check_rule_hits(fail_on, &results[i]))
			worst = check_worse_code(worst, EXIT_THRESHOLD);
	}
	return worst;
}

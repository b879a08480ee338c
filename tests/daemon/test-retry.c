/* SPDX-License-Identifier: Apache-2.0 */
/* Which load is known again as one that was refused already, and what becomes of it in the memory
 * of decisions. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/broker/store/decision_log.h"
#include "proto/own.h"

enum { ACCOUNT = 1000, UID = 1001, PID = 77, NOW_S = 6000, LOG_BYTES = 65536 };

static const struct decision_request asked = { .digest = { 1, 2, 3 }, .known = true };
static const struct decision_request with_log = {
	.digest = { 1, 2, 3 }, .known = true, .log_level = 1, .log_bytes = LOG_BYTES
};

static struct decision refusal(uint64_t id, const struct decision_request *request)
{
	return (struct decision){ .id = id,
				  .time_s = NOW_S,
				  .account = ACCOUNT,
				  .uid = UID,
				  .pid = PID,
				  .verdict = DECISION_REFUSED,
				  .stage = DECISION_BY_VERIFIER,
				  .err = 13,
				  .code = "CODE",
				  .summary = "rejected",
				  .request = *request };
}

static struct decision_log *refuse_once(void)
{
	struct decision first = refusal(7, &asked);
	struct decision_log *decisions;

	ck_assert_int_eq(decision_log_new(&decisions), 0);
	decision_log_add(decisions, &first, true);
	return decisions;
}

static uint64_t find(const struct decision_log *decisions, const struct decision_request *request)
{
	return decision_log_find_retried(decisions, ACCOUNT, UID, PID, request, NOW_S);
}

START_TEST(a_load_is_known_again_by_its_bytes_and_its_process_for_a_while)
{
	struct decision_log *decisions = refuse_once();
	struct decision_request other = with_log;

	ck_assert_uint_eq(find(decisions, &with_log), 7);
	other.digest[31] ^= 1;
	ck_assert_uint_eq(find(decisions, &other), 0);
	ck_assert_uint_eq(decision_log_find_retried(decisions, 1, UID, PID, &with_log, NOW_S), 0);
	ck_assert_uint_eq(decision_log_find_retried(decisions, ACCOUNT, 1, PID, &with_log, NOW_S),
			  0);
	ck_assert_uint_eq(decision_log_find_retried(decisions, ACCOUNT, UID, 1, &with_log, NOW_S),
			  0);
	ck_assert_uint_eq(
		decision_log_find_retried(decisions, ACCOUNT, UID, PID, &with_log, NOW_S + 10), 7);
	ck_assert_uint_eq(
		decision_log_find_retried(decisions, ACCOUNT, UID, PID, &with_log, NOW_S + 11), 0);
	decision_log_free(decisions);
}
END_TEST

START_TEST(who_asks_for_no_more_of_the_log_is_refused_anew)
{
	struct decision_log *decisions = refuse_once();
	struct decision_request more = with_log;
	struct decision again = refusal(7, &with_log);

	ck_assert_uint_eq(find(decisions, &asked), 0);
	again.is_retry = true;
	decision_log_add(decisions, &again, true);
	ck_assert_uint_eq(find(decisions, &with_log), 0);
	more.log_bytes++;
	ck_assert_uint_eq(find(decisions, &more), 7);
	decision_log_free(decisions);
}
END_TEST

START_TEST(an_unknown_request_and_an_allowed_one_are_no_refusals)
{
	struct decision_request unknown = asked;
	struct decision allowed = refusal(8, &asked), undigested = refusal(9, &asked);
	struct decision_log *decisions;

	allowed.verdict = DECISION_ALLOWED;
	unknown.known = false;
	undigested.request = unknown;
	ck_assert_int_eq(decision_log_new(&decisions), 0);
	decision_log_add(decisions, &allowed, true);
	decision_log_add(decisions, &undigested, true);
	ck_assert_uint_eq(find(decisions, &with_log), 0);
	decision_log_free(decisions);
}
END_TEST

START_TEST(a_retry_is_no_further_decision_and_tells_more)
{
	struct decision_log *decisions = refuse_once();
	struct decision again = refusal(7, &with_log);

	again.is_retry = true;
	again.err = 28; /* its log did not fit */
	again.text = strdup("the whole log");
	decision_log_add(decisions, &again, true);
	free(again.text);
	ck_assert_uint_eq(decision_log_cnt(decisions, DECISION_REFUSED), 1);
	ck_assert_ptr_null(decision_log_next(decisions, decision_log_next(decisions, NULL)));
	ck_assert_str_eq(decision_log_find(decisions, 7)->text, "the whole log");
	ck_assert_int_eq(decision_log_find(decisions, 7)->err, 13);
	ck_assert_uint_eq(decision_log_find(decisions, 7)->repeated, 0);
	decision_log_free(decisions);
}
END_TEST

static void record_other_outcome(const struct decision *like)
{
	struct decision_log *decisions = refuse_once();
	struct decision other = *like;

	other.is_retry = true;
	decision_log_add(decisions, &other, true);
	ck_assert_uint_eq(decision_log_cnt(decisions, DECISION_REFUSED) +
				  decision_log_cnt(decisions, DECISION_UNDECIDED),
			  2);
	decision_log_free(decisions);
}

/* Else something else could hide behind it. */
START_TEST(a_retry_with_another_outcome_is_another_decision)
{
	struct decision others[5];

	for (size_t i = 0; i < ARRAY_CNT(others); i++)
		others[i] = refusal(7, &with_log);
	others[0].verdict = DECISION_UNDECIDED;
	others[1].stage = DECISION_BY_POLICY;
	/* So that it is not only counted with the one before. */
	others[1].err = 1;
	strcpy(others[2].code, "OTHER");
	others[2].err = 1;
	strcpy(others[3].summary, "something else");
	strcpy(others[4].rule, "another");
	for (size_t i = 0; i < ARRAY_CNT(others); i++)
		record_other_outcome(&others[i]);
}
END_TEST

START_TEST(no_refusal_is_retried_without_end)
{
	struct decision_log *decisions = refuse_once();
	struct decision_request request = with_log;
	unsigned int cnt = 0;

	for (; cnt < 100 && find(decisions, &request); cnt++) {
		struct decision again = refusal(7, &request);

		again.is_retry = true;
		decision_log_add(decisions, &again, true);
		request.log_bytes++;
	}
	ck_assert_uint_eq(cnt, 16);
	ck_assert_uint_eq(decision_log_cnt(decisions, DECISION_REFUSED), 1);
	decision_log_free(decisions);
}
END_TEST

/* What the journal has is the first number, what the client was told last the last. */
START_TEST(what_was_only_counted_is_found_by_its_first_number_too)
{
	struct decision_log *decisions = refuse_once();
	struct decision_request other = asked;
	struct decision again;

	/* Of another program, say: the summary is all that counts. */
	other.digest[0] ^= 1;
	again = refusal(8, &other);
	decision_log_add(decisions, &again, true);
	ck_assert_ptr_eq(decision_log_find(decisions, 7), decision_log_find(decisions, 8));
	ck_assert_uint_eq(decision_log_find(decisions, 7)->repeated, 1);
	ck_assert_ptr_null(decision_log_find(decisions, 9));
	other.log_level = 1;
	ck_assert_uint_eq(find(decisions, &other), 8);
	ck_assert_uint_eq(find(decisions, &with_log), 0);
	decision_log_free(decisions);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("daemon/retry");
	TCase *tc = tcase_create("retry");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, a_load_is_known_again_by_its_bytes_and_its_process_for_a_while);
	tcase_add_test(tc, who_asks_for_no_more_of_the_log_is_refused_anew);
	tcase_add_test(tc, an_unknown_request_and_an_allowed_one_are_no_refusals);
	tcase_add_test(tc, a_retry_is_no_further_decision_and_tells_more);
	tcase_add_test(tc, a_retry_with_another_outcome_is_another_decision);
	tcase_add_test(tc, no_refusal_is_retried_without_end);
	tcase_add_test(tc, what_was_only_counted_is_found_by_its_first_number_too);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes of maps: each rule by a map that breaks it, beside one that differs in nothing else. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"
#include "verifier/bpfgate-verifier.h"
#include "verifier/kernel/measured.h"
#include "verifier/kernel/names.h"

static int check_on(const char *version, const struct bgv_map *map, const struct bgv_map *inner, char *message)
{
	const struct bgv_target_spec spec = { .version = version };
	struct bgv_target *target = NULL;
	int r;

	ck_assert_int_eq(bgv_target_new(&spec, &target), 0);
	r = bgv_map_check(target, map, inner, message);
	bgv_target_free(target);
	return r;
}

static const struct {
	struct bgv_map bad, good;
	int err;
	const char *message; /* a part of it */
} rules[] = {
	{ { .type = MT_LPM_TRIE, .key_size = 8, .value_size = 8, .max_entries = 1 },
	  { .type = MT_LPM_TRIE, .key_size = 8, .value_size = 8, .max_entries = 1, .map_flags = 1 }, EINVAL, "NO_PREALLOC" },
	{ { .type = MT_LPM_TRIE, .key_size = 4, .value_size = 8, .max_entries = 1, .map_flags = 1 },
	  { .type = MT_LPM_TRIE, .key_size = 5, .value_size = 8, .max_entries = 1, .map_flags = 1 }, EINVAL, "at least 5" },
	{ { .type = MT_ARRAY, .key_size = 8, .value_size = 8, .max_entries = 1 },
	  { .type = MT_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1 }, EINVAL, "must be 4, not 8" },
	{ { .type = MT_HASH, .key_size = 4, .value_size = 8 },
	  { .type = MT_HASH, .key_size = 4, .value_size = 8, .max_entries = 1 }, EINVAL, "at least one entry" },
	{ { .type = MT_HASH, .key_size = 4, .max_entries = 1 },
	  { .type = MT_HASH, .key_size = 4, .value_size = 1, .max_entries = 1 }, EINVAL, "value size" },
	{ { .type = MT_HASH, .key_size = 4, .value_size = 8, .max_entries = 1, .map_flags = 1u << 10 },
	  { .type = MT_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1, .map_flags = 1u << 10 }, EINVAL, "MMAPABLE" },
	{ { .type = MT_HASH, .key_size = 4, .value_size = 8, .max_entries = 1, .map_flags = 3u << 7 },
	  { .type = MT_HASH, .key_size = 4, .value_size = 8, .max_entries = 1, .map_flags = 1u << 7 }, EINVAL, "write-only" },
	{ { .type = MT_HASH, .key_size = 4, .value_size = 8, .max_entries = 1, .map_extra = 1 },
	  { .type = MT_BLOOM_FILTER, .value_size = 8, .max_entries = 1, .map_extra = 1 }, EINVAL, "map_extra" },
	{ { .type = MT_RINGBUF, .value_size = 8, .max_entries = 4096 },
	  { .type = MT_RINGBUF, .max_entries = 4096 }, EINVAL, "value size must be 0" },
	{ { .type = MT_RINGBUF, .max_entries = 12288 }, { .type = MT_RINGBUF, .max_entries = 8192 }, EINVAL, "power of two" },
	{ { .type = MT_PERCPU_ARRAY, .key_size = 4, .value_size = 32776, .max_entries = 1 },
	  { .type = MT_PERCPU_ARRAY, .key_size = 4, .value_size = 32768, .max_entries = 1 }, E2BIG, "at most 32768" },
	{ { .type = MT_STACK_TRACE, .key_size = 4, .value_size = 12, .max_entries = 1 },
	  { .type = MT_STACK_TRACE, .key_size = 4, .value_size = 16, .max_entries = 1 }, EINVAL, "multiple of 8" },
	{ { .type = MT_STACK_TRACE, .key_size = 4, .value_size = 1024, .max_entries = 1 },
	  { .type = MT_STACK_TRACE, .key_size = 4, .value_size = 1016, .max_entries = 1 }, EINVAL, "max_stack" },
	{ { .type = MT_SOCKMAP, .key_size = 4, .value_size = 6, .max_entries = 1 },
	  { .type = MT_SOCKMAP, .key_size = 4, .value_size = 8, .max_entries = 1 }, EINVAL, "4 or 8" },
	{ { .type = MT_TASK_STORAGE, .key_size = 4, .value_size = 8, .map_flags = 1 },
	  { .type = MT_TASK_STORAGE, .key_size = 4, .value_size = 8, .map_flags = 1, .btf_key_type_id = 1, .btf_value_type_id = 1 },
	  EINVAL, "BTF" },
	{ { .type = MT_CGROUP_STORAGE, .key_size = 8, .value_size = 8, .max_entries = 1 },
	  { .type = MT_CGROUP_STORAGE, .key_size = 8, .value_size = 8 }, EINVAL, "must be 0" },
	{ { .type = 200 }, { .type = MT_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1 }, EINVAL, "200" },
};

START_TEST(a_map_that_no_kernel_creates_is_refused_with_the_reason)
{
	char message[256];

	ck_assert_int_eq(check_on("6.18.44", &rules[_i].bad, NULL, message), -rules[_i].err);
	ck_assert_msg(strstr(message, rules[_i].message), "%s", message);
	ck_assert_int_eq(check_on("6.18.44", &rules[_i].good, NULL, message), 0);
	ck_assert_str_eq(message, "");
}
END_TEST

START_TEST(a_map_of_maps_needs_a_template)
{
	const struct bgv_map map = { .type = MT_ARRAY_OF_MAPS, .key_size = 4, .value_size = 4, .max_entries = 1 };
	const struct bgv_map array = { .type = MT_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };

	ck_assert_int_eq(check_on("6.1.192", &map, NULL, NULL), -EBADF);
	ck_assert_int_eq(check_on("6.1.192", &map, &map, NULL), -EINVAL);
	ck_assert_int_eq(check_on("6.1.192", &map, &array, NULL), 0);
}
END_TEST

START_TEST(types_and_flags_are_those_of_the_kernel)
{
	const struct bgv_map arena = { .type = MT_ARENA, .max_entries = 1, .map_flags = 1u << 10 };
	const struct bgv_map ring = { .type = MT_RINGBUF, .max_entries = 4096, .map_flags = 1u << 19 };

	ck_assert_int_eq(check_on("6.1.192", &arena, NULL, NULL), -EINVAL);
	ck_assert_int_eq(check_on("6.12.117", &arena, NULL, NULL), 0);
	ck_assert_int_eq(check_on("6.18.44", &ring, NULL, NULL), -EINVAL);
	ck_assert_int_eq(check_on("7.2.13", &ring, NULL, NULL), 0);
}
END_TEST

/* A type without a row would take no map at all. */
START_TEST(every_type_has_a_shape)
{
	struct bgv_map map = { 0 };
	const uint32_t sizes[] = { 0, 4, 8, 16 };
	char message[256] = "";
	bool any = false;

	map.type = (uint32_t)_i;
	for (size_t k = 0; k < 4; k++)
		for (size_t v = 0; v < 4; v++)
			for (uint32_t e = 0; e <= 4096; e += 4096)
				for (uint32_t flags = 0; flags <= 1u << 10; flags = flags ? flags * 1024 : 1) {
					map.key_size = sizes[k], map.value_size = sizes[v], map.max_entries = e;
					map.map_flags = flags;
					map.btf_key_type_id = map.btf_value_type_id = 1;
					any |= !check_on("7.2.13", &map, &(struct bgv_map){ .type = MT_ARRAY }, message);
				}
	ck_assert_msg(any, "%s: %s", names_map_type((uint32_t)_i), message);
}
END_TEST

/* measured.def is read by who links no verifier, so it cannot ask the profiles: this does. */
START_TEST(what_is_said_of_a_version_is_what_judges_it)
{
	static const char *const versions[] = { "6.1", "6.1.192", "6.6.3", "6.12.117", "6.17.1", "6.18", "6.18.15", "6.18.43", "6.18.44", "6.18.100", "6.19.2", "7.0.1",
						"7.1.13", "7.2.12", "7.3.4", "7.9" };

	for (size_t i = 0; i < ARRAY_CNT(versions); i++) {
		const struct bgv_target_spec spec = { .version = versions[i] };
		struct bgv_target *target = NULL;

		ck_assert_int_eq(bgv_target_new(&spec, &target), 0);
		ck_assert_str_eq(measured_of(versions[i])->rules, bgv_target_profile(target));
		bgv_target_free(target);
	}
	ck_assert_str_eq(measured_of("6.18.43")->rules, "6.18");
	ck_assert_str_eq(measured_of("6.18.44+deb13-amd64")->rules, "6.18.44");
	ck_assert_str_eq(measured_later_patch("6.18.30")->rules, "6.18.44");
	ck_assert_ptr_null(measured_later_patch("6.18.44"));
	ck_assert_ptr_null(measured_later_patch("6.17.3"));
	ck_assert_ptr_null(measured_later_patch("5.15"));
	ck_assert_uint_eq(measured_series_len("6.18.44"), 4);
	ck_assert_uint_eq(measured_series_len("6.1"), 3);
	ck_assert_int_eq(measured_confidence("6.18.15"), MEASURED_BUILD);
	ck_assert_int_eq(measured_confidence("6.18.44"), MEASURED_BUILD);
	ck_assert_int_eq(measured_confidence("6.18.30"), MEASURED_SERIES);
	ck_assert_int_eq(measured_confidence("6.18.45"), MEASURED_SERIES);
	ck_assert_int_eq(measured_confidence("6.12.117"), MEASURED_BUILD);
	ck_assert_int_eq(measured_confidence("6.12.11"), MEASURED_SERIES);
	ck_assert_int_eq(measured_confidence("6.6.1"), MEASURED_MODELLED);
	ck_assert_int_eq(measured_confidence("5.15.3"), MEASURED_NOT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mapcheck");
	TCase *tcase = tcase_create("shapes");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, a_map_that_no_kernel_creates_is_refused_with_the_reason, 0,
			    (int)(ARRAY_CNT(rules)));
	tcase_add_test(tcase, a_map_of_maps_needs_a_template);
	tcase_add_test(tcase, types_and_flags_are_those_of_the_kernel);
	tcase_add_test(tcase, what_is_said_of_a_version_is_what_judges_it);
	tcase_add_loop_test(tcase, every_type_has_a_shape, 1, MT_CNT);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log LEVEL FILE...: the log of each text case that is put before the running kernel, as `load --log LEVEL` prints the
 * kernel's. Accepted programs are traced, too.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/casefile.h"
#include "tests/lib/casenames.h"
#include "verifier/request.h"

#define LOG_BYTES (1u << 20)

struct logs {
	struct casenames names;
	uint32_t level;
	struct bgv_target *target; /* of the case before, which most that follow have, too */
	uint32_t cpus, flags;
};

static struct bgv_target *target_of(struct logs *logs, const struct tcase *c)
{
	struct bgv_target_spec spec = { .version = "6.18.44", .nr_cpus = c->cpus ? c->cpus : 2,
					.flags = c->target_flags, .vmlinux_btf = logs->names.vmlinux_data,
					.vmlinux_btf_bytes = logs->names.vmlinux_bytes };

	if (logs->target && logs->cpus == spec.nr_cpus && logs->flags == spec.flags)
		return logs->target;
	bgv_target_free(logs->target);
	logs->target = NULL;
	logs->cpus = spec.nr_cpus;
	logs->flags = spec.flags;
	return bgv_target_new(&spec, &logs->target) < 0 ? NULL : logs->target;
}

static void print_case(const struct tcase *c, const struct bgv_result *res)
{
	printf("=== %s\n%s", c->name, res->log ? res->log : "");
}

static int log_case(void *arg, struct tcase *c)
{
	struct logs *logs = arg;
	const struct bgv_options opt = { .log_level = logs->level, .log_bytes = LOG_BYTES };
	struct bgv_target *target;
	struct bgv_result res;
	bool once;

	if (!c->on_kernel)
		return 0;
	casenames_resolve(&logs->names, c);
	target = target_of(logs, c);
	if (!target)
		return -ENOMEM;
	const struct request q = { .target = target, .prog = &c->prog, .opt = &opt, .beh = &target->behave, .trace = true };

	if (request_verify(&q, &res, &once) == 0) {
		print_case(c, &res);
		bgv_result_done(&res);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct logs logs = { .level = argc > 1 ? (uint32_t)atoi(argv[1]) : 1 };
	struct asm_names names;

	casenames_init(&logs.names);
	names = casenames_asm(&logs.names);
	for (int i = 2; i < argc; i++) {
		FILE *f = fopen(argv[i], "re");

		if (!f || casefile_read(f, argv[i], &names, log_case, &logs) < 0)
			return 1;
		fclose(f);
	}
	bgv_target_free(logs.target);
	casenames_done(&logs.names);
	return 0;
}

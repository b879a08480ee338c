/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files become a policy here. The old set stays in force until a new one is complete and without
 * errors. Paths in rules are opened by us, never by a name that a client gave.
 */
#include "daemon/broker/store/rules.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "proto/own.h"

static void rules_print_report(const struct policy_report *report, FILE *out, char *ret_trouble)
{
	enum policy_severity severity;
	const char *line;

	/* Notes are for `bpfgate policy check`. */
	for (size_t i = 0; report && (line = policy_report_line(report, i)); i++) {
		if (!policy_report_get(report, i, &severity, NULL, NULL) || severity == POLICY_NOTE)
			continue;
		fprintf(out, "%s\n", line);
		if (severity == POLICY_ERROR && !*ret_trouble)
			snprintf(ret_trouble, RULES_TROUBLE_MAX, "%s", line);
	}
}

static int rules_open_sources(const struct rules_dirs *dirs, struct policy_source *sources,
			      size_t *ret_cnt, const char **ret_wrong)
{
	size_t cnt = 0;

	for (size_t i = 0; i < dirs->cnt; i++) {
		int fd = open(dirs->path[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0 && errno != ENOENT) {
			int r = -errno;

			while (cnt > 0)
				close(sources[--cnt].dir_fd);
			*ret_wrong = dirs->path[i];
			return r;
		}
		if (fd >= 0)
			sources[cnt++] = (struct policy_source){ dirs->path[i], fd };
	}
	*ret_cnt = cnt;
	return 0;
}

static int rules_make(const struct policy_source *sources, size_t cnt, uint64_t generation,
		      struct policy_report **ret_report, struct rules **ret_rules)
{
	struct policy *policy = NULL;
	struct policy_env env;
	struct rules *rules;
	int r;

	policy_env_init(&env);
	r = policy_load(sources, cnt, &env, &policy, ret_report);
	if (r < 0)
		return r;
	rules = calloc(1, sizeof(*rules));
	if (!rules) {
		policy_free(policy);
		return -ENOMEM;
	}
	*rules = (struct rules){ .ref_cnt = 1, .policy = policy, .loaded_s = env.now_s,
				 .generation = generation };
	*ret_rules = rules;
	return 0;
}

int rules_load(const struct rules_dirs *dirs, uint64_t generation, FILE *out,
	       char ret_trouble[RULES_TROUBLE_MAX], struct rules **ret_rules)
{
	struct policy_source sources[RULES_DIRS_MAX];
	struct policy_report *report = NULL;
	const char *wrong = "policy";
	size_t cnt = 0;
	int r;

	ret_trouble[0] = '\0';
	r = rules_open_sources(dirs, sources, &cnt, &wrong);
	if (r == 0) {
		r = rules_make(sources, cnt, generation, &report, ret_rules);
		for (size_t i = 0; i < cnt; i++)
			close(sources[i].dir_fd);
	}
	rules_print_report(report, out, ret_trouble);
	policy_report_free(report);
	if (r < 0 && !*ret_trouble) {
		snprintf(ret_trouble, RULES_TROUBLE_MAX, "%s: %s", wrong, strerror(-r));
		fprintf(out, "%s\n", ret_trouble);
	}
	return r;
}

int rules_none(uint64_t generation, struct rules **ret_rules)
{
	return rules_make(NULL, 0, generation, NULL, ret_rules);
}

struct rules *rules_ref(struct rules *rules)
{
	rules->ref_cnt++;
	return rules;
}

void rules_unref(struct rules *rules)
{
	if (!rules || --rules->ref_cnt > 0)
		return;
	policy_free(rules->policy);
	free(rules);
}

static bool rules_identify_path(const char *path, struct policy_object_id *ret_id)
{
	OWN_FD int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	*ret_id = (struct policy_object_id){ st.st_dev, st.st_ino };
	return true;
}

int rules_resolve_paths(const struct rules *rules, struct policy_path_id **ret_paths,
			size_t *ret_cnt)
{
	struct policy_path_id *paths;
	const char *path;
	size_t all = 0, cnt = 0;

	while (policy_path(rules->policy, all))
		all++;
	paths = calloc(all + 1, sizeof(*paths));
	if (!paths)
		return -ENOMEM;
	for (size_t i = 0; (path = policy_path(rules->policy, i)); i++) {
		if (!rules_identify_path(path, &paths[cnt].id))
			continue;
		paths[cnt++].path = path;
	}
	*ret_paths = paths;
	*ret_cnt = cnt;
	return 0;
}

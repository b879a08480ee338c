/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From paths on a command line to a policy. A single file is a policy of one drop-in. It reads as the
 * user who asks, and trusts paths that were named; the machine's own directories must be root's, and root
 * reads them as the broker will: as a user without privileges.
 */
#include "client/shared/policy_source.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/shared/out.h"
#include "client/shared/signature.h"
#include "proto/own.h"

#define SOURCES_MAX 16
#define GROUPS_MAX  256
#define OVERFLOW_ID 65534 /* nobody: where there is no bpfgate-broker yet */
#define FILE_MAX    (4u << 20) /* above the reader's own limit, so that it is the one to complain */

static const char *const own_dirs[] = { BPFGATE_PKGPREFIXLIB "/policy.d", BPFGATE_RUNDIR "/policy.d",
					BPFGATE_SYSCONFDIR "/policy.d" };

static int say_error(const char *path, int error)
{
	fprintf(stderr, "bpfgate policy: ");
	out_safe(stderr, path, false);
	fprintf(stderr, ": %s\n", strerror(-error));
	return error;
}

static void sources_done(struct policy_source *sources, size_t cnt)
{
	size_t i;

	for (i = 0; i < cnt; i++)
		(void)close(sources[i].dir_fd);
}

static int load_dirs(const char *const *dirs, size_t dir_cnt, bool may_lack,
		     const struct policy_env *env, struct policy **ret_policy,
		     struct policy_report **ret_report)
{
	struct policy_source sources[SOURCES_MAX];
	size_t cnt = 0, i;
	int r = 0;

	for (i = 0; r == 0 && i < dir_cnt && cnt < SOURCES_MAX; i++) {
		int fd = open(dirs[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0)
			sources[cnt++] = (struct policy_source){ dirs[i], fd };
		else if (errno != ENOENT || !may_lack)
			r = say_error(dirs[i], -errno);
	}
	if (r == 0)
		r = policy_load(sources, cnt, env, ret_policy, ret_report);
	sources_done(sources, cnt);
	return r;
}

static int load_files(char *const *paths, size_t cnt, const struct policy_env *env,
		      struct policy **ret_policy, struct policy_report **ret_report)
{
	struct policy_text texts[SOURCES_MAX] = { 0 };
	size_t i;
	int r = 0;

	if (cnt > SOURCES_MAX)
		return say_error(paths[SOURCES_MAX], -E2BIG);
	for (i = 0; r == 0 && i < cnt; i++) {
		uint8_t *bytes = NULL;

		r = signature_read_file(paths[i], FILE_MAX, &bytes, &texts[i].len);
		if (r < 0)
			(void)say_error(paths[i], r);
		texts[i].bytes = (const char *)bytes;
		texts[i].name = strrchr(paths[i], '/') ? strrchr(paths[i], '/') + 1 : paths[i];
	}
	if (r == 0)
		r = policy_from_texts(texts, cnt, env, ret_policy, ret_report);
	for (i = 0; i < cnt; i++)
		free((char *)texts[i].bytes);
	return r;
}

/* Whose eyes we had. */
struct own_eyes {
	gid_t gid, groups[GROUPS_MAX];
	int group_cnt;
};

/* With an effective uid that is not root's the capabilities are gone, too, until it is root's again. */
static int take_brokers_eyes(struct own_eyes *ret_own)
{
	const struct passwd *broker = getpwnam("bpfgate-broker");
	uid_t uid = broker ? broker->pw_uid : OVERFLOW_ID;
	gid_t gid = broker ? broker->pw_gid : OVERFLOW_ID;

	ret_own->gid = getegid();
	ret_own->group_cnt = getgroups(GROUPS_MAX, ret_own->groups);
	if (ret_own->group_cnt < 0 || setgroups(0, NULL) < 0)
		return -errno;
	return setegid(gid) < 0 || seteuid(uid) < 0 ? -errno : 0;
}

static int take_own_eyes(const struct own_eyes *own)
{
	if (seteuid(0) < 0 || setegid(own->gid) < 0 ||
	    setgroups((size_t)own->group_cnt, own->groups) < 0)
		return -errno;
	return 0;
}

/* What root can read the broker may not: then a policy that looks right here would be refused there. */
static int load_own(const char *const *dirs, size_t cnt, const struct policy_env *env,
		    struct policy **ret_policy, struct policy_report **ret_report)
{
	struct own_eyes own;
	int r, back;

	if (geteuid() != 0)
		return load_dirs(dirs, cnt, true, env, ret_policy, ret_report);
	r = take_brokers_eyes(&own);
	if (r < 0)
		fprintf(stderr, "bpfgate policy: read as root: cannot look as the broker (%s)\n",
			strerror(-r));
	r = load_dirs(dirs, cnt, true, env, ret_policy, ret_report);
	back = take_own_eyes(&own);
	return back < 0 ? back : r;
}

static bool is_own(const char *path)
{
	size_t len = strlen(path), i;

	while (len > 1 && path[len - 1] == '/')
		len--;
	for (i = 0; i < ARRAY_CNT(own_dirs); i++) {
		if (strlen(own_dirs[i]) == len && strncmp(own_dirs[i], path, len) == 0)
			return true;
	}
	return false;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int policy_source_load(char *const *paths, size_t path_cnt, const struct policy_env *env,
		       struct policy **ret_policy, struct policy_report **ret_report)
{
	struct policy_env used = *env;
	size_t i, dir_cnt = 0, own_cnt = 0;

	if (path_cnt == 0)
		return load_own(own_dirs, ARRAY_CNT(own_dirs), env, ret_policy, ret_report);
	for (i = 0; i < path_cnt; i++) {
		dir_cnt += is_dir(paths[i]);
		own_cnt += is_own(paths[i]);
	}
	if (own_cnt == path_cnt)
		return load_own((const char *const *)paths, path_cnt, env, ret_policy, ret_report);
	used.any_owner = true;
	if (dir_cnt == path_cnt)
		return load_dirs((const char *const *)paths, path_cnt, false, &used, ret_policy,
				 ret_report);
	if (dir_cnt == 0)
		return load_files(paths, path_cnt, &used, ret_policy, ret_report);
	fprintf(stderr, "bpfgate policy: name files or directories, not both\n");
	return -EINVAL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A target kernel. Promises that a version text names one profile and that everything which
 * differs between kernels can be read from it; trusts its own tables; refuses versions older
 * than the oldest kernel that was probed and BTF that does not parse.
 */
#include "verifier/kernel/profile.h"

#include <errno.h>
#include <stdlib.h>

#include "verifier/bpfgate-verifier.h"
#include "verifier/kernel/behave.h"

static const struct profile_limits limits_of[PROFILE_CNT] = {
#include "verifier/kernel/limits_of.def"
};

/* A kernel takes the last profile that is not newer. */
static const struct {
	uint32_t from;
	const char *name;
} profiles[PROFILE_CNT] = {
#define SERIES(id, major, minor, patch, column, name, builds) [PROFILE_##id] = { major##u << 24 | minor##u << 16 | patch##u, name },
#include "verifier/kernel/measured.def"
#undef SERIES
};

const struct profile_limits *profile_limits_of(enum profile profile)
{
	return &limits_of[profile];
}

/* One decimal number of at most max; moves *text past it. Negative: none there, or too big. */
static int32_t profile_number(const char **text, int32_t max)
{
	const char *p = *text;
	int32_t n = 0;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (*p - '0');
		if (n > max)
			return -EINVAL;
	}
	*text = p;
	return n;
}

int profile_parse_version(const char *text, uint32_t *ret_version, enum profile *ret_profile)
{
	int32_t major, minor, patch = 0;
	uint32_t version;
	size_t i = PROFILE_CNT;

	if (!text)
		return -EINVAL;
	major = profile_number(&text, 255);
	if (major < 0 || *text++ != '.')
		return -EINVAL;
	minor = profile_number(&text, 255);
	if (minor < 0)
		return -EINVAL;
	if (*text == '.') {
		text++;
		patch = profile_number(&text, 65535);
		if (patch < 0)
			return -EINVAL;
	}
	/* What distributions append says nothing about behaviour: "-48-amd64", "+deb12". */
	if (*text && *text != '-' && *text != '+' && *text != '.')
		return -EINVAL;

	version = (uint32_t)major << 24 | (uint32_t)minor << 16 | (uint32_t)patch;
	while (i-- > 0) {
		if (version < profiles[i].from)
			continue;
		*ret_version = version;
		*ret_profile = (enum profile)i;
		return 0;
	}
	return -EINVAL;
}

const char *profile_name(enum profile profile)
{
	return profiles[profile].name;
}

const char *bgv_target_profile(const struct bgv_target *target)
{
	return profile_name(target->profile);
}

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
#define LIMIT(name, v61, v612, v618, v70, v71, v72, v73, unit) .name = v61,
	[PROFILE_6_1] = {
#include "verifier/kernel/limits.def"
	},
#undef LIMIT
#define LIMIT(name, v61, v612, v618, v70, v71, v72, v73, unit) .name = v612,
	[PROFILE_6_12] = {
#include "verifier/kernel/limits.def"
	},
#undef LIMIT
#define LIMIT(name, v61, v612, v618, v70, v71, v72, v73, unit) .name = v618,
	[PROFILE_6_18] = {
#include "verifier/kernel/limits.def"
	},
#undef LIMIT
#define LIMIT(name, v61, v612, v618, v70, v71, v72, v73, unit) .name = v70,
	[PROFILE_7_0] = {
#include "verifier/kernel/limits.def"
	},
#undef LIMIT
#define LIMIT(name, v61, v612, v618, v70, v71, v72, v73, unit) .name = v71,
	[PROFILE_7_1] = {
#include "verifier/kernel/limits.def"
	},
#undef LIMIT
#define LIMIT(name, v61, v612, v618, v70, v71, v72, v73, unit) .name = v72,
	[PROFILE_7_2] = {
#include "verifier/kernel/limits.def"
	},
#undef LIMIT
#define LIMIT(name, v61, v612, v618, v70, v71, v72, v73, unit) .name = v73,
	[PROFILE_7_3] = {
#include "verifier/kernel/limits.def"
	},
#undef LIMIT
};

/* The first version of each profile; a kernel takes the last one that is not newer. */
static const struct {
	uint32_t from;
	enum profile profile;
} profile_from[] = {
	{ 6u << 24 | 1u << 16, PROFILE_6_1 },
	{ 6u << 24 | 12u << 16, PROFILE_6_12 },
	{ 6u << 24 | 18u << 16, PROFILE_6_18 },
	{ 7u << 24 | 0u << 16, PROFILE_7_0 },
	{ 7u << 24 | 1u << 16, PROFILE_7_1 },
	{ 7u << 24 | 2u << 16, PROFILE_7_2 },
	{ 7u << 24 | 3u << 16, PROFILE_7_3 },
};

#define ARRAY_CNT(a) (sizeof(a) / sizeof((a)[0]))

const struct profile_limits *profile_limits_of(enum profile profile)
{
	return &limits_of[profile];
}

/* One decimal number of at most max; moves *text behind it. Negative: none there, or too big. */
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
	size_t i = ARRAY_CNT(profile_from);

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
		if (version < profile_from[i].from)
			continue;
		*ret_version = version;
		*ret_profile = profile_from[i].profile;
		return 0;
	}
	return -EINVAL;
}

const char *bgv_target_profile(const struct bgv_target *target)
{
	static const char *const names[PROFILE_CNT] = {
		[PROFILE_6_1] = "6.1",
		[PROFILE_6_12] = "6.12",
		[PROFILE_6_18] = "6.18",
		[PROFILE_7_0] = "7.0",
		[PROFILE_7_1] = "7.1",
		[PROFILE_7_2] = "7.2",
		[PROFILE_7_3] = "7.3",
	};

	return names[target->profile];
}

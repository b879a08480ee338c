/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Program types: what a type needs to be loaded, which attach types it takes, what its packets may
 * be used for. Promises the kernel's answer for each probed kernel; refuses types a kernel lacks.
 */
#include "verifier/kernel/progtype.h"

#include <stddef.h>
#include <string.h>

#include "proto/array.h"
#include "verifier/bpfgate-verifier.h"
#include "verifier/kernel/behave.h"
#include "verifier/kernel/names.h"

#define CAP_NONE 0
#define CAP_BPF BGV_CAP_BPF
#define CAP_NET (BGV_CAP_BPF | BGV_CAP_NET_ADMIN)
#define CAP_PERF (BGV_CAP_BPF | BGV_CAP_PERFMON)
#define PKT_READ PROGTYPE_PKT_READ
#define PKT_WRITE PROGTYPE_PKT_WRITE
#define PKT_OWN PROGTYPE_PKT_OWN
#define LD_ABS PROGTYPE_LD_ABS
#define NO_ATTACH PROGTYPE_NO_ATTACH
#define A(NAME) (1ull << AT_##NAME)

static const struct progtype types[PT_CNT] = {
#define PROG_TYPE(id, NAME, name, caps, flags, profiles, attach) \
	[id] = { name, caps, flags, profiles, attach },
#include "verifier/kernel/prog_types.def"
#undef PROG_TYPE
};

static const uint32_t attach_profiles[AT_CNT] = {
#define ATTACH_TYPE(id, NAME, name, profiles) [id] = profiles,
#include "verifier/kernel/attach_types.def"
#undef ATTACH_TYPE
};

static const char *const gpl_licenses[] = {
	"GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
};

#define LICENSE_BYTES_MAX 127	/* the kernel's buffer without its NUL */

const struct progtype *progtype_find(enum profile profile, uint32_t prog_type)
{
	if (prog_type >= PT_CNT || !(types[prog_type].profiles & (1u << profile)))
		return NULL;
	return &types[prog_type];
}

uint32_t progtype_fix_attach(uint32_t prog_type, uint32_t attach_type)
{
	if (attach_type)
		return attach_type;
	if (prog_type == PT_CGROUP_SOCK)
		return AT_CGROUP_INET_SOCK_CREATE;
	if (prog_type == PT_SK_REUSEPORT)
		return AT_SK_REUSEPORT_SELECT;
	return 0;
}

bool progtype_takes_attach(enum profile profile, uint32_t prog_type, uint32_t attach_type)
{
	const struct progtype *type = progtype_find(profile, prog_type);

	if (!type || !type->attach_types)
		return true;
	if (type->attach_types == PROGTYPE_NO_ATTACH)
		return attach_type == 0;
	if (attach_type >= AT_CNT || !(attach_profiles[attach_type] & (1u << profile)))
		return false;
	return type->attach_types & (1ull << attach_type);
}

bool progtype_license_is_gpl(const char *license)
{
	size_t bytes = license ? strnlen(license, LICENSE_BYTES_MAX) : 0;

	for (size_t i = 0; i < ARRAY_CNT(gpl_licenses); i++)
		if (strlen(gpl_licenses[i]) == bytes && !memcmp(gpl_licenses[i], license, bytes))
			return true;
	return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A target kernel as the library's users make it: a profile, and the kernel's own BTF. Refuses BTF that does
 * not parse.
 */
#include <errno.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/bpfgate-verifier.h"
#include "verifier/btf/btf.h"
#include "verifier/kernel/behave.h"
#include "verifier/kernel/profile.h"

/* The one that the tables hold facts of: registers in contexts and what the JIT can may differ elsewhere. */
static bool machine_is_known(const char *machine)
{
	return !machine || !strcmp(machine, "x86_64");
}

int bgv_target_new(const struct bgv_target_spec *spec, struct bgv_target **ret_target)
{
	struct bgv_target *target;
	uint32_t version;
	enum profile profile;
	int r;

	r = profile_parse_version(spec->version, &version, &profile);
	if (r < 0)
		return r;

	target = calloc(1, sizeof(*target));
	if (!target)
		return -ENOMEM;
	target->version = version;
	target->profile = profile;
	target->behave = *behave_of_profile(profile);
	target->limits = *profile_limits_of(profile);
	target->nr_cpus = spec->nr_cpus ? spec->nr_cpus : 1;
	target->flags = spec->flags;
	target->known_machine = machine_is_known(spec->machine);
	if (target->flags & BGV_TARGET_NO_JIT)
		target->behave.private_stack = false;
	if (spec->vmlinux_btf && spec->vmlinux_btf_bytes) {
		r = btf_view_new(spec->vmlinux_btf, spec->vmlinux_btf_bytes, NULL, &target->vmlinux);
		if (r < 0) {
			free(target);
			return r;
		}
	}
	target->kprobes =
		!target->vmlinux || btf_view_find(target->vmlinux, BTF_KIND_FUNC, "register_kprobe");
	*ret_target = target;
	return 0;
}

void bgv_target_free(struct bgv_target *target)
{
	if (!target)
		return;
	btf_view_free(target->vmlinux);
	free(target);
}

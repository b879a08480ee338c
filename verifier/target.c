/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A target kernel as the library's users make it: a profile, and the kernel's own BTF. Refuses BTF that does
 * not parse.
 */
#include <errno.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

#include "proto/array.h"
#include "verifier/bpfgate-verifier.h"
#include "verifier/btf/btf.h"
#include "verifier/kernel/behave.h"
#include "verifier/kernel/profile.h"

/*
 * Registers in contexts and what the JIT can differ: programs are judged for what the tables hold facts of. NULL is x86_64,
 * which who names none has always meant. Is it one?
 */
static bool machine_find(const char *machine, enum kernel_arch *ret_arch)
{
	static const struct {
		const char *name;
		enum kernel_arch arch;
		bool judged;
	} rows[] = {
#define KERNEL_ARCH(number, name, config, audit, judged) { #name, number, judged },
#include "proto/kernel_types.def"
	};

	*ret_arch = KERNEL_ARCH_x86_64;
	for (size_t i = 0; machine && i < ARRAY_CNT(rows); i++)
		if (rows[i].judged && !strcmp(machine, rows[i].name)) {
			*ret_arch = rows[i].arch;
			return true;
		}
	return !machine;
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
	target->known_machine = machine_find(spec->machine, &target->arch);
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

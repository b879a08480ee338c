/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of functions of the kernel that programs attach to, by name: a table. Promises that of a
 * function without a row nothing is known.
 */
#include "verifier/kernel/hooks.h"

#include <stddef.h>
#include <string.h>

#include "proto/array.h"

static const struct {
	const char *name;
	uint32_t facts;
} hooks[] = {
#define HOOK(name, facts) { #name, facts },
#include "verifier/kernel/attach_hooks.def"
#undef HOOK
};

uint32_t hooks_facts(const char *name)
{
	for (size_t i = 0; i < ARRAY_CNT(hooks); i++)
		if (strcmp(hooks[i].name, name) == 0)
			return hooks[i].facts;
	return 0;
}

bool hooks_lsm_sleeps(const char *hook)
{
	char name[128] = "bpf_lsm_";

	if (strlen(hook) + sizeof("bpf_lsm_") > sizeof(name))
		return false;
	strcat(name, hook);
	return hooks_facts(name) & HOOK_SLEEPS;
}

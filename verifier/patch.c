/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways out that change more than a step: the license, the type of a program or map, a jump, the
 * kernel. What is asked is copied and changed; the program itself stays as it is.
 */
#include "verifier/patch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/bpfgate-verifier.h"
#include "verifier/kernel/behave.h"
#include "verifier/kernel/profile.h"
#include "verifier/request.h"
#include "verifier/walk/assume.h"

#define FLAG_SLEEPABLE (1u << 4)

static struct bgv_map *map_of(struct patch *patch, uint64_t idx)
{
	return idx < patch->prog.map_cnt ? &patch->maps[idx] : NULL;
}

static void patch_license(struct patch *patch, const struct assume *a)
{
	(void)a;
	patch->prog.license = "GPL";
}

static void patch_sleepable(struct patch *patch, const struct assume *a)
{
	(void)a;
	patch->prog.prog_flags |= FLAG_SLEEPABLE;
}

static void patch_type(struct patch *patch, const struct assume *a)
{
	patch->prog.prog_type = (uint32_t)a->n;
	patch->prog.expected_attach_type = 0;
}

static void patch_mode(struct patch *patch, const struct assume *a)
{
	patch->prog.mode = (enum bgv_mode)a->n;
	patch->prog.caps |= BGV_CAP_PERFMON;
}

static void patch_kernel(struct patch *patch, const struct assume *a)
{
	enum profile profile = (enum profile)a->n;

	patch->target.profile = profile;
	patch->target.behave = *behave_of_profile(profile);
	patch->target.limits = *profile_limits_of(profile);
	if (patch->target.flags & BGV_TARGET_NO_JIT)
		patch->target.behave.private_stack = false;
}

static void patch_map_type(struct patch *patch, const struct assume *a)
{
	struct bgv_map *map = map_of(patch, a->m);

	if (map)
		map->type = (uint32_t)a->n;
}

static void patch_map_value(struct patch *patch, const struct assume *a)
{
	struct bgv_map *map = map_of(patch, a->m);

	if (map)
		map->value_size = (uint32_t)a->n;
}

static void patch_map_writable(struct patch *patch, const struct assume *a)
{
	struct bgv_map *map = map_of(patch, a->m);

	if (!map)
		return;
	map->map_flags &= ~(uint32_t)(BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG);
	map->frozen = 0;
	map->contents = NULL;
	map->contents_bytes = 0;
}

static void patch_flipped(struct patch *patch, const struct assume *a)
{
	struct bpf_insn *i = a->insn_idx < patch->prog.insn_cnt ? &patch->insns[a->insn_idx] : NULL;

	if (i && (BPF_OP(i->code) == BPF_JEQ || BPF_OP(i->code) == BPF_JNE))
		i->code ^= BPF_JEQ ^ BPF_JNE;
}

static int copy_inputs(struct patch *patch)
{
	size_t maps = patch->prog.map_cnt * sizeof(*patch->maps),
	       insns = patch->prog.insn_cnt * sizeof(*patch->insns);

	patch->maps = malloc(maps + 1);
	patch->insns = malloc(insns + 1);
	if (!patch->maps || !patch->insns)
		return -ENOMEM;
	if (maps)
		memcpy(patch->maps, patch->prog.maps, maps);
	if (insns)
		memcpy(patch->insns, patch->prog.insns, insns);
	patch->prog.maps = patch->maps;
	patch->prog.insns = patch->insns;
	return 0;
}

static void apply(struct patch *patch, const struct assume *a)
{
	static void (*const changes[ASSUME_KIND_CNT])(struct patch *, const struct assume *) = {
		[ASSUME_LICENSE] = patch_license,     [ASSUME_SLEEPABLE] = patch_sleepable,
		[ASSUME_TYPE] = patch_type,	      [ASSUME_MODE] = patch_mode,
		[ASSUME_KERNEL] = patch_kernel,	      [ASSUME_MAP_TYPE] = patch_map_type,
		[ASSUME_MAP_VALUE] = patch_map_value, [ASSUME_MAP_WRITABLE] = patch_map_writable,
		[ASSUME_FLIPPED] = patch_flipped,
	};

	if (changes[a->kind])
		changes[a->kind](patch, a);
}

int patch_new(const struct request *q, struct patch **ret_patch)
{
	struct patch *patch = calloc(1, sizeof(*patch));
	uint32_t i;

	if (!patch)
		return -ENOMEM;
	*patch = (struct patch){ .q = *q, .prog = *q->prog, .target = *q->target };
	if (copy_inputs(patch) < 0) {
		patch_free(patch);
		return -ENOMEM;
	}
	for (i = 0; i < q->assume_cnt; i++)
		apply(patch, &q->assumes[i]);
	patch->q.prog = &patch->prog;
	patch->q.target = &patch->target;
	if (patch->target.profile != q->target->profile)
		patch->q.beh = &patch->target.behave;
	*ret_patch = patch;
	return 0;
}

void patch_free(struct patch *patch)
{
	if (!patch)
		return;
	free(patch->maps);
	free(patch->insns);
	free(patch);
}

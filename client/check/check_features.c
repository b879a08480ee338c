/* SPDX-License-Identifier: Apache-2.0 */
/* Holds programs against the verifier's own tables. Trusts them; of a program it reads types and
 * calls only. */
#include "client/check/check_features.h"

#include <errno.h>
#include <stdio.h>

#include "proto/own.h"
#include "verifier/kernel/helper_tab.h"
#include "verifier/kernel/measured.h"
#include "verifier/kernel/names.h"
#include "verifier/kernel/profile.h"

#define MESSAGE_BYTES 256

static const uint32_t prog_type_profiles[PT_CNT] = {
#define PROG_TYPE(id, NAME, name, caps, flags, profiles, attach) [id] = profiles,
#include "verifier/kernel/prog_types.def"
#undef PROG_TYPE
};

static const uint32_t attach_type_profiles[AT_CNT] = {
#define ATTACH_TYPE(id, NAME, name, profiles) [id] = profiles,
#include "verifier/kernel/attach_types.def"
#undef ATTACH_TYPE
};

static const uint32_t map_type_profiles[MT_CNT] = {
#define MAP_TYPE(id, NAME, name, direct, sleepable, profiles) [id] = profiles,
#include "verifier/kernel/map_types.def"
#undef MAP_TYPE
};

static bool has(const uint32_t *profiles, size_t cnt, uint32_t id, enum profile profile)
{
	return id < cnt && (profiles[id] & 1u << profile);
}

/* An id of no table is named by its number. */
static const char *name_or_number(const char *name, uint32_t id, char *text, size_t bytes)
{
	(void)snprintf(text, bytes, "%u", id);
	return name ? name : text;
}

static bool helper_missing(const struct bgv_target *target, const struct bgv_program *prog,
			   char *ret_message)
{
	const struct helper_caller caller = {
		.profile = target->profile,
		.prog_type = prog->prog_type,
		.attach_type = prog->expected_attach_type,
		.caps = BGV_CAP_ALL,
		.sleepable = prog->prog_flags & PROG_F_SLEEPABLE,
		.sockopt = true,
	};
	const struct helper_proto *proto;

	for (uint32_t i = 0; i < prog->insn_cnt; i++) {
		const struct bpf_insn *insn = &prog->insns[i];

		if (insn->code == (BPF_LD | BPF_IMM | BPF_DW))
			i++;
		else if (insn->code == (BPF_JMP | BPF_CALL) && !insn->src_reg && insn->imm > 0 &&
			 insn->imm < (int32_t)helper_tab_cnt(PROFILE_CNT - 1) &&
			 helper_tab_find(&caller, insn->imm, &proto) == -ERANGE) {
			(void)snprintf(ret_message, MESSAGE_BYTES, "Linux %s has no helper bpf_%s",
				       bgv_target_profile(target), helper_tab_name(insn->imm));
			return true;
		}
	}
	return false;
}

bool check_features_missing(const struct bgv_target *target, const struct bgv_program *prog,
		      char *ret_message)
{
	const char *series = bgv_target_profile(target);
	char number[16];

	if (!has(prog_type_profiles, PT_CNT, prog->prog_type, target->profile)) {
		(void)snprintf(ret_message, MESSAGE_BYTES, "Linux %s has no programs of type %s",
			       series,
			       name_or_number(names_prog_type(prog->prog_type), prog->prog_type,
					      number, sizeof(number)));
		return true;
	}
	/* 0 is the first of them and says nothing; that of struct_ops is a member's number */
	if (prog->expected_attach_type && prog->prog_type != BPF_PROG_TYPE_STRUCT_OPS &&
	    !has(attach_type_profiles, AT_CNT, prog->expected_attach_type, target->profile)) {
		(void)snprintf(ret_message, MESSAGE_BYTES, "Linux %s has no attach type %s", series,
			       name_or_number(names_attach_type(prog->expected_attach_type),
					      prog->expected_attach_type, number, sizeof(number)));
		return true;
	}
	for (uint32_t i = 0; i < prog->map_cnt; i++)
		if (!has(map_type_profiles, MT_CNT, prog->maps[i].type, target->profile)) {
			(void)snprintf(ret_message, MESSAGE_BYTES,
				       "Linux %s has no maps of type %s", series,
				       name_or_number(names_map_type(prog->maps[i].type),
						      prog->maps[i].type, number, sizeof(number)));
			return true;
		}
	return helper_missing(target, prog, ret_message);
}

const char *check_features_least(const struct bgv_program *prog)
{
	static const char *const series[] = {
#define SERIES(id, major, minor, patch, column, name, builds) name,
#include "verifier/kernel/measured.def"
#undef SERIES
	};
	char message[MESSAGE_BYTES];

	for (size_t i = 0; i < ARRAY_CNT(series); i++) {
		const struct bgv_target_spec spec = { .version = series[i] };
		struct bgv_target *target = NULL;
		bool missing = bgv_target_new(&spec, &target) < 0 ||
			       check_features_missing(target, prog, message);

		bgv_target_free(target);
		if (!missing)
			return series[i];
	}
	return "";
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A load and a later attach are decided from the same facts, so both take them from the same record:
 * at the load it is about to enter the ledger, at the attach it is read from there. What cannot be
 * established becomes a fact that no rule grants.
 */
#include "daemon/broker/ask/facts.h"

#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "proto/own.h"

#define FACTS_SLEEPABLE (1u << 4)	/* BPF_F_SLEEPABLE */

void facts_of_map(const struct ledger_rec *rec, struct policy_map_facts *ret_facts)
{
	*ret_facts = (struct policy_map_facts){ .name = rec->name, .type = rec->map.type,
						.bytes = rec->map.bytes };
}

static void facts_add_maps(struct facts *facts, const struct ledger *ledger,
			   const struct ledger_prog *prog)
{
	for (uint32_t i = 0; i < prog->map_cnt && i < LEDGER_MAPS_MAX; i++) {
		const struct ledger_rec *map = ledger_find(ledger, LEDGER_MAP, prog->maps[i]);

		if (map)
			facts_of_map(map, &facts->maps[i]);
		facts->prog.map_cnt++;
	}
	facts->prog.maps = facts->maps;
}

static void facts_add_kfuncs(struct facts *facts, struct vmbtf *vmbtf,
			     const struct ledger_prog *prog)
{
	for (uint32_t i = 0; i < prog->kfunc_cnt && i < LEDGER_KFUNCS_MAX; i++) {
		const char *known = vmbtf_name(vmbtf, prog->kfuncs[i]);
		char *name = facts->kfunc_names[i];

		if (known)
			snprintf(name, FACTS_NAME_BYTES, "%s", known);
		else
			snprintf(name, FACTS_NAME_BYTES, "#%u", prog->kfuncs[i]);
		facts->kfuncs[i] = name;
		facts->prog.kfunc_cnt++;
	}
	facts->prog.kfuncs = facts->kfuncs;
}

static void facts_add_proofs(struct facts *facts, const struct ledger_prog *prog)
{
	for (uint32_t i = 0; i < prog->proof_cnt && i < LEDGER_PROOFS_MAX; i++) {
		facts->proofs[i].signer = prog->proofs[i].signer;
		memcpy(facts->proofs[i].cert_sha256, prog->proofs[i].cert_sha256, POLICY_SHA256_LEN);
		facts->proofs[i].by_object = prog->by_object >> i & 1;
		facts->prog.proof_cnt++;
	}
	facts->prog.proofs = facts->proofs;
}

void facts_of_record(const struct ledger *ledger, struct vmbtf *vmbtf, const struct ledger_rec *rec,
		     struct facts *ret_facts)
{
	const struct ledger_prog *prog = &rec->prog;

	memset(ret_facts, 0, sizeof(*ret_facts));
	memcpy(ret_facts->name, rec->name, sizeof(ret_facts->name) - 1);
	ret_facts->prog = (struct policy_prog_facts){
		.name = ret_facts->name,
		.type = prog->type,
		.insn_cnt = prog->insn_cnt,
		.sleepable = prog->prog_flags & FACTS_SLEEPABLE,
		.helper_beyond = prog->helper_beyond,
		.digests = (const uint8_t(*)[POLICY_SHA256_LEN])ret_facts->digests,
	};
	memcpy(ret_facts->prog.helpers, prog->helpers, sizeof(ret_facts->prog.helpers));
	facts_add_maps(ret_facts, ledger, prog);
	facts_add_kfuncs(ret_facts, vmbtf, prog);
	facts_add_proofs(ret_facts, prog);
	for (uint32_t i = 0; i < prog->digest_cnt && i < LEDGER_DIGESTS_MAX; i++)
		memcpy(ret_facts->digests[ret_facts->prog.digest_cnt++], prog->digests[i],
		       POLICY_SHA256_LEN);
}

void facts_target_in_prog(uint32_t prog_type, uint32_t target_type, char *name, size_t name_bytes,
			  struct policy_target *ret_target)
{
	bool replaces = prog_type == BPF_PROG_TYPE_EXT;
	const char *type = policy_prog_type_name(target_type);

	snprintf(name, name_bytes, "%s%s", replaces ? "" : FACTS_IN_PROG, type ? type : "?");
	*ret_target = (struct policy_target){
		.kind = replaces ? POLICY_ATTACH_EXT : POLICY_ATTACH_TRACING, .name = name
	};
}

/* Where the program says, already at the load, that it will be attached. */
bool facts_target_of(struct vmbtf *vmbtf, const struct ledger_prog *prog, char *name, size_t name_bytes,
		     struct policy_target *ret_target)
{
	const char *known, *prefix;
	enum policy_attach_kind kind = policy_attach_at_load(prog->type, prog->expected_attach_type, &prefix);

	/* Then attach_btf_id counts in the BTF of that program, and not in the kernel's. */
	if (prog->target_type) {
		facts_target_in_prog(prog->type, prog->target_type, name, name_bytes, ret_target);
		return true;
	}
	if (kind == POLICY_ATTACH_NONE)
		return false;
	*ret_target = (struct policy_target){ .kind = kind };
	known = vmbtf_name(vmbtf, prog->attach_btf_id);
	if (!known)
		return true;
	if (strncmp(known, prefix, strlen(prefix)) == 0)
		known += strlen(prefix);
	snprintf(name, name_bytes, "%s", known);
	ret_target->name = name;
	return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* PROG_LOAD in the making: shared by prog_load.c (the steps), prog_refs.c and prog_bundle.c. */
#ifndef BPFGATE_DAEMON_PROG_LOAD_H
#define BPFGATE_DAEMON_PROG_LOAD_H

#include "daemon/broker/ask/facts.h"
#include "daemon/broker/ask/client_obj.h"
#include "daemon/broker/ask/scan.h"
#include "daemon/broker/work/work.h"
#include "object/bundle.h"
#include "verifier/bpfgate-verifier.h"

#define PROG_LOAD_BTFS_MAX 32	/* the program's own, its maps', modules it calls into */

/* A map that the program names; its index here is what the judge's instructions hold. */
struct prog_map {
	struct client_obj obj;
	bool bound;		/* by fd_array with fd_array_cnt */
	bool btf_asked;		/* its BTF was not in the cache and has been asked for */
};

/* What a descriptor was found to be: a program may name the same one in every other instruction. */
struct prog_ref {
	uint16_t map;		/* index + 1 */
	uint16_t btf;		/* index + 1 */
	uint16_t number;	/* in the loader */
};

struct prog_load {
	struct ledger_rec rec;		/* as it will enter the ledger */
	struct scan scan;
	struct prog_map maps[LEDGER_MAPS_MAX];
	uint32_t map_cnt;
	uint32_t btf_ids[PROG_LOAD_BTFS_MAX];	/* index + 1 is btf_idx of the bundle */
	uint32_t btf_cnt;
	uint32_t prog_btf_idx;
	uint32_t attach_btf_idx;
	struct bundle *target;		/* of the program that this one attaches to; NULL: to none */
	char attach_name[FACTS_NAME_BYTES];
	struct prog_ref refs[WIRE_FDS_MAX];	/* by position among the frame's fds */
	struct bpf_insn *judged_insns;	/* map fds replaced by indices into maps */
	struct bpf_insn *loaded_insns;	/* fds replaced by the loader's numbers */
	int32_t *loaded_fd_array;
	uint32_t fd_array_cnt;		/* entries of loaded_fd_array */
	bool is_probe;
	struct loader_call *fetch;	/* for a map's BTF that is not in the cache */
	uint64_t caps;			/* that the loader will hold */
	char problem[160];		/* what is wrong with a reference, for the log */
	enum refusal problem_code;
};

/* A struct prog_load, as the state of a work. */
void prog_load_free(void *load);

/*
 * Resolves every descriptor that the program names, into load->maps, btf_ids and the two copies of the
 * instructions, and adds them to work->loader_call. 0, or -errno with load->problem saying which.
 * -EPERM: the kernel would take it, we do not.
 */
int prog_refs_resolve(struct work *work, struct prog_load *load);

/*
 * Adds the BTF of the maps, which the judge wants too. -EAGAIN: that of id *ret_missing is not in the
 * cache; come again when it is, or when it cannot be had.
 */
int prog_refs_add_map_btfs(struct work *work, struct prog_load *load, uint32_t *ret_missing);

/* The program as the verifier's library describes one; valid until the next wait. */
struct prog_bundle;
int prog_bundle_new(struct work *work, const struct prog_load *load, uint32_t mode,
		    struct prog_bundle **ret_bundle);
const struct bgv_program *prog_bundle_prog(const struct prog_bundle *bundle);
void prog_bundle_free(struct prog_bundle *bundle);

/* The bundle for the judge. 0, -EINVAL (the kernel would say so too), -E2BIG or -ENOMEM. */
int prog_bundle_encode(struct work *work, const struct prog_load *load, uint32_t mode,
		       uint8_t **ret_bytes, size_t *ret_byte_cnt);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an object would ask of the daemon: its programs and maps as policy sees them. For `bpfgate policy
 * explain` and `suggest`; whoever links this links the fake bpf(2) of object/ as well.
 */
#ifndef BPFGATE_CLIENT_OBJECT_FACTS_H
#define BPFGATE_CLIENT_OBJECT_FACTS_H

#include "client/shared/signature.h"
#include "policy/policy.h"

struct object_map {
	struct policy_map_facts facts;	/* bytes are estimated as the daemon estimates them */
	char name[16];
};

struct object_prog {
	struct policy_prog_facts facts;
	struct policy_target target;
	bool has_target;		/* the load itself names it (fentry, LSM, ...) */
	char *name;
	char *attach_name;
	char **kfuncs;
	struct policy_map_facts *maps;
	uint8_t digests[2][POLICY_SHA256_LEN];	/* of the object; canonical, if it has one */
};

struct object_facts {
	struct object_prog *progs;
	size_t prog_cnt;
	struct object_map *maps;
	size_t map_cnt;
	char **unloadable;		/* "name: libbpf's words" */
	size_t unloadable_cnt;
};

/*
 * Reads an object with libbpf against a made-up kernel interface, for the BTF of the running kernel.
 * 0 (object_facts_done() it), -EBADMSG when it is not an object, -ENOMEM.
 */
int object_facts_read(const struct signature_file *file, struct object_facts *ret_facts);
void object_facts_done(struct object_facts *facts);

#endif

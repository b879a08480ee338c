/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_ATTACH_LOOK_H
#define VERIFIER_ATTACH_LOOK_H

#include "verifier/btf/btf.h"
#include "verifier/state/env.h"

/* What the kernel learned of a function of the target program when it verified that program. */
struct attach_look {
	bool alive;		/* some path enters it; dead ones are gone */
	bool args_differ;	/* a static function, called with other arguments than its BTF says */
	bool moves_packets;	/* it, or what it calls, may move packet data */
	bool is_exception_cb;
};

/*
 * Looks at function `index` (by func_info) of env->prog->attach_prog, whose BTF `view` is. Verifies
 * the target when its text alone does not tell. 0, or negative: unsupported, when our verdict on
 * the target is not that it loads.
 */
int attach_look(struct env *env, const struct btf_view *view, uint32_t index,
		struct attach_look *ret_look);

#endif

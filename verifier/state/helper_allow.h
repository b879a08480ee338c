/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_HELPER_ALLOW_H
#define VERIFIER_HELPER_ALLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "verifier/kernel/helper_tab.h"

struct env;

/* Who asks for a helper: the program that is verified. */
struct helper_caller helper_caller_of(const struct env *env);
/* The prototype that this program gets of a helper; NULL: it may not have it. */
const struct helper_proto *helper_proto_of(const struct env *env, int32_t id);

/* With kernel lockdown user memory must not be written. */
bool helper_locked_down(const struct env *env, int32_t id);

/* The helper's own predicate about the attach target (fn->allowed). */
bool helper_allow_target(const struct env *env, uint32_t id);
/* … whether it is an iterator or hook where socket options may be used; */
bool helper_allow_sockopt(const struct env *env);
/* … and whether a struct_ops type or member is offered the helper at all. */
bool helper_allow_member(const struct env *env, uint32_t id);

#endif

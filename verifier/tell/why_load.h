/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_WHY_LOAD_H
#define VERIFIER_WHY_LOAD_H

#include "verifier/tell/why_text.h"

/* What the kernel lacks, and what is decided before the walk. */
void why_tell_helper(struct why *w);
void why_tell_kfunc(struct why *w);
void why_tell_license(struct why *w);
void why_tell_attach(struct why *w);
void why_tell_map_type(struct why *w);

#endif

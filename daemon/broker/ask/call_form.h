/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel refuses whoever asks, before it asks who asks. Such a call gets its errno from here,
 * not a refusal by policy: no rule could ever permit it.
 */
#ifndef BPFGATE_DAEMON_CALL_FORM_H
#define BPFGATE_DAEMON_CALL_FORM_H

#include "proto/codec.h"

/*
 * 0, or the errno with which the kernel refuses this call for its form alone. Looks at nothing but the
 * request. What passes may still be refused by the kernel, for reasons that are not checked here.
 */
int call_form_check(const struct request *req);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The seccomp filter of `bpfgate run`. */
#ifndef BPFGATE_CLIENT_NOTIFY_FILTER_H
#define BPFGATE_CLIENT_NOTIFY_FILTER_H

#include <stdbool.h>

/* Sets it for this process and what it becomes; both as in notify.h. The listener, or -1 and errno. */
int notify_filter_set(bool handles_in_maps, bool answers_as_root);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The seccomp filter of `bpfgate run`. */
#ifndef BPFGATE_CLIENT_NOTIFY_FILTER_H
#define BPFGATE_CLIENT_NOTIFY_FILTER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>

/* The older calls, where the architecture has them; else a number that none has. */
#ifdef __NR_open
#define NOTIFY_OLD(name) ((uint32_t)__NR_##name)
#else
#define NOTIFY_OLD(name) UINT32_MAX
#endif

/* Sets it for this process and what it becomes; both as in notify.h. The listener, or -1 and errno. */
int notify_filter_set(bool handles_in_maps, bool answers_as_root);

#endif

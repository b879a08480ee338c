/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Some verbs live in binaries of their own, so that no binary links both the verifier and what loads.
 */
#ifndef BPFGATE_CLIENT_HELPER_H
#define BPFGATE_CLIENT_HELPER_H

/*
 * Replaces this process by the helper binary `name` (from BPFGATE_LIBEXEC or the installed directory)
 * with argv. Returns only on failure: EXIT_INTERNAL, having said why.
 */
int helper_exec(const char *name, char **argv);

#endif

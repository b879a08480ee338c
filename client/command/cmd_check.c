/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs that live in a binary of their own: `bpfgate check`, `compare` and `inspect`, whose verifier no binary with a
 * door to bpf(2) may hold, and `load`, whose syscall() is ours. Promises to become that binary with the arguments as
 * they are, argv[0] being the verb; trusts it with everything else.
 */
#include "client/shared/cmd.h"
#include "client/shared/helper.h"

int cmd_check(int argc, char **argv)
{
	(void)argc;
	return helper_exec("bpfgate-check", argv);
}

int cmd_compare(int argc, char **argv)
{
	(void)argc;
	return helper_exec("bpfgate-check", argv);
}

int cmd_inspect(int argc, char **argv)
{
	(void)argc;
	return helper_exec("bpfgate-check", argv);
}

int cmd_load(int argc, char **argv)
{
	(void)argc;
	return helper_exec("bpfgate-load", argv);
}

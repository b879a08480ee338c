/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs of bpfgate(1). Each gets argv with argv[0] = the verb's name and returns an exit code of
 * enum exit_code. A verb prints results on stdout, everything else on stderr.
 */
#ifndef BPFGATE_CLIENT_CMD_H
#define BPFGATE_CLIENT_CMD_H

/* Documented in bpfgate(1), tested, never reused. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_REJECTED = 1,	/* the verifier rejects at least one program */
	EXIT_USAGE = 2,
	EXIT_POLICY = 3,	/* policy refuses */
	EXIT_INPUT = 4,		/* unreadable, not a BPF object, malformed signature or policy */
	EXIT_DAEMON = 5,	/* daemon not reachable, protocol mismatch */
	EXIT_UNDECIDED = 6,	/* a budget, time-out or memory limit */
	EXIT_KERNEL = 7,	/* the kernel refused what we accepted */
	EXIT_INTERNAL = 8,
	EXIT_THRESHOLD = 9,	/* --fail-on */
};

/* A verb each: argv[0] is its name. The exit status, one of the above. */
int cmd_capture(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_kernels(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_load(int argc, char **argv);
int cmd_policy(int argc, char **argv);
int cmd_reload(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_sign(int argc, char **argv);
int cmd_signature(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_unpin(int argc, char **argv);
int cmd_why(int argc, char **argv);

#endif

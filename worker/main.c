/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfgate-judge --zygote: reads the running kernel's BTF once, then lets zygote.c make judges. Started by
 * bpfgated with nothing but its channel, under a uid of its own and without capabilities.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "config.h"
#include "object/btfname.h"
#include "object/elf.h"
#include "proto/own.h"
#include "proto/whole.h"
#include "verifier/bpfgate-verifier.h"
#include "worker/job.h"
#include "worker/sandbox.h"
#include "worker/zygote.h"

#define VMLINUX_BTF	"/sys/kernel/btf/vmlinux"
#define VMLINUX_MAX	(256u << 20)
#define LOCKDOWN	"/sys/kernel/security/lockdown"
#define JIT		"/proc/sys/net/core/bpf_jit_enable"

#ifdef BPFGATE_ASAN
#define WANT 0u /* AddressSanitizer needs what the sandbox takes: such a build is for tests only */
#define MUST 0u
#else
#define WANT SANDBOX_ALL
#define MUST SANDBOX_CORE
#endif

/* Sysfs files of this kind know their size. A kernel without BTF is judged without it. */
static int kit_read_vmlinux(struct judge_kit *kit)
{
	OWN_FD int fd = open(VMLINUX_BTF, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	return whole_read(fd, VMLINUX_MAX, &kit->vmlinux, &kit->vmlinux_bytes);
}

/* The first bytes of a small file; "" when it cannot be read. */
static void read_text(const char *path, char *ret_text, size_t bytes)
{
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? 0 : read(fd, ret_text, bytes - 1);

	ret_text[got > 0 ? got : 0] = 0;
}

/* One variable that every kernel has tells whether kallsyms names variables at all. */
static bool kernel_names_variables(void)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	bool found = !file; /* not readable: as distributions build it */
	char line[512];

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, " runqueues\n");
	if (file)
		(void)fclose(file);
	return found;
}

static uint32_t kit_target_flags(void)
{
	char text[256];
	uint32_t flags = 0;

	read_text(LOCKDOWN, text, sizeof(text));
	if (strstr(text, "[integrity]") || strstr(text, "[confidentiality]"))
		flags |= BGV_TARGET_LOCKDOWN;
	read_text(JIT, text, sizeof(text));
	if (text[0] == '0')
		flags |= BGV_TARGET_NO_JIT;
	read_text("/proc/cmdline", text, sizeof(text));
	if (strstr(text, "mitigations=off"))
		flags |= BGV_TARGET_MITIGATIONS_OFF;
	if (!kernel_names_variables())
		flags |= BGV_TARGET_NO_DATA_SYMBOLS;
	return flags;
}

/* Libraries that look for files or randomness at first use do so now, while there are any. */
static int kit_warm(struct judge_kit *kit)
{
	elf_warm();
	return kit->vmlinux ? btfname_new(kit->vmlinux, kit->vmlinux_bytes, NULL, &kit->names) : 0;
}

static int kit_prepare(void *arg)
{
	struct judge_kit *kit = arg;
	struct bgv_target_spec spec = { 0 };
	struct utsname uts;
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	int r;

	if (uname(&uts) < 0)
		return -errno;
	r = kit_read_vmlinux(kit);
	if (r == 0)
		r = kit_warm(kit);
	if (r < 0)
		return r;
	spec.version = uts.release;
	spec.machine = uts.machine;
	spec.vmlinux_btf = kit->vmlinux;
	spec.vmlinux_btf_bytes = kit->vmlinux_bytes;
	spec.nr_cpus = cpus > 0 ? (uint32_t)cpus : 1;
	spec.flags = kit_target_flags();
	return bgv_target_new(&spec, &kit->target);
}

static int be_zygote(uint32_t spares, uint32_t given)
{
	struct judge_kit kit = { 0 };
	struct zygote_plan plan = { .spares = spares, .want = WANT, .given = given, .must = MUST,
				    .prepare = kit_prepare, .serve = job_serve, .arg = &kit };
	int r;

	if (!WANT)
		fprintf(stderr, "bpfgate-judge: AddressSanitizer build: judges are NOT sandboxed\n");
	r = zygote_run(ZYGOTE_FD, &plan);
	bgv_target_free(kit.target);
	btfname_free(kit.names);
	free(kit.vmlinux);
	return r;
}

static int usage(int status)
{
	fprintf(status ? stderr : stdout,
		"Usage: bpfgate-judge --zygote [--spares N] [--apart FLAGS]\n"
		"Started by bpfgated: judges programs for it in sandboxed processes.\n");
	return status;
}

static int parse_spares(const char *text, uint32_t *ret_spares)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!*text || *end || n < 1 || n > JUDGE_SPARES_MAX)
		return -EINVAL;
	*ret_spares = (uint32_t)n;
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = { { "zygote", no_argument, NULL, 'z' },
					       { "spares", required_argument, NULL, 's' },
					       { "apart", required_argument, NULL, 'a' },
					       { "version", no_argument, NULL, 'v' },
					       { "help", no_argument, NULL, 'h' },
					       { 0 } };
	uint32_t spares = JUDGE_SPARES, given = 0;
	bool zygote = false;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) >= 0) {
		if (c == 'z')
			zygote = true;
		else if (c == 's' && parse_spares(optarg, &spares) < 0)
			return usage(EXIT_FAILURE);
		else if (c == 'a') /* CLONE_NEW*, of bpfgated: it has made them */
			given = sandbox_of_namespaces(strtoul(optarg, NULL, 0));
		else if (c == 'v')
			return printf("bpfgate-judge %s\n", PACKAGE_VERSION), EXIT_SUCCESS;
		else if (c == 'h')
			return usage(EXIT_SUCCESS);
		else if (c == '?')
			return usage(EXIT_FAILURE);
	}
	return zygote ? be_zygote(spares, given) : usage(EXIT_FAILURE);
}

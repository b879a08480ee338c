/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Target kernels by release. Promises that the BTF used for a release is that release's, or none
 * (then rules that need it are unsupported): the running kernel's comes from /sys, others from a
 * directory of RELEASE.btf. Trusts those files as far as the verifier does, which is not at all.
 */
#include "client/check.h"

#include <string.h>
#include <unistd.h>

#include "object/release.h"
#include "proto/own.h"

struct target_entry {
	struct target_entry *next;
	uint32_t nr_cpus;
	struct bgv_target *target;
	uint8_t *btf; /* names points into it */
	size_t btf_bytes;
	struct btfname *names;
	char release[];
};

struct check_targets {
	const struct check_options *opts;
	struct target_entry *entries;
	char running[96];
};

struct check_targets *check_targets_new(const struct check_options *opts)
{
	struct check_targets *targets = calloc(1, sizeof(*targets));

	if (!targets)
		return NULL;
	targets->opts = opts;
	release_running(targets->running, sizeof(targets->running));
	return targets;
}

void check_targets_free(struct check_targets *targets)
{
	if (!targets)
		return;
	for (struct target_entry *entry = targets->entries, *next; entry; entry = next) {
		next = entry->next;
		bgv_target_free(entry->target);
		btfname_free(entry->names);
		free(entry->btf);
		free(entry);
	}
	free(targets);
}

const char *check_targets_running(const struct check_targets *targets)
{
	return targets->running;
}

static int btf_path(const struct check_targets *targets, const char *release, char *path,
		    size_t path_bytes)
{
	const char *dir = targets->opts->kernels_dir;

	if (targets->opts->btf_path)
		return snprintf(path, path_bytes, "%s", targets->opts->btf_path);
	if (!strcmp(release, targets->running))
		return snprintf(path, path_bytes, "/sys/kernel/btf/vmlinux");
	if (strchr(release, '/'))
		return -EINVAL;
	return snprintf(path, path_bytes, "%s/%.*s.btf", dir ? dir : BPFGATE_DATADIR "/kernels",
			(int)strcspn(release, " "), release);
}

/* Does the running kernel know its variables by name (CONFIG_KALLSYMS_ALL)? One that every kernel has tells. */
static bool running_has_data_symbols(void)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	bool found = !file;	/* not readable: as distributions build it */
	char line[512];

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, " runqueues\n");
	if (file)
		fclose(file);
	return found;
}

static void target_make(const struct check_targets *targets, struct target_entry *entry)
{
	struct bgv_target_spec spec = { .nr_cpus = entry->nr_cpus };
	char path[4096], version[64];

	release_version(entry->release, version, sizeof(version));
	spec.version = version;
	if (!strcmp(entry->release, targets->running) && !running_has_data_symbols())
		spec.flags |= BGV_TARGET_NO_DATA_SYMBOLS;
	if (btf_path(targets, entry->release, path, sizeof(path)) > 0 &&
	    check_read_file(path, &entry->btf, &entry->btf_bytes) >= 0) {
		spec.vmlinux_btf = entry->btf;
		spec.vmlinux_btf_bytes = entry->btf_bytes;
	}
	(void)bgv_target_new(&spec, &entry->target);
	if (entry->btf)
		(void)btfname_new(entry->btf, entry->btf_bytes, NULL, &entry->names);
}

/* NULL when memory is out. */
static struct target_entry *entry_get(struct check_targets *targets, const char *release,
				      uint32_t nr_cpus)
{
	struct target_entry *entry;
	long cpus;

	release = release ? release : targets->running;
	if (!nr_cpus) {
		cpus = sysconf(_SC_NPROCESSORS_CONF);
		nr_cpus = cpus > 0 ? (uint32_t)cpus : 1;
	}
	for (entry = targets->entries; entry; entry = entry->next)
		if (entry->nr_cpus == nr_cpus && !strcmp(entry->release, release))
			return entry;
	entry = calloc(1, sizeof(*entry) + strlen(release) + 1);
	if (!entry)
		return NULL;
	memcpy(entry->release, release, strlen(release));
	entry->nr_cpus = nr_cpus;
	target_make(targets, entry);
	entry->next = targets->entries;
	targets->entries = entry;
	return entry;
}

const struct bgv_target *check_targets_get(struct check_targets *targets, const char *release,
					   uint32_t nr_cpus)
{
	struct target_entry *entry = entry_get(targets, release, nr_cpus);

	return entry ? entry->target : NULL;
}

const struct btfname *check_targets_names(struct check_targets *targets, const char *release,
					  uint32_t nr_cpus)
{
	struct target_entry *entry = entry_get(targets, release, nr_cpus);

	return entry ? entry->names : NULL;
}

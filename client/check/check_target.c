/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Target kernels by name. Promises that everything told of a kernel is that kernel's: the running
 * one's comes from /sys, /proc and /boot and serves no other, not even one of the same version.
 * Trusts those files as far as the verifier does, which is not at all.
 */
#include "client/check/check_target.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <zlib.h>

#include "client/check/check.h"
#include "object/release.h"
#include "proto/own.h"

#define CONFIG_BYTES_MAX ((size_t)16 << 20)

struct target_entry {
	struct check_kernel kernel; /* first: callers hold it */
	struct target_entry *next;
	uint32_t nr_cpus;
	const struct kernlib_entry *lib; /* NULL: not in the library */
	bool running, config_read, symbols_read, types_read;
	struct bgv_target *target;
	uint8_t *btf; /* names points into it */
	struct btfname *names;
	char *config, *symbols;
	struct btf_view *types;
	char name[];
};

struct check_targets {
	const struct check_options *opts;
	struct kernlib lib;
	struct target_entry *entries;
	char running[KERNLIB_NAME_BYTES];
};

struct check_targets *check_targets_new(const struct check_options *opts)
{
	struct check_targets *targets = calloc(1, sizeof(*targets));

	if (!targets || kernlib_open(opts->kernels_dir, &targets->lib) < 0) {
		free(targets);
		return NULL;
	}
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
		btf_view_free(entry->types);
		free(entry->btf);
		free(entry->config);
		free(entry->symbols);
		free(entry);
	}
	kernlib_done(&targets->lib);
	free(targets);
}

/* Is that the version ("6.18.44") that runs? */
static bool runs(const struct check_targets *targets, const char *version)
{
	size_t len = strlen(version);

	return !strncmp(targets->running, version, len) && !strchr(".0123456789", targets->running[len]);
}

size_t check_targets_all(const struct check_targets *targets, const char **ret_names, size_t room)
{
	static const char *const series[] = {
#define SERIES(id, major, minor, patch, column, name, builds) name,
#include "verifier/kernel/measured.def"
#undef SERIES
	};
	const struct kernlib_entry *known;
	size_t cnt = 0;

	for (size_t i = 0; i < targets->lib.cnt && cnt < room; i++)
		ret_names[cnt++] = targets->lib.entries[i].name;
	known = kernlib_find(&targets->lib, targets->running);
	if (!known && cnt < room)
		ret_names[cnt++] = targets->running;
	for (size_t i = 0; i < ARRAY_CNT(series) && cnt < room; i++)
		if (!kernlib_find(&targets->lib, series[i]) && !runs(targets, series[i]))
			ret_names[cnt++] = series[i];
	return cnt;
}

/* ---- what is known of one ----------------------------------------------------------------- */

/* Does the running kernel know its variables by name (CONFIG_KALLSYMS_ALL)? One that every kernel
 * has tells. */
static bool running_has_data_symbols(void)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	bool found = !file; /* not readable: as distributions build it */
	char line[512];

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, " runqueues\n");
	if (file)
		fclose(file);
	return found;
}

static char *read_config(const char *path)
{
	gzFile file = gzopen(path, "r");
	char *text = file ? malloc(CONFIG_BYTES_MAX + 1) : NULL;
	int n = text ? gzread(file, text, (unsigned int)CONFIG_BYTES_MAX) : -1;
	char *fit;

	if (file)
		(void)gzclose(file);
	if (n <= 0) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	fit = realloc(text, (size_t)n + 1);
	return fit ? fit : text;
}

static char *running_config(const char *running)
{
	char path[256], *text = read_config("/proc/config.gz");

	if (text)
		return text;
	(void)snprintf(path, sizeof(path), "/boot/config-%.*s", (int)strcspn(running, " "),
		       running);
	return read_config(path);
}

/* Names alone; a module's are not the kernel's. */
static char *running_symbols(void)
{
	FILE *file = fopen("/proc/kallsyms", "re"), *out;
	char *text = NULL, line[640], name[512];
	size_t bytes = 0;

	if (!file)
		return NULL;
	out = open_memstream(&text, &bytes);
	while (out && fgets(line, sizeof(line), file))
		if (!strchr(line, '[') && sscanf(line, "%*s %*s %511s", name) == 1)
			(void)fprintf(out, "%s\n", name);
	fclose(file);
	if (!out || fclose(out) != 0 || !bytes) {
		free(text);
		return NULL;
	}
	return text;
}

static char *lib_text(const struct kernlib_entry *entry, enum kernlib_part part)
{
	uint8_t *bytes = NULL;
	size_t cnt = 0;

	return entry && kernlib_read(entry, part, &bytes, &cnt) >= 0 ? (char *)bytes : NULL;
}

/* The entry behind what a caller holds: the kernel is its first member, and entries are not
 * constant. */
static struct target_entry *entry_of(const struct check_kernel *kernel)
{
	return (struct target_entry *)(uintptr_t)kernel;
}

const char *check_kernel_config(const struct check_kernel *kernel)
{
	struct target_entry *entry = entry_of(kernel);

	if (!entry->config_read)
		entry->config = entry->running ? running_config(entry->name)
					       : lib_text(entry->lib, KERNLIB_CONFIG);
	entry->config_read = true;
	return entry->config;
}

const char *check_kernel_symbols(const struct check_kernel *kernel)
{
	struct target_entry *entry = entry_of(kernel);

	if (!entry->symbols_read)
		entry->symbols =
			entry->running ? running_symbols() : lib_text(entry->lib, KERNLIB_SYMBOLS);
	entry->symbols_read = true;
	return entry->symbols;
}

const struct btf_view *check_kernel_types(const struct check_kernel *kernel)
{
	struct target_entry *entry = entry_of(kernel);

	if (!entry->types_read && entry->btf)
		(void)btf_view_new(entry->btf, kernel->btf_bytes, NULL, &entry->types);
	entry->types_read = true;
	return entry->types;
}

static void read_btf(const struct check_targets *targets, struct target_entry *entry)
{
	const char *path = targets->opts->btf_path;

	if (!path && entry->running)
		path = "/sys/kernel/btf/vmlinux";
	if (path)
		(void)check_read_file(path, &entry->btf, &entry->kernel.btf_bytes);
	else if (entry->lib)
		(void)kernlib_read(entry->lib, KERNLIB_BTF, &entry->btf, &entry->kernel.btf_bytes);
}

static bool has_data_symbols(const struct target_entry *entry)
{
	const char *config;

	if (entry->running)
		return running_has_data_symbols();
	config = check_kernel_config(&entry->kernel);
	return !config || strstr(config, "\nCONFIG_KALLSYMS_ALL=y");
}

/* A kernel that is locked down lets no program write user memory; one that is not here is not known to be. */
static bool is_locked_down(const struct target_entry *entry)
{
	FILE *file = entry->running ? fopen("/sys/kernel/security/lockdown", "re") : NULL;
	char text[64] = "";

	if (file) {
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
	}
	return strstr(text, "[integrity]") || strstr(text, "[confidentiality]");
}

/* The architecture that a configuration is of. */
static const char *machine_of_config(const char *config)
{
	static const struct {
		const char *name, *line;
	} rows[] = {
#define KERNEL_ARCH(number, name, config, ...) { #name, "\n" config "=y" },
#include "proto/kernel_types.def"
	};

	for (size_t i = 0; i < ARRAY_CNT(rows); i++)
		if (strstr(config, rows[i].line))
			return rows[i].name;
	return "another";
}

/* As uname -m says; another kernel's by its configuration, where the library has it. NULL: x86_64. */
static const char *machine_of(struct target_entry *entry, const struct utsname *uts)
{
	const char *config;

	if (entry->running)
		return uts->machine;
	config = check_kernel_config(&entry->kernel);
	return config ? machine_of_config(config) : NULL;
}

static void target_make(const struct check_targets *targets, struct target_entry *entry)
{
	struct bgv_target_spec spec = { .nr_cpus = entry->nr_cpus };
	struct check_kernel *kernel = &entry->kernel;
	struct utsname uts;
	char version[64];

	release_version(entry->name, version, sizeof(version));
	spec.version = version;
	spec.machine = uname(&uts) == 0 ? machine_of(entry, &uts) : NULL;
	if (is_locked_down(entry))
		spec.flags |= BGV_TARGET_LOCKDOWN;
	if (!has_data_symbols(entry))
		spec.flags |= BGV_TARGET_NO_DATA_SYMBOLS;
	read_btf(targets, entry);
	if (entry->btf && btfname_new(entry->btf, kernel->btf_bytes, NULL, &entry->names) >= 0) {
		spec.vmlinux_btf = entry->btf;
		spec.vmlinux_btf_bytes = kernel->btf_bytes;
	}
	(void)bgv_target_new(&spec, &entry->target);
	kernel->name = entry->name;
	kernel->target = entry->target;
	kernel->rules = entry->target ? bgv_target_profile(entry->target) : "";
	kernel->confidence = entry->target ? measured_confidence(version) : MEASURED_NOT;
	kernel->names = entry->names;
	kernel->btf = entry->names ? entry->btf : NULL;
}

/* The name that a text stands for, and what the library has of it. */
static const char *resolve(const struct check_targets *targets, const char *text,
			   const struct kernlib_entry **ret_lib)
{
	size_t release = strcspn(targets->running, " ");

	*ret_lib = NULL;
	if (!text || !strcmp(text, "running") || !strcmp(text, targets->running) ||
	    (strlen(text) == release && !strncmp(text, targets->running, release)))
		return targets->running;
	*ret_lib = kernlib_find(&targets->lib, text);
	return *ret_lib ? (*ret_lib)->name : text;
}

const struct check_kernel *check_targets_get(struct check_targets *targets, const char *name,
					     uint32_t nr_cpus)
{
	const struct kernlib_entry *lib;
	struct target_entry *entry;
	long cpus;

	name = resolve(targets, name, &lib);
	if (!nr_cpus) {
		cpus = sysconf(_SC_NPROCESSORS_CONF);
		nr_cpus = cpus > 0 ? (uint32_t)cpus : 1;
	}
	for (entry = targets->entries; entry; entry = entry->next)
		if (entry->nr_cpus == nr_cpus && !strcmp(entry->name, name))
			return &entry->kernel;
	entry = calloc(1, sizeof(*entry) + strlen(name) + 1);
	if (!entry)
		return NULL;
	memcpy(entry->name, name, strlen(name));
	entry->nr_cpus = nr_cpus;
	entry->lib = lib;
	entry->running = name == targets->running;
	target_make(targets, entry);
	entry->next = targets->entries;
	targets->entries = entry;
	return &entry->kernel;
}

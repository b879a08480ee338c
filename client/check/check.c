/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfgate-check: judges objects and bundles offline. Promises to need no daemon, no privileges and
 * no bpf(2); a file that is neither is refused by name. `bpfgate check` executes it.
 */
#include "client/check/check.h"

#include <fcntl.h>
#include <getopt.h>
#include <string.h>

#include "client/check/check_form.h"
#include "client/check/check_rule.h"
#include "client/check/check_target.h"
#include "client/check/check_verbs.h"
#include "client/shared/cmd.h"
#include "client/shared/options.h"
#include "client/shared/out.h"
#include "proto/own.h"
#include "verifier/kernel/measured.h"

static int parse_number(const char *text, unsigned long max, unsigned long *ret_value)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || !*text || *end || *text == '-' || !value || value > max)
		return -EINVAL;
	*ret_value = value;
	return 0;
}

/* Cuts the list in place: the releases point into it. */
static int set_kernels(struct check_options *opts, char *list)
{
	for (char *rest = NULL, *name = strtok_r(list, ",", &rest); name;
	     name = strtok_r(NULL, ",", &rest)) {
		if (opts->kernel_cnt == CHECK_KERNELS_MAX)
			return -E2BIG;
		opts->kernels[opts->kernel_cnt++] = name;
	}
	return opts->kernel_cnt ? 0 : -EINVAL;
}

static int set_named(const char *const *names, size_t cnt, const char *name, int *ret_value)
{
	for (size_t i = 0; i < cnt; i++)
		if (!strcmp(names[i], name)) {
			*ret_value = (int)i;
			return 0;
		}
	return -EINVAL;
}

static int set_mode(struct check_options *opts, const char *name)
{
	static const char *const names[] = {
		[BGV_MODE_FULL] = "full",
		[BGV_MODE_LEAK_RULES] = "leak-rules",
		[BGV_MODE_NO_PERFMON] = "no-perfmon",
	};
	int value = 0, r = set_named(names, ARRAY_CNT(names), name, &value);

	opts->mode = (enum bgv_mode)value;
	opts->mode_given = true;
	return r;
}

static int set_format(struct check_options *opts, const char *name)
{
	static const char *const names[] = {
		[CHECK_TEXT] = "text",
		[CHECK_JSON] = "json",
		[CHECK_JSONL] = "jsonl",
		[CHECK_SARIF] = "sarif",
		[CHECK_JUNIT] = "junit",
		[CHECK_GITHUB] = "github",
		[CHECK_HTML] = "html",
	};
	int value = 0, r = set_named(names, ARRAY_CNT(names), name, &value);

	opts->format = (enum check_format)value;
	return r;
}

/* Another form beside the main one; on standard output there is room for one. */
static int set_file(struct check_options *opts, enum check_format format, const char *path)
{
	if (!strcmp(path, "-"))
		opts->format = format;
	else if (*path)
		opts->files[format] = path;
	return *path ? 0 : -EINVAL;
}

static int set_colour(struct check_options *opts, const char *when)
{
	opts->colour = when;
	return !strcmp(when, "always") || !strcmp(when, "never") || !strcmp(when, "auto") ? 0 : -EINVAL;
}

/* Options with a value; 0 or -errno when the value is no good. */
static int set_valued(struct check_options *opts, enum option_id opt, char *value)
{
	unsigned long number;
	int r = 0;

	if (opt == OPT_PROG)
		opts->prog = value;
	else if (opt == OPT_KERNEL)
		return set_kernels(opts, value);
	else if (opt == OPT_BTF)
		opts->btf_path = value;
	else if (opt == OPT_KERNELS)
		opts->kernels_dir = value;
	else if (opt == OPT_MODE)
		return set_mode(opts, value);
	else if (opt == OPT_FORMAT)
		return set_format(opts, value);
	else if (opt == OPT_SARIF)
		return set_file(opts, CHECK_SARIF, value);
	else if (opt == OPT_JUNIT)
		return set_file(opts, CHECK_JUNIT, value);
	else if (opt == OPT_COLOR)
		return set_colour(opts, value);
	else if (opt == OPT_REPORT)
		return set_file(opts, CHECK_HTML, value);
	else if (opt == OPT_FAIL_ON)
		r = check_rule_is_good(opts->fail_on = value) ? 0 : -EINVAL;
	else if (opt == OPT_TIME_LIMIT && (r = parse_number(value, 86400, &number)) >= 0)
		opts->limits.time_ns = number * 1000000000ull;
	else if (opt == OPT_MEMORY_LIMIT && (r = parse_number(value, 1 << 20, &number)) >= 0)
		opts->limits.memory_bytes = number << 20;
	else if (opt == OPT_JOBS && (r = parse_number(value, CHECK_WORKERS_MAX, &number)) >= 0)
		opts->workers = (unsigned int)number;
	return r;
}

static bool set_flag(struct check_options *opts, enum option_id opt)
{
	if (opt == OPT_VERBOSE)
		opts->verbose = true;
	else if (opt == OPT_QUIET)
		opts->quiet = true;
	else if (opt == OPT_JSON)
		opts->format = CHECK_JSON;
	else if (opt == OPT_JSONL)
		opts->format = CHECK_JSONL;
	else if (opt == OPT_GITHUB)
		opts->format = CHECK_GITHUB;
	else if (opt == OPT_PRETTY)
		opts->pretty = true;
	else
		return false;
	return true;
}

static int check_take(void *ctx, enum option_id id, char *value)
{
	return set_flag(ctx, id) ? 0 : set_valued(ctx, id, value);
}

static int add_inputs(struct check_inputs *inputs, int argc, char **argv)
{
	int r = 0;

	for (int i = optind; i < argc && r >= 0; i++)
		r = check_inputs_add(inputs, argv[i]);
	return r;
}

/* A kernel that is not known as such is judged by the rules of a series: whoever asks for it should
 * know. */
static void note_kernel(const struct check_kernel *kernel)
{
	size_t n = measured_series_len(kernel->rules);
	const struct measured *later = measured_later_patch(kernel->name);

	if (!kernel->target)
		(void)fprintf(stderr,
			      "bpfgate check: no profile for kernel \"%s\": the oldest is 6.1\n",
			      kernel->name);
	else if (strncmp(kernel->name, kernel->rules, n) != 0 ||
		 (kernel->name[n] >= '0' && kernel->name[n] <= '9'))
		(void)fprintf(
			stderr,
			"bpfgate check: kernel \"%s\" is judged by the rules of %s, the nearest that was probed\n",
			kernel->name, kernel->rules);
	else if (later && kernel->confidence != MEASURED_BUILD)
		(void)fprintf(
			stderr,
			"bpfgate check: kernel \"%s\" is judged as builds of %s before %s, the stricter: it is not known which of its fixes it has\n",
			kernel->name, kernel->rules, later->rules);
}

/* "all" becomes the names of all that are known; each other name is looked up, so that a note can
 * be printed. */
static void settle_kernels(struct check_options *opts, struct check_targets *targets)
{
	const struct check_kernel *kernel;

	for (size_t i = 0; i < opts->kernel_cnt; i++)
		if (!strcmp(opts->kernels[i], "all")) {
			opts->kernel_cnt =
				check_targets_all(targets, opts->kernels, CHECK_KERNELS_MAX);
			return;
		}
	for (size_t i = 0; i < opts->kernel_cnt; i++) {
		kernel = check_targets_get(targets, opts->kernels[i], 0);
		if (!kernel)
			continue;
		note_kernel(kernel);
		opts->kernels[i] = kernel->name;
	}
}

/* Not with fopen(), which in this binary is libbpf's and only reads (object/fakelibc.c). */
static FILE *create_file(const char *path)
{
	OWN_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	if (file)
		(void)TAKE_FD(fd);
	return file;
}

/* Before anything is judged: who cannot be given the result need not wait for it. */
static int open_files(const struct check_options *opts, FILE *files[CHECK_FORMAT_CNT])
{
	for (int i = 0; i < CHECK_FORMAT_CNT; i++) {
		if (!opts->files[i])
			continue;
		files[i] = create_file(opts->files[i]);
		if (files[i])
			continue;
		(void)fprintf(stderr, "bpfgate check: ");
		out_safe(stderr, opts->files[i], false);
		(void)fprintf(stderr, ": cannot be written: %s\n", strerror(errno));
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

static void close_files(FILE *files[CHECK_FORMAT_CNT])
{
	for (int i = 0; i < CHECK_FORMAT_CNT; i++)
		if (files[i])
			(void)fclose(files[i]); /* flushed and looked at before */
}

static int write_all(const struct check_report *report, FILE *files[CHECK_FORMAT_CNT])
{
	int r = check_print(stdout, report->opts->format, report);

	for (int i = 0; i < CHECK_FORMAT_CNT && r >= 0; i++)
		if (files[i])
			r = check_print(files[i], (enum check_format)i, report);
	return r;
}

static int check_all(const struct check_options *opts, const struct check_inputs *inputs,
		     struct check_targets *targets)
{
	struct check_result *results = NULL;
	size_t cnt = 0;
	FILE *files[CHECK_FORMAT_CNT] = { 0 };
	int r = 0, code = open_files(opts, files);

	if (code == EXIT_OK)
		r = check_run(opts, inputs, targets, &results, &cnt);
	if (code == EXIT_OK && r >= 0)
		r = write_all(&(struct check_report){ opts, inputs, results, cnt }, files);
	close_files(files);
	if (code != EXIT_OK)
		return code;
	code = check_exit_code(results, cnt, opts->fail_on);
	/* "All would load" must not be said of nothing. */
	if (r >= 0 && !cnt) {
		(void)fprintf(stderr, "bpfgate check: %s\n",
			      !inputs->cnt ? "no *.o and no *.bpfb there"
			      : opts->prog ? "no program of that name"
					   : "no program in it");
		code = EXIT_INPUT;
	}
	check_results_free(results, cnt);
	if (r >= 0)
		return code;
	(void)fprintf(stderr, "bpfgate check: %s\n", strerror(-r));
	return EXIT_INTERNAL;
}

int main(int argc, char **argv)
{
	struct check_options opts = { 0 };
	struct check_inputs inputs = { 0 };
	struct check_targets *targets;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int code;

	opts.workers = cpus < 1			  ? 1
		       : cpus > CHECK_WORKERS_MAX ? CHECK_WORKERS_MAX
						  : (unsigned int)cpus;
	if (argc && !strcmp(argv[0], "compare"))
		return check_compare(argc, argv, &opts);
	if (argc && !strcmp(argv[0], "inspect"))
		return check_inspect(argc, argv, &opts);
	if (!options_parse(VERB_CHECK, argc, argv, check_take, &opts, &code))
		return code;
	if (optind == argc)
		return options_usage(VERB_CHECK);
	targets = check_targets_new(&opts);
	if (!targets || add_inputs(&inputs, argc, argv) < 0) {
		(void)fputs("bpfgate check: out of memory\n", stderr);
		code = EXIT_INTERNAL;
	} else {
		settle_kernels(&opts, targets);
		code = check_all(&opts, &inputs, targets);
	}
	check_inputs_done(&inputs);
	check_targets_free(targets);
	return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfgate-load, the binary behind `bpfgate load`: libbpf as everybody knows it, whose bpf() calls go through
 * the daemon because this binary links the interposing syscall(). Promises to attach what it was told to
 * attach and nothing else, and to leave nothing behind unless told to pin. Trusts libbpf with the object: it
 * runs with the caller's own rights. Refuses an object in which the named program does not exist.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "client/shared/ask.h"
#include "client/bpfgate.h"
#include "client/shared/cmd.h"
#include "client/shared/options.h"
#include "client/shared/out.h"
#include "client/shared/present.h"
#include "proto/own.h"

#define LOAD_LINKS_MAX 64

struct load_args {
	const char *object, *prog, *attach, *pin;
	bool hold, json;
};

struct load_links {
	const struct bpf_program *prog[LOAD_LINKS_MAX];
	int fd[LOAD_LINKS_MAX];
	size_t cnt;
};

struct load_attach_kind {
	const char *prefix;
	enum bpf_attach_type type;
	bool interface;	/* the target is an interface name, else a cgroup path */
	bool own_type;	/* the program's expected attach type is used instead */
};

/* Where --attach points to, found before anything is loaded. */
struct load_target {
	const struct load_attach_kind *kind;	/* NULL: nothing is to be attached */
	int ifindex, cgroup_fd;
};

/* Attach types that the build host's header may not know yet; numbers of enum bpf_attach_type. */
#define LOAD_TCX_INGRESS ((enum bpf_attach_type)46)
#define LOAD_TCX_EGRESS	 ((enum bpf_attach_type)47)

static const struct load_attach_kind load_attach_kinds[] = {
	{ "xdp:", BPF_XDP, true, false },
	{ "tcx-ingress:", LOAD_TCX_INGRESS, true, false },
	{ "tcx-egress:", LOAD_TCX_EGRESS, true, false },
	{ "cgroup:", BPF_CGROUP_INET_INGRESS, false, true },
};

static int load_quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0; /* the reason of a refusal says more than libbpf's account of it */
}

/* An error document or a line; the exit code is returned as it came. */
static int load_complain(const struct load_args *args, int code, const char *what, const char *message)
{
	if (args->json) {
		out_json_error(stdout, code == EXIT_USAGE ? REFUSAL_USAGE : REFUSAL_INPUT, message, what, false);
		return code;
	}
	fputs("bpfgate load: ", stderr);
	out_safe(stderr, what, false);
	fputs(": ", stderr);
	out_safe(stderr, message, false);
	fputc('\n', stderr);
	return code;
}

static int load_find_target(const struct load_args *args, struct load_target *ret_target)
{
	const char *name;

	for (size_t i = 0; args->attach && i < ARRAY_CNT(load_attach_kinds); i++)
		if (!strncmp(args->attach, load_attach_kinds[i].prefix, strlen(load_attach_kinds[i].prefix)))
			ret_target->kind = &load_attach_kinds[i];
	if (!args->attach)
		return EXIT_OK;
	if (!ret_target->kind)
		return load_complain(args, EXIT_USAGE, args->attach,
				     "--attach wants xdp:, tcx-ingress:, tcx-egress: or cgroup:");
	name = args->attach + strlen(ret_target->kind->prefix);
	if (ret_target->kind->interface)
		ret_target->ifindex = (int)if_nametoindex(name);
	else
		ret_target->cgroup_fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret_target->ifindex <= 0 && ret_target->cgroup_fd < 0)
		return load_complain(args, EXIT_INPUT, name, strerror(errno));
	return EXIT_OK;
}

/* Attaches one loaded program to the target. The new link fd, or -errno. */
static int load_attach(const struct bpf_program *prog, const struct load_target *target)
{
	enum bpf_attach_type type = target->kind->own_type ? bpf_program__expected_attach_type(prog) :
							     target->kind->type;

	return bpf_link_create(bpf_program__fd(prog),
			       target->kind->interface ? target->ifindex : target->cgroup_fd, type, NULL);
}

/* Only the named program is loaded, all when no name is given. 0 or -ENOENT. */
static int load_select(struct bpf_object *object, const char *name)
{
	struct bpf_program *prog;
	bool found = !name;

	bpf_object__for_each_program(prog, object) {
		bool wanted = !name || !strcmp(bpf_program__name(prog), name);

		bpf_program__set_autoload(prog, wanted);
		found |= wanted;
	}
	return found ? 0 : -ENOENT;
}

static int load_refused(const struct load_args *args, int err)
{
	const char *reason = bpfgate_last_reason();
	char words[128];

	if (!reason || !*reason) {
		(void)libbpf_strerror(err, words, sizeof(words));
		reason = words;
	}
	if (args->json)
		out_json_error(stdout, err == EPERM ? REFUSAL_REFUSED : REFUSAL_REJECTED, reason,
			       "bpfgate why", false);
	else {
		fputs("bpfgate: ", stderr);
		out_safe(stderr, reason, true);
		if (reason[strlen(reason) - 1] != '\n')
			fputc('\n', stderr);
	}
	if (err == ENOENT || err == LIBBPF_ERRNO__FORMAT)
		return EXIT_INPUT;
	return err == EPERM ? EXIT_POLICY : EXIT_REJECTED;
}

static void load_wait(void)
{
	struct signalfd_siginfo info;
	sigset_t set;
	OWN_FD int fd = -1;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd >= 0 && read(fd, &info, sizeof(info)) < 0)
		fprintf(stderr, "bpfgate: %s\n", strerror(errno));
}

/* One loaded program as a line, or as an element of the document. 0 or -errno. */
static int load_print(json_t *programs, const struct bpf_program *prog)
{
	struct bpf_prog_info info = { 0 };
	__u32 bytes = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &bytes) < 0)
		info.id = 0;
	if (programs)
		return json_array_append_new(programs, json_pack("{s:s, s:I}", "name", bpf_program__name(prog),
								 "id", (json_int_t)info.id)) < 0 ? -ENOMEM : 0;
	printf("loaded ");
	out_safe(stdout, bpf_program__name(prog), false);
	printf(" (program %u)\n", info.id);
	return fflush(stdout) ? -EIO : 0;
}

/* Takes programs over. */
static int load_print_document(json_t *programs)
{
	return out_json_take(stdout, json_pack("{s:s, s:o}", "schema_version", OUT_SCHEMA_VERSION, "programs", programs),
			     false);
}

/* What is pinned stays attached: a link lies beside its program, as NAME_link. 0 or -errno. */
static int load_pin_link(const struct load_args *args, const struct bpf_program *prog, int fd)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/%s_link", args->pin, bpf_program__name(prog));

	if (len < 0 || len >= (int)sizeof(path))
		return -ENAMETOOLONG;
	if (fd < 0)
		return bpfgate_unpin(path);
	return bpf_obj_pin(fd, path);
}

/* The links first: where not all can be pinned they are taken back, and nothing stays attached. */
static int load_pin(const struct load_args *args, struct bpf_object *object, const struct load_links *links)
{
	size_t i;
	int r = 0;

	for (i = 0; i < links->cnt && r == 0; i++)
		r = load_pin_link(args, links->prog[i], links->fd[i]);
	if (r == 0)
		r = bpf_object__pin(object, args->pin);
	else
		i--;
	while (r < 0 && i > 0)
		(void)load_pin_link(args, links->prog[--i], -1);
	return r;
}

/* Attaches and pins as told; what was loaded is told once all of it has succeeded, as one document. */
static int load_finish(const struct load_args *args, struct bpf_object *object, const struct load_target *target,
		       struct load_links *links)
{
	json_t *programs = args->json ? json_array() : NULL;
	struct bpf_program *prog;
	int r;

	bpf_object__for_each_program(prog, object) {
		if (!bpf_program__autoload(prog))
			continue;
		if (load_print(programs, prog) < 0)
			return EXIT_INTERNAL;
		if (target->kind && links->cnt < LOAD_LINKS_MAX) {
			int fd = load_attach(prog, target);

			if (fd < 0) {
				json_decref(programs);
				return load_refused(args, -fd);
			}
			links->prog[links->cnt] = prog;
			links->fd[links->cnt++] = fd;
		}
	}
	r = args->pin ? load_pin(args, object, links) : 0;
	if (r < 0) {
		json_decref(programs);
		return load_refused(args, -r);
	}
	if (programs && load_print_document(programs) < 0)
		return EXIT_INTERNAL;
	if (args->hold)
		load_wait();
	return EXIT_OK;
}

/* An object is shown to the daemon first: its signature, or its digest, may be what a rule asks for. */
static void load_present(const char *object)
{
	(void)present_environment();
	(void)present_object(object, NULL);
}

static int load_opened(const struct load_args *args, struct bpf_object *object, const struct load_target *target)
{
	struct load_links links = { .cnt = 0 };
	int code, r;

	if (load_select(object, args->prog) < 0)
		return load_complain(args, EXIT_INPUT, args->prog, "no program of that name in this object");
	load_present(args->object);
	r = bpf_object__load(object);
	code = r < 0 ? load_refused(args, -r) : load_finish(args, object, target, &links);
	while (links.cnt)
		close(links.fd[--links.cnt]);
	return code;
}

/* What needs no daemon is looked at first; then whether there is one, for a refusal is not an absence. */
static int load_object(const struct load_args *args)
{
	struct load_target target = { .cgroup_fd = -1 };
	int code = load_find_target(args, &target);
	OWN_FD int cgroup = target.cgroup_fd;
	struct bpf_object *object;
	json_t *status = NULL;
	char words[128];

	(void)cgroup;
	if (code != EXIT_OK)
		return code;
	object = bpf_object__open_file(args->object, NULL);
	if (!object) {
		(void)libbpf_strerror(errno, words, sizeof(words));
		return load_complain(args, EXIT_INPUT, args->object, words);
	}
	code = ask_daemon(BPFGATE_STATUS, "", args->json, &status);
	json_decref(status);
	if (code == EXIT_OK)
		code = load_opened(args, object, &target);
	bpf_object__close(object);
	return code;
}

static int load_take(void *ctx, enum option_id id, char *value)
{
	struct load_args *args = ctx;

	if (id == OPT_PROG)
		args->prog = value;
	else if (id == OPT_ATTACH)
		args->attach = value;
	else if (id == OPT_PIN)
		args->pin = value;
	args->hold |= id == OPT_HOLD;
	args->json |= id == OPT_JSON;
	return 0;
}

int main(int argc, char **argv)
{
	struct load_args args = { 0 };
	int code;

	if (!options_parse(VERB_LOAD, argc, argv, load_take, &args, &code))
		return code;
	if (optind + 1 != argc)
		return options_usage(VERB_LOAD);
	args.object = argv[optind];
	libbpf_set_print(load_quiet);
	return load_object(&args);
}

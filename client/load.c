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
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "client/bpfgate.h"
#include "client/cmd.h"
#include "client/out.h"
#include "client/present.h"
#include "proto/own.h"

#define LOAD_LINKS_MAX 64

struct load_args {
	const char *object, *prog, *attach, *pin;
	bool hold, json;
};

struct load_links {
	struct bpf_link *link[LOAD_LINKS_MAX];
	int fd[LOAD_LINKS_MAX];
	size_t cnt;
};

struct load_attach_kind {
	const char *prefix;
	enum bpf_attach_type type;
	bool interface;	/* the target is an interface name, else a cgroup path */
	bool own_type;	/* the program's expected attach type is used instead */
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

/* Attaches one loaded program to the target. The new link fd, or -errno (said on stderr). */
static int load_attach(const struct bpf_program *prog, const char *attach)
{
	for (size_t i = 0; i < ARRAY_CNT(load_attach_kinds); i++) {
		const struct load_attach_kind *kind = &load_attach_kinds[i];
		const char *target = attach + strlen(kind->prefix);
		enum bpf_attach_type type = kind->own_type ? bpf_program__expected_attach_type(prog) : kind->type;
		OWN_FD int cgroup = -1;
		int object, fd;

		if (strncmp(attach, kind->prefix, strlen(kind->prefix)))
			continue;
		if (kind->interface)
			object = (int)if_nametoindex(target);
		else
			object = cgroup = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (object <= 0) {
			int err = errno;

			fprintf(stderr, "bpfgate: %s: %s\n", target, strerror(err));
			return -err;
		}
		fd = bpf_link_create(bpf_program__fd(prog), object, type, NULL);
		if (fd < 0)
			fprintf(stderr, "bpfgate: attach %s: %s\n", attach, strerror(-fd));
		return fd;
	}
	fprintf(stderr, "bpfgate: --attach wants xdp:, tcx-ingress:, tcx-egress: or cgroup:\n");
	return -EINVAL;
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
	if (!found)
		fprintf(stderr, "bpfgate: no program \"%s\" in this object\n", name);
	return found ? 0 : -ENOENT;
}

static int load_refused(const struct load_args *args, int err)
{
	const char *reason = bpfgate_last_reason();

	if (!reason || !*reason)
		reason = strerror(err);
	if (args->json)
		out_json_error(stdout, err == EPERM ? "REFUSED" : "REJECTED", reason,
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

static int load_print(const struct load_args *args, const struct bpf_program *prog)
{
	struct bpf_prog_info info = { 0 };
	__u32 bytes = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &bytes) < 0)
		info.id = 0;
	if (args->json)
		printf("{\"schema_version\":\"" OUT_SCHEMA_VERSION "\",\"name\":\"%s\",\"id\":%u}\n",
		       bpf_program__name(prog), info.id);
	else
		printf("loaded %s (program %u)\n", bpf_program__name(prog), info.id);
	return fflush(stdout) ? -EIO : 0;
}

static int load_finish(const struct load_args *args, struct bpf_object *object, struct load_links *links)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, object) {
		if (!bpf_program__autoload(prog))
			continue;
		if (load_print(args, prog) < 0)
			return EXIT_INTERNAL;
		if (args->attach && links->cnt < LOAD_LINKS_MAX) {
			int fd = load_attach(prog, args->attach);

			if (fd < 0)
				return load_refused(args, -fd);
			links->fd[links->cnt++] = fd;
		}
	}
	if (args->pin && bpf_object__pin(object, args->pin) < 0)
		return load_refused(args, errno);
	if (args->hold)
		load_wait();
	return EXIT_OK;
}

/* An object is shown to the daemon first: its signature, or its digest, may be what a rule asks for. */
static void load_present(const char *object)
{
	OWN_MEM char *text = NULL;
	int r;

	(void)present_environment();
	r = present_object(object, NULL, &text);
	if (r >= 0 || r == -ENOKEY)
		return;
	fprintf(stderr, "bpfgate: the signature of ");
	out_safe(stderr, object, false);
	fprintf(stderr, " does not count: ");
	out_safe(stderr, text ? text : strerror(-r), false);
	fputc('\n', stderr);
}

static int load_object(const struct load_args *args)
{
	struct load_links links = { .cnt = 0 };
	struct bpf_object *object = bpf_object__open_file(args->object, NULL);
	int code, r;

	if (!object) {
		fprintf(stderr, "bpfgate: %s: %s\n", args->object, strerror(errno));
		return EXIT_INPUT;
	}
	load_present(args->object);
	r = load_select(object, args->prog);
	if (r == 0)
		r = bpf_object__load(object);
	code = r < 0 ? load_refused(args, -r) : load_finish(args, object, &links);
	while (links.cnt)
		close(links.fd[--links.cnt]);
	bpf_object__close(object);
	return code;
}

static int load_usage(void)
{
	fprintf(stderr, "usage: bpfgate load OBJ [--prog NAME] [--attach xdp:IFACE|tcx-ingress:IFACE|"
			"tcx-egress:IFACE|cgroup:PATH] [--pin DIR] [--hold] [--json]\n");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "prog", required_argument, NULL, 'P' }, { "attach", required_argument, NULL, 'a' },
		{ "pin", required_argument, NULL, 'n' },  { "hold", no_argument, NULL, 'H' },
		{ "json", no_argument, NULL, 'j' },	  { NULL, 0, NULL, 0 },
	};
	struct load_args args = { 0 };
	int c;

	while ((c = getopt_long(argc, argv, "j", options, NULL)) != -1) {
		if (c == 'P')
			args.prog = optarg;
		else if (c == 'a')
			args.attach = optarg;
		else if (c == 'n')
			args.pin = optarg;
		else if (c == 'H')
			args.hold = true;
		else if (c == 'j')
			args.json = true;
		else
			return load_usage();
	}
	if (optind + 1 != argc)
		return load_usage();
	args.object = argv[optind];
	libbpf_set_print(load_quiet);
	return load_object(&args);
}

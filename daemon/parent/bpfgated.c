/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfgated: options, the listening socket, and then the loop of parent.c. The only input it reads is its
 * command line, what the service manager hands over, signals, and fixed-size structs of its children.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "daemon/parent/confine.h"
#include "daemon/parent/listen.h"
#include "daemon/parent/notify.h"
#include "daemon/parent/parent.h"
#include "daemon/parent/pinfs.h"
#include "proto/own.h"

#define SPARE_FDS	512 /* for everything but what is kept: children, channels, messages in flight */
#define BROKER_ARGS_MAX 64

struct options {
	struct settings set;
	const char *broker_user, *judge_user, *loader_user;
	char *broker_args[BROKER_ARGS_MAX];
};

/* Each option is a row; where it goes is either a field or the broker's command line. */
static const struct option_row {
	const char *name;
	const char *broker;	/* what the broker calls it; NULL: ours */
	size_t field;		/* ours: offset in struct options */
	const char *metavar, *help;
} option_rows[] = {
	{ "socket", NULL, offsetof(struct options, set.socket_path), "PATH", "listen here (default " BPFGATE_RUNDIR "/bpfgate.sock)" },
	{ "group", NULL, offsetof(struct options, set.group), "GROUP", "who may connect to it (default bpfgate)" },
	{ "policy", "--policy-dir", 0, "DIR", "read policy from this directory (the broker's option, may be repeated)" },
	{ "objects", "--object-dir", 0, "DIR", "read signed objects from this directory (the broker's option, may be repeated)" },
	{ "keep", NULL, offsetof(struct options, set.keep_dir), "DIR", "hold what is pinned here, on a bpf file system, while bpfgated is away" },
	{ "ledger", NULL, offsetof(struct options, set.ledger_path), "FILE", "keep the ledger here, on a tmpfs, while bpfgated is away" },
	{ "libexec", NULL, offsetof(struct options, set.libexec), "DIR", "where the other binaries are (default " BPFGATE_LIBEXECDIR ")" },
	{ "broker-user", NULL, offsetof(struct options, broker_user), "USER", "name or uid (default bpfgate-broker)" },
	{ "judge-user", NULL, offsetof(struct options, judge_user), "USER", "name or uid (default bpfgate-judge)" },
	{ "loader-user", NULL, offsetof(struct options, loader_user), "USER", "name or uid (default bpfgate-loader)" },
	{ "spares", NULL, offsetof(struct options, set.spares), "N", "judges that wait in their sandbox (default 8)" },
};

#define ROWS	 ARRAY_CNT(option_rows)
#define OPT_HELP 'h'
#define OPT_VERS 1001

static void print_help(void)
{
	size_t i;

	printf("Usage: bpfgated [OPTION...] [-- BROKER-OPTION...]\n"
	       "Gives unprivileged processes the bpf() system call under policy.\n\n");
	for (i = 0; i < ROWS; i++)
		printf("  --%s %s%*s%s\n", option_rows[i].name, option_rows[i].metavar,
		       (int)(22 - strlen(option_rows[i].name) - strlen(option_rows[i].metavar)), "",
		       option_rows[i].help);
	printf("  -h, --help\n  --version\n");
}

static int options_add_broker_arg(struct options *opt, char *arg)
{
	if (opt->set.broker_arg_cnt == BROKER_ARGS_MAX)
		return -E2BIG;
	opt->broker_args[opt->set.broker_arg_cnt++] = arg;
	return 0;
}

static int options_take(struct options *opt, const struct option_row *row, char *value)
{
	int r;

	if (!row->broker) {
		memcpy((char *)opt + row->field, &value, sizeof(value));
		return 0;
	}
	r = options_add_broker_arg(opt, (char *)row->broker);
	return r < 0 ? r : options_add_broker_arg(opt, value);
}

/* 0 to run, 1 when everything was said (--help), or -errno. */
static int options_parse(struct options *opt, int argc, char **argv)
{
	struct option longs[ROWS + 3] = { 0 };
	int c, r = 0;
	size_t i;

	for (i = 0; i < ROWS; i++)
		longs[i] = (struct option){ option_rows[i].name, required_argument, NULL, (int)i };
	longs[ROWS] = (struct option){ "help", no_argument, NULL, OPT_HELP };
	longs[ROWS + 1] = (struct option){ "version", no_argument, NULL, OPT_VERS };
	while (r == 0 && (c = getopt_long(argc, argv, "h", longs, NULL)) >= 0) {
		if (c == OPT_HELP)
			return print_help(), 1;
		if (c == OPT_VERS)
			return printf("bpfgated %s\n", PACKAGE_VERSION), 1;
		r = (size_t)c < ROWS ? options_take(opt, &option_rows[c], optarg) : -EINVAL;
	}
	for (; r == 0 && optind < argc; optind++)
		r = options_add_broker_arg(opt, argv[optind]);
	return r;
}

static int account_find(const char *name, struct account *ret_account)
{
	const struct passwd *entry = getpwnam(name);
	char *end;
	unsigned long id = strtoul(name, &end, 10);

	if (entry) {
		*ret_account = (struct account){ entry->pw_uid, entry->pw_gid };
	} else if (*name && !*end && id > 0 && id < UINT32_MAX) {
		*ret_account = (struct account){ (uid_t)id, (gid_t)id };
	} else {
		fprintf(stderr, "bpfgated: no user %s (make it with systemd-sysusers, or name another)\n",
			name);
		return -ESRCH;
	}
	if (ret_account->uid)
		return 0;
	fprintf(stderr, "bpfgated: %s is root: every child needs an account without rights\n", name);
	return -EPERM;
}

/*
 * What the work takes: three capabilities to hand to loaders, two to find and enter a network namespace
 * (NET_ADMIN, SYS_ADMIN), the others to make children of other users.
 */
#define CAP_BIT(cap) (1ull << (cap))
#define CHILD_CAPS   (CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETGID) | CAP_BIT(CAP_SETPCAP)) /* no child without */
#define PARENT_CAPS  (CAP_BIT(CAP_BPF) | CAP_BIT(CAP_PERFMON) | CAP_BIT(CAP_NET_ADMIN) | \
		      CAP_BIT(CAP_SYS_ADMIN) | CHILD_CAPS)

static int options_finish(struct options *opt)
{
	int r;

	if (CHILD_CAPS & ~confine_permitted()) {
		fprintf(stderr, "bpfgated: it needs root's capabilities, as its unit gives them; clients need none\n");
		return -EPERM;
	}
	opt->set.broker_args = opt->broker_args;
	r = account_find(opt->broker_user, &opt->set.broker);
	if (r == 0)
		r = account_find(opt->judge_user, &opt->set.judge);
	if (r == 0)
		r = account_find(opt->loader_user, &opt->set.loader);
	return r;
}

static int parent_open_socket(struct parent *parent)
{
	int r;

	if (parent->listen_fd >= 0) /* the service manager's; the broker never waits in accept */
		return fcntl(parent->listen_fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
	r = listen_on_path(parent->set->socket_path, parent->set->group, &parent->listen_fd);
	if (r == -ESRCH)
		fprintf(stderr, "bpfgated: no group %s (make it with systemd-sysusers, or name another)\n",
			parent->set->group);
	else if (r < 0)
		fprintf(stderr, "bpfgated: cannot listen on %s: %s\n", parent->set->socket_path,
			strerror(-r));
	parent->socket_is_ours = r == 0;
	return r;
}

static int parent_open_ledger(struct parent *parent)
{
	const char *path = parent->set->ledger_path;
	int r = ledger_file_open(path, &parent->keep, &parent->ledger);

	if (r < 0) {
		fprintf(stderr, "bpfgated: no ledger%s%s: %s\n", path ? " at " : "", path ? path : "",
			strerror(-r));
		return r;
	}
	notify_store_ledger(&parent->ledger);
	return 0;
}

/* Without the directory bpfgated works; only what is pinned does not outlive it. */
static void parent_adopt(struct parent *parent)
{
	const char *dir = parent->set->keep_dir;
	int r = dir ? pinfs_open(&parent->keep, dir) : 0;
	struct kept *kept, *tmp;

	if (r < 0)
		fprintf(stderr, "bpfgated: pins will not outlive bpfgated: %s: %s\n", dir, strerror(-r));
	HASH_ITER (hh, parent->keep.by_id, kept, tmp)
		notify_store_kept(kept);
}

static int parent_set_up(struct parent *parent)
{
	struct inherited inherited;
	int r;

	parent->buf = malloc(PARENT_BUF_BYTES);
	parent->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!parent->buf || parent->epoll < 0)
		return -ENOMEM;
	keep_init(&parent->keep, parent->epoll, parent_handle_ready, SPARE_FDS);
	r = notify_inherit(&parent->keep, &inherited);
	parent->listen_fd = inherited.listen_fd;
	parent->ledger = inherited.ledger;
	if (r == 0)
		parent_adopt(parent);
	if (r == 0)
		r = parent_open_socket(parent);
	return r == 0 ? parent_open_ledger(parent) : r;
}

static int parent_confine(void)
{
	uint64_t caps = PARENT_CAPS & confine_permitted();

	confine_bounding(caps);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
		return -errno;
	return confine_caps(caps, 0);
}

static int run(const struct settings *set)
{
	struct parent parent = { .set = set, .epoll = -1, .signals.fd = -1, .listen_fd = -1,
				 .ledger.fd = -1, .to_broker.source.fd = -1, .next_box_id = 1 };
	int r = parent_set_up(&parent);

	if (r == 0)
		r = parent_confine();
	if (r == 0)
		r = parent_run(&parent);
	if (r < 0)
		fprintf(stderr, "bpfgated: %s\n", strerror(-r));
	parent_done(&parent);
	return r < 0 ? EXIT_FAILURE : r;
}

/*
 * Who reads what we say may stop reading: rather a word lost than a daemon that waits. A pipe or terminal is opened anew, because
 * others write into the one that we were given; the service manager's socket is ours alone. Files do not make anybody wait.
 */
static void stderr_never_waits(void)
{
	OWN_FD int anew = -1;
	struct stat st;

	(void)signal(SIGPIPE, SIG_IGN); /* nor may it have gone */
	if (fstat(STDERR_FILENO, &st) < 0)
		return;
	if (S_ISSOCK(st.st_mode) && getenv("JOURNAL_STREAM"))
		(void)fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
	if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
		return;
	anew = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (anew >= 0)
		(void)dup2(anew, STDERR_FILENO);
}

int main(int argc, char **argv)
{
	struct options opt = {
		.set = { .socket_path = BPFGATE_RUNDIR "/bpfgate.sock", .group = "bpfgate",
			 .libexec = BPFGATE_LIBEXECDIR },
		.broker_user = "bpfgate-broker",
		.judge_user = "bpfgate-judge",
		.loader_user = "bpfgate-loader",
	};
	int r;

	stderr_never_waits();
	r = options_parse(&opt, argc, argv);
	if (r > 0)
		return EXIT_SUCCESS;
	if (r == 0)
		r = options_finish(&opt);
	return r < 0 ? EXIT_FAILURE : run(&opt.set);
}

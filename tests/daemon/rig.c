/* SPDX-License-Identifier: Apache-2.0 */
/* See rig.h. The test process is root and stands in for the broker; everything else is the real thing. */
#include "tests/daemon/rig.h"

#include <dirent.h>
#include <errno.h>
#include <linux/bpf.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proto/own.h"
#include "proto/packet.h"
#include "tests/lib/reports.h"

#define WAIT_MS 30000 /* longer than bpfgated waits for a broker that does not answer */

static bool place(const struct rig *rig, const char *from_dir, const char *from, const char *as)
{
	char cmd[512];

	/* Copies, since the children's users may not enter the build directory. */
	(void)snprintf(cmd, sizeof(cmd), "cp '%s/%s' '%s/%s' && chmod 755 '%s/%s'", from_dir, from, rig->dir,
		       as, rig->dir, as);
	return system(cmd) == 0;
}

static bool listen_for_puppets(struct rig *rig)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	(void)snprintf(rig->abstract, sizeof(rig->abstract), "bpfgate-rig-%d", getpid());
	strcpy(at.sun_path + 1, rig->abstract);
	rig->puppets = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	return bind(rig->puppets, (struct sockaddr *)&at,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(rig->abstract))) == 0 &&
	       listen(rig->puppets, 4) == 0;
}

static bool wait_readable(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	return poll(&ready, 1, WAIT_MS) == 1;
}

bool rig_next_broker(struct rig *rig)
{
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	int *keep[] = { &rig->channel, &rig->listen, &rig->ledger };
	struct keep_ask ready = { .kind = ASK_READY };
	size_t i;

	for (i = 0; i < ARRAY_CNT(keep); i++)
		own_close_fd(keep[i]);
	own_close_fd(&rig->puppet);
	own_close_fd(&rig->zygote);
	if (!wait_readable(rig->puppets))
		return false;
	rig->puppet = accept4(rig->puppets, NULL, NULL, SOCK_CLOEXEC);
	if (rig->puppet < 0 || !wait_readable(rig->puppet) ||
	    packet_recv(rig->puppet, &rig->broker, sizeof(rig->broker), &fds, 0) <= 0 || fds.cnt != 3)
		return false;
	for (i = 0; i < ARRAY_CNT(keep); i++)
		*keep[i] = packet_fds_take(&fds, (uint32_t)i);
	return rig_call(rig, &ready, NULL, 0, NULL, NULL) == 0;
}

static _Noreturn void be_bpfgated(const struct rig *rig, const char *builddir)
{
	char path[256], said[64];

	(void)snprintf(path, sizeof(path), "%s/daemon/bpfgated", builddir);
	(void)snprintf(said, sizeof(said), "%s/said", rig->dir);
	(void)setpgid(0, 0); /* whatever it does to its process group, it does to itself */
	if (!getenv("RIG_VERBOSE"))
		(void)!freopen(said, "a", stderr);
	(void)execl(path, "bpfgated", "--socket", rig->socket, "--group", "root", "--libexec", rig->dir,
		    "--broker-user", "65501", "--judge-user", "65502", "--loader-user", "65503", "--",
		    "--puppet", rig->abstract, NULL);
	_exit(127);
}

bool rig_start(struct rig *rig, const char *builddir)
{
	*rig = (struct rig){ .puppets = -1, .puppet = -1, .channel = -1, .listen = -1, .ledger = -1,
			     .zygote = -1 };
	strcpy(rig->dir, "/tmp/bpfgate-rig-XXXXXX");
	if (!mkdtemp(rig->dir) || chmod(rig->dir, 0755) < 0 ||
	    !place(rig, builddir, "tests/daemon/puppet-broker", "bpfgate-broker") ||
	    !place(rig, builddir, "tests/daemon/puppet-judge", "bpfgate-judge") ||
	    !place(rig, builddir, "daemon/bpfgate-loader", "bpfgate-loader"))
		return false;
	(void)snprintf(rig->socket, sizeof(rig->socket), "%s/socket", rig->dir);
	if (!listen_for_puppets(rig))
		return false;
	rig->parent = fork();
	if (rig->parent == 0)
		be_bpfgated(rig, builddir);
	return rig_next_broker(rig) && rig_hear(rig, TELL_ZYGOTE, NULL, &rig->zygote);
}

int rig_stop(struct rig *rig)
{
	int *fds[] = { &rig->channel, &rig->listen, &rig->ledger, &rig->puppets, &rig->zygote };
	struct keep_tell tell;
	char cmd[128], said[64];
	int status = -1;
	size_t i;

	(void)kill(rig->parent, SIGTERM);
	if (rig->channel >= 0)
		(void)rig_hear(rig, TELL_STOP, &tell, NULL);
	own_close_fd(&rig->puppet);
	(void)waitpid(rig->parent, &status, 0);
	for (i = 0; i < ARRAY_CNT(fds); i++)
		own_close_fd(fds[i]);
	(void)snprintf(said, sizeof(said), "%s/said", rig->dir);
	if (!reports_none(said))
		status = -1;
	(void)snprintf(cmd, sizeof(cmd), "rm -rf '%s'", rig->dir);
	(void)!system(cmd);
	return status;
}

/* ---- words ----------------------------------------------------------------------------------- */

bool rig_ask(struct rig *rig, struct keep_ask *ask, const void *behind, const int *fds, uint32_t fd_cnt)
{
	struct iovec parts[] = { { ask, sizeof(*ask) }, { (void *)behind, ask->bytes } };

	ask->ask_id = ++rig->last_id;
	return packet_send(rig->channel, parts, 2, fds, fd_cnt, 0) == 0;
}

static bool rig_pong(struct rig *rig)
{
	struct keep_ask pong = { .kind = ASK_PONG };

	return rig_ask(rig, &pong, NULL, NULL, 0);
}

bool rig_hear(struct rig *rig, uint32_t kind, struct keep_tell *ret_tell, int *ret_fd)
{
	struct keep_tell tell;
	time_t give_up = time(NULL) + WAIT_MS / 1000;

	for (;;) {
		OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };

		if (time(NULL) > give_up || !wait_readable(rig->channel) ||
		    packet_recv(rig->channel, &tell, sizeof(tell), &fds, 0) != (int)sizeof(tell))
			return false;
		if (tell.kind == TELL_PING && kind != TELL_PING && !rig_pong(rig))
			return false;
		if (tell.kind != kind)
			continue;
		if (ret_tell)
			*ret_tell = tell;
		if (ret_fd)
			*ret_fd = packet_fds_take(&fds, 0);
		return true;
	}
}

int rig_call(struct rig *rig, struct keep_ask *ask, const int *fds, uint32_t fd_cnt,
	     struct keep_tell *ret_tell, int *ret_fd)
{
	uint32_t answer = ask->kind - ASK_LOADER + ANS_LOADER;
	struct keep_tell tell;

	if (!rig_ask(rig, ask, NULL, fds, fd_cnt) || !rig_hear(rig, answer, &tell, ret_fd))
		return -EPIPE;
	if (tell.ask_id != ask->ask_id)
		return -EPROTO;
	if (ret_tell)
		*ret_tell = tell;
	return tell.result;
}

bool rig_loader_start(struct rig *rig, int client_fd, struct rig_loader *ret_loader)
{
	struct keep_ask ask = { .kind = ASK_LOADER, .uid = RIG_CLIENT_UID };
	struct keep_tell tell;

	if (rig_call(rig, &ask, &client_fd, client_fd >= 0, &tell, &ret_loader->door) < 0)
		return false;
	ret_loader->box_id = tell.box_id;
	return true;
}

bool rig_loader_stop(struct rig *rig, struct rig_loader *loader)
{
	struct keep_tell tell;

	own_close_fd(&loader->door);
	return rig_hear(rig, TELL_LOADER_GONE, &tell, NULL) && tell.box_id == loader->box_id;
}

/* ---- approvals ------------------------------------------------------------------------------- */

void rig_fill_load(struct door_ask *ask, uint8_t *payload, uint32_t prog_type, uint64_t caps,
		   enum door_result_fd result_fd)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { .prog_type = prog_type, .insn_cnt = ARRAY_CNT(insns) };

	memset(ask, 0, sizeof(*ask));
	memcpy(payload, insns, sizeof(insns));
	memcpy(payload + sizeof(insns), "GPL", 4);
	memcpy(ask->attr, &attr, sizeof(attr));
	ask->approval_id = (uint64_t)random() << 16 | 1;
	ask->op = DOOR_BPF;
	ask->cmd = BPF_PROG_LOAD;
	ask->result_fd = result_fd;
	ask->caps = caps;
	ask->attr_bytes = sizeof(attr);
	ask->obj_kind = KEEP_PROG;
	ask->payload_bytes = sizeof(insns) + 4;
	ask->ptr_cnt = 2;
	ask->ptr[0] = (struct door_ptr){ offsetof(union bpf_attr, insns), 0, sizeof(insns), 0 };
	ask->ptr[1] = (struct door_ptr){ offsetof(union bpf_attr, license), sizeof(insns), 4, 0 };
}

bool rig_approve(const struct rig_loader *loader, struct door_ask *ask, const void *payload,
		 const int *fds, uint32_t fd_cnt, struct door_answer *ret_answer)
{
	struct iovec parts[] = { { ask, sizeof(*ask) },
				 { (void *)payload, ask->flags & DOOR_PAYLOAD_FD ? 0 : ask->payload_bytes } };
	OWN_PACKET_FDS struct packet_fds back = { .cnt = 0 };
	OWN_MEM uint8_t *buf = malloc(sizeof(*ret_answer) + DOOR_INLINE_MAX);
	int r;

	if (packet_send(loader->door, parts, 2, fds, fd_cnt, 0) < 0 || !wait_readable(loader->door))
		return false;
	r = packet_recv(loader->door, buf, sizeof(*ret_answer) + DOOR_INLINE_MAX, &back, 0);
	if (r < (int)sizeof(*ret_answer))
		return false;
	memcpy(ret_answer, buf, sizeof(*ret_answer));
	return ret_answer->approval_id == ask->approval_id;
}

/* ---- the kernel's view ------------------------------------------------------------------------ */

bool rig_prog_lives(uint32_t id)
{
	union bpf_attr attr = { .prog_id = id };
	OWN_FD int fd = (int)syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &attr, sizeof(attr));

	return fd >= 0;
}

bool rig_prog_dies(uint32_t id)
{
	int tries;

	for (tries = 0; rig_prog_lives(id); tries++) {
		if (tries == 1000)
			return false;
		(void)usleep(1000); /* the kernel frees after a grace period and tells nobody */
	}
	return true;
}

/* ---- bpfgated from outside -------------------------------------------------------------------- */

static bool is_child(pid_t pid, pid_t parent, const char *name)
{
	char path[64], comm[32] = "", line[256];
	int ppid = -1;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "r");
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		(void)sscanf(line, "Name: %31s", comm);
		(void)sscanf(line, "PPid: %d", &ppid);
	}
	(void)fclose(file);
	return ppid == parent && strcmp(comm, name) == 0;
}

pid_t rig_child(const struct rig *rig, const char *name)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	pid_t found = 0;

	while (proc && !found && (entry = readdir(proc))) {
		pid_t pid = atoi(entry->d_name);

		if (pid > 0 && is_child(pid, rig->parent, name))
			found = pid;
	}
	if (proc)
		(void)closedir(proc);
	return found;
}

int rig_fd_cnt(const struct rig *rig)
{
	char path[64];
	DIR *dir;
	int cnt = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", rig->parent);
	dir = opendir(path);
	while (dir && readdir(dir))
		cnt++;
	if (dir)
		(void)closedir(dir);
	return cnt;
}

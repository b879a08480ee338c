/* SPDX-License-Identifier: Apache-2.0 */
/* guest init: mount pseudo-fs, run /test with stdout+stderr on ttyS1, print status, power off */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
int main(void) {
	static const char *m[][2] = {{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/tmp"},
		{"bpf", "/sys/fs/bpf"}, {"cgroup2", "/sys/fs/cgroup"}, {"tracefs", "/sys/kernel/tracing"},
		{"debugfs", "/sys/kernel/debug"}, {"securityfs", "/sys/kernel/security"}};
	for (unsigned i = 0; i < sizeof m / sizeof *m; i++) {
		mkdir(m[i][1], 0755);
		if (mount(m[i][0], m[i][1], m[i][0], 0, NULL)) fprintf(stderr, "init: mount %s: %m\n", m[i][1]);
	}
	struct rlimit r = {RLIM_INFINITY, RLIM_INFINITY};
	setrlimit(RLIMIT_MEMLOCK, &r);
	int fd = open("/dev/ttyS1", O_WRONLY | O_NOCTTY), st = 0;
	pid_t p = fork();
	if (!p) {
		char *a[64], line[2048] = ""; int n = 0, f = open("/args", O_RDONLY), k = f < 0 ? 0 : read(f, line, sizeof line - 1);
		a[n++] = "/test";                                  /* /args: NUL-separated */
		for (int i = 0; i < k && n < 63;) { a[n++] = line + i; while (i < k && line[i]) i++; i++; }
		a[n] = NULL; dup2(fd, 1); dup2(fd, 2);
		char *env[] = {"PATH=/bin:/sbin", "HOME=/tmp", NULL};
		execve(a[0], a, env); dprintf(2, "init: exec: %m\n"); _exit(127);
	}
	while (waitpid(-1, &st, 0) != p) ;
	dprintf(fd, "@@EXIT %d\n", WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st));
	close(fd); sync(); reboot(RB_POWER_OFF);
	return 0;
}

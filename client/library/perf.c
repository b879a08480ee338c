/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Perf events. Promises to recognise the kinds that BPF programs are attached to or write into, in
 * the form in which libbpf and BCC open them, to carry each bit of such a request or to say which
 * one it does not, and to leave every other event to the kernel, which refuses or grants it as it
 * always did. A path or a process number becomes an open file here, with the caller's own rights:
 * the daemon never gets either.
 */
#include "client/library/perf.h"

#include "proto/raw.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PERF_BITS_AT (offsetof(struct perf_event_attr, read_format) + sizeof(uint64_t))

void perf_request_done(struct perf_request *request)
{
	own_close_fd(&request->file);
	own_close_fd(&request->pidfd);
}

/* ---- the attr ---- */

static bool perf_is_zero(const uint8_t *bytes, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		if (bytes[i])
			return false;
	return true;
}

/* A longer one than we know is fine while its tail is zero. */
static int perf_read_attr(const struct codec_source *src, uint64_t addr,
			  struct perf_event_attr *ret_attr)
{
	uint8_t bytes[ATTR_SIZE_MAX] = { 0 };
	uint32_t size;
	int r = src->read(src->ctx, addr, bytes, PERF_ATTR_SIZE_VER0);

	if (r < 0)
		return r;
	memcpy(&size, bytes + offsetof(struct perf_event_attr, size), sizeof(size));
	if (!size)
		size = PERF_ATTR_SIZE_VER0;
	if (size < PERF_ATTR_SIZE_VER0 || size > sizeof(bytes))
		return -EOPNOTSUPP;
	r = src->read(src->ctx, addr, bytes, size);
	if (r < 0)
		return r;
	if (!perf_is_zero(bytes + sizeof(*ret_attr), sizeof(bytes) - sizeof(*ret_attr)))
		return -EOPNOTSUPP;
	memcpy(ret_attr, bytes, sizeof(*ret_attr));
	return 0;
}

/* What no field of struct perf_open stands for. */
static const char *perf_beyond(const struct perf_event_attr *attr, uint64_t bits)
{
	if (bits & ~PERF_BITS)
		return "an attribute bit that would make the buffer tell of processes or mappings";
	if (attr->sample_type & ~PERF_SAMPLE_GRANTABLE)
		return "samples of registers, stacks or the like";
	if (attr->read_format & ~PERF_READ_FORMATS)
		return "a read format that is not known";
	if (attr->branch_sample_type || attr->sample_regs_user || attr->sample_stack_user ||
	    attr->sample_regs_intr || attr->aux_watermark || attr->sample_max_stack ||
	    attr->aux_sample_size || attr->sig_data)
		return "a field for samples of registers, stacks or the like";
	return NULL;
}

/* ---- kinds ---- */

static uint32_t perf_read_type(const char *name)
{
	char path[64], text[16] = "";
	unsigned int type = 0;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/type", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) > 0)
		(void)sscanf(text, "%u", &type);
	own_close_fd(&fd);
	return type;
}

static enum perf_kind perf_kind_of(const struct perf_event_attr *attr)
{
	if (attr->type == PERF_TYPE_TRACEPOINT)
		return PERF_KIND_TRACEPOINT;
	if (attr->type == PERF_TYPE_SOFTWARE)
		return attr->config == PERF_COUNT_SW_BPF_OUTPUT ? PERF_KIND_OUTPUT
								: PERF_KIND_SOFTWARE;
	if (attr->type < PERF_TYPE_MAX)
		return PERF_KIND_NONE;
	if (attr->type == perf_read_type("kprobe"))
		return PERF_KIND_KPROBE;
	return attr->type == perf_read_type("uprobe") ? PERF_KIND_UPROBE : PERF_KIND_NONE;
}

/* Text of the caller's, up to its NUL. */
static int perf_read_text(const struct codec_source *src, uint64_t addr, char *ret_text,
			  size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		int r = src->read(src->ctx, addr + i, ret_text + i, 1);

		if (r < 0 || !ret_text[i])
			return r;
	}
	return -ENAMETOOLONG;
}

static int perf_open_file(const struct perf_caller *caller, uint64_t addr, int *ret_fd)
{
	const struct codec_source *src = caller->source;
	char path[PATH_MAX];
	int r = perf_read_text(src, addr, path, sizeof(path));

	return r < 0 ? r : src->open_file(src->ctx, path, ret_fd);
}

static int perf_describe_counted(const struct perf_caller *caller,
				 const struct perf_event_attr *attr, struct perf_request *request,
				 const char **why)
{
	(void)caller, (void)why;
	request->open.config = attr->config;
	return attr->config1 || attr->config2 ? -EOPNOTSUPP : 0;
}

static int perf_describe_output(const struct perf_caller *caller,
				const struct perf_event_attr *attr, struct perf_request *request,
				const char **why)
{
	(void)caller, (void)request, (void)why;
	return attr->config1 || attr->config2 ? -EOPNOTSUPP : 0;
}

static int perf_describe_kprobe(const struct perf_caller *caller,
				const struct perf_event_attr *attr, struct perf_request *request,
				const char **why)
{
	if (!attr->config1 || attr->config2 || attr->config & ~1ull) {
		*why = "a kernel probe anywhere but at the start of a function that is named";
		return -EOPNOTSUPP;
	}
	request->open.flags |= attr->config & 1 ? PERF_OPEN_RETURN : 0;
	request->open.name = (uintptr_t)request->name;
	return perf_read_text(caller->source, attr->config1, request->name, sizeof(request->name));
}

static int perf_describe_uprobe(const struct perf_caller *caller,
				const struct perf_event_attr *attr, struct perf_request *request,
				const char **why)
{
	int r = attr->config & 0xfffffffeull
			? -EOPNOTSUPP
			: perf_open_file(caller, attr->config1, &request->file);

	(void)why;
	request->open.flags |= PERF_OPEN_FILE | (attr->config & 1 ? PERF_OPEN_RETURN : 0);
	request->open.file = request->file;
	request->open.offset = attr->config2;
	request->open.ref_ctr_offset = attr->config >> 32;
	return r;
}

static int (*const perf_describe_kind[PERF_KIND_CNT])(const struct perf_caller *caller,
						      const struct perf_event_attr *attr,
						      struct perf_request *request,
						      const char **why) = {
	[PERF_KIND_OUTPUT] = perf_describe_output,
	[PERF_KIND_TRACEPOINT] = perf_describe_counted,
	[PERF_KIND_KPROBE] = perf_describe_kprobe,
	[PERF_KIND_UPROBE] = perf_describe_uprobe,
	[PERF_KIND_SOFTWARE] = perf_describe_counted,
};

/* ---- the process ---- */

/* Of a thread that is not the first of its process there is no pidfd; where the whole process is
 * meant, its first does. */
static int perf_open_process(const struct perf_caller *caller, pid_t pid,
			     struct perf_request *request)
{
	pid_t self = (pid_t)caller->source->self_pid;
	pid_t thread = caller->tid ? caller->tid : (pid_t)syscall(SYS_gettid);
	const struct codec_source *src = caller->source;
	int r;

	if (pid == 0 && thread != self && request->open.kind != PERF_KIND_UPROBE)
		return -EOPNOTSUPP;
	r = src->open_process(src->ctx, pid ? pid : self, &request->pidfd);
	if (r < 0)
		return r;
	request->open.pidfd = request->pidfd;
	request->open.flags |= PERF_OPEN_PROCESS;
	return 0;
}

/* ---- all together ---- */

static int perf_check_args(const struct perf_args *args, enum perf_kind kind)
{
	unsigned long known = PERF_FLAG_FD_CLOEXEC | PERF_FLAG_FD_NO_GROUP;

	if (args->flags & ~known || args->group_fd != -1)
		return -EOPNOTSUPP;
	if (kind == PERF_KIND_OUTPUT && (args->pid != -1 || args->cpu < 0))
		return -EOPNOTSUPP;
	return args->pid < -1 || args->cpu < -1 ? -EOPNOTSUPP : 0;
}

int perf_describe(const struct perf_caller *caller, const struct perf_args *args,
		  struct perf_request *request, const char **why)
{
	struct perf_event_attr attr;
	const char *beyond;
	uint64_t bits;
	int r = perf_read_attr(caller->source, args->attr, &attr);

	*why = "";
	if (r < 0)
		return r;
	memcpy(&bits, (const uint8_t *)&attr + PERF_BITS_AT, sizeof(bits));
	request->open = (struct perf_open){ .kind = perf_kind_of(&attr),
					    .cpu = args->cpu,
					    .pidfd = -1,
					    .file = -1,
					    .wakeup = attr.wakeup_events,
					    .period = attr.sample_period,
					    .sample_type = attr.sample_type,
					    .read_format = attr.read_format,
					    .bits = bits,
					    .clockid = attr.clockid };
	if (request->open.kind == PERF_KIND_NONE)
		return -EOPNOTSUPP;
	beyond = perf_beyond(&attr, bits);
	if (beyond) {
		*why = beyond;
		return -EOPNOTSUPP;
	}
	r = perf_check_args(args, (enum perf_kind)request->open.kind);
	if (r == 0)
		r = perf_describe_kind[request->open.kind](caller, &attr, request, why);
	if (r == 0 && args->pid != -1)
		r = perf_open_process(caller, args->pid, request);
	return r;
}

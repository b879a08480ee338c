/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors are the only names by which clients point at kernel objects here. What one stands for
 * comes from the kernel (the file's kind, the object's id, the socket's cookie), so a client cannot
 * lie about it. Anything else is refused as the kernel would refuse it.
 */
#include "daemon/broker/ask/client_obj.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/shared/kern_info.h"
#include "daemon/broker/store/kinds.h"

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

static const struct {
	enum kind file;
	uint32_t kind;
	enum ledger_kind ledger_kind;
} client_obj_files[] = {
	{ KIND_PROG, KEEP_PROG, LEDGER_PROG },
	{ KIND_MAP, KEEP_MAP, LEDGER_MAP },
	{ KIND_LINK, KEEP_LINK, LEDGER_LINK },
	{ KIND_BTF, KEEP_BTF, LEDGER_BTF },
};

static int client_obj_find_file_row(enum kind kind)
{
	for (size_t i = 0; i < ARRAY_CNT(client_obj_files); i++)
		if (client_obj_files[i].file == kind)
			return (int)i;
	return -EINVAL;
}

static enum ledger_kind client_obj_ledger_kind(uint32_t kind)
{
	for (size_t i = 0; i < ARRAY_CNT(client_obj_files); i++)
		if (client_obj_files[i].kind == kind)
			return client_obj_files[i].ledger_kind;
	return LEDGER_FREE;
}

static int client_obj_of_handle(struct broker *broker, int fd, struct client_obj *ret_obj)
{
	const struct kept_obj *kept;
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) < 0)
		return -EINVAL;
	kept = handles_find(broker->handles, cookie);
	if (!kept)
		return -EINVAL;
	*ret_obj = (struct client_obj){
		.kind = kept->obj_kind, .id = kept->obj_id, .fd = -1, .keep_id = kept->keep_id
	};
	return 0;
}

/* In each info struct the id stands where it does in its kind's. */
static int client_obj_get_id(int fd, uint32_t kind, uint32_t *ret_id)
{
	union {
		struct bpf_btf_info btf;
		uint32_t words[4];
	} info = { .btf = { 0 } };
	uint32_t len = sizeof(info.btf);
	int r = kern_info_get(fd, &info, &len);

	if (r < 0)
		return r;
	*ret_id = kind == KEEP_BTF ? info.btf.id : info.words[1];
	return 0;
}

int client_obj_of_fd(struct broker *broker, int fd, struct client_obj *ret_obj)
{
	struct client_obj obj = { .fd = fd };
	enum kind kind = kinds_of(fd);
	int row, r;

	if (kind == KIND_UNIX) {
		r = client_obj_of_handle(broker, fd, &obj);
	} else {
		row = client_obj_find_file_row(kind);
		if (row < 0)
			return row;
		obj.kind = client_obj_files[row].kind;
		r = client_obj_get_id(fd, obj.kind, &obj.id);
	}
	if (r < 0)
		return r;
	obj.rec = ledger_find(broker->ledger, client_obj_ledger_kind(obj.kind), obj.id);
	*ret_obj = obj;
	return 0;
}

static int client_obj_of_kind(struct work *work, int fd, uint32_t kind, struct client_obj *ret_obj)
{
	int r;

	if (fd < 0)
		return fd;
	r = client_obj_of_fd(work->broker, fd, ret_obj);
	if (r < 0)
		return r;
	return kind == 0 || ret_obj->kind == kind ? 0 : -EINVAL;
}

int client_obj_of_number(struct work *work, int32_t number, uint32_t kind,
			 struct client_obj *ret_obj)
{
	return client_obj_of_kind(work, work_fd(work, number), kind, ret_obj);
}

int client_obj_at(struct work *work, uint16_t attr_off, uint32_t kind, struct client_obj *ret_obj)
{
	int fd = work_fd_at(work, attr_off);

	return client_obj_of_kind(work, fd == -ENOENT ? -EINVAL : fd, kind, ret_obj);
}

int client_obj_add_to_call(const struct client_obj *obj, struct loader_call *call)
{
	if (obj->fd >= 0)
		return loader_add_fd(call, obj->fd);
	return loader_add_lent(call, obj->keep_id);
}

bool client_obj_is_read_write(const struct client_obj *obj)
{
	int flags = obj->fd >= 0 ? fcntl(obj->fd, F_GETFL) : O_RDWR;

	return flags >= 0 && (flags & O_ACCMODE) == O_RDWR;
}

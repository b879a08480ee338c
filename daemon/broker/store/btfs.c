/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cache, bounded in bytes, of what the kernel itself accepted as BTF. It holds bytes and never reads
 * them: reading is for judges.
 */
#include "daemon/broker/store/btfs.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/queue.h>
#include <uthash.h>

#include "daemon/shared/kern_info.h"
#include "proto/own.h"

/* Some thousand ordinary objects, or two as large as the kernel's own BTF. */
#define BTFS_BYTES_MAX	(8u << 20)
#define BTFS_ONE_MAX	(16u << 20)	/* the kernel's limit */

struct btfs_entry {
	uint32_t id;
	size_t bytes;
	UT_hash_handle hh;
	TAILQ_ENTRY(btfs_entry) link;
	uint8_t data[];
};

struct btfs {
	struct btfs_entry *entries;
	TAILQ_HEAD(btfs_queue, btfs_entry) order;	/* least recently used first */
	size_t bytes;
};

int btfs_new(struct btfs **ret_btfs)
{
	struct btfs *btfs = calloc(1, sizeof(*btfs));

	if (!btfs)
		return -ENOMEM;
	TAILQ_INIT(&btfs->order);
	*ret_btfs = btfs;
	return 0;
}

static void btfs_drop(struct btfs *btfs, struct btfs_entry *entry)
{
	HASH_DELETE(hh, btfs->entries, entry);
	TAILQ_REMOVE(&btfs->order, entry, link);
	btfs->bytes -= entry->bytes;
	free(entry);
}

void btfs_free(struct btfs *btfs)
{
	struct btfs_entry *entry;

	if (!btfs)
		return;
	while ((entry = TAILQ_FIRST(&btfs->order)))
		btfs_drop(btfs, entry);
	free(btfs);
}

static struct btfs_entry *btfs_lookup(struct btfs *btfs, uint32_t id)
{
	struct btfs_entry *entry;

	HASH_FIND(hh, btfs->entries, &id, sizeof(id), entry);
	return entry;
}

static struct btfs_entry *btfs_add(struct btfs *btfs, uint32_t id, size_t bytes)
{
	struct btfs_entry *entry = calloc(1, sizeof(*entry) + bytes), *oldest;

	if (!entry)
		return NULL;
	while (btfs->bytes + bytes > BTFS_BYTES_MAX && (oldest = TAILQ_FIRST(&btfs->order)))
		btfs_drop(btfs, oldest);
	entry->id = id;
	entry->bytes = bytes;
	HASH_ADD(hh, btfs->entries, id, sizeof(entry->id), entry);
	TAILQ_INSERT_TAIL(&btfs->order, entry, link);
	btfs->bytes += bytes;
	return entry;
}

void btfs_put(struct btfs *btfs, uint32_t id, const void *data, size_t bytes)
{
	struct btfs_entry *entry = btfs_lookup(btfs, id);

	if (entry)
		btfs_drop(btfs, entry);
	entry = btfs_add(btfs, id, bytes);
	if (entry && bytes > 0)
		memcpy(entry->data, data, bytes);
}

int btfs_find(struct btfs *btfs, uint32_t id, struct btf_blob *ret_blob)
{
	struct btfs_entry *entry = btfs_lookup(btfs, id);

	if (!entry)
		return -ENOENT;
	TAILQ_REMOVE(&btfs->order, entry, link);
	TAILQ_INSERT_TAIL(&btfs->order, entry, link);
	*ret_blob = (struct btf_blob){ entry->data, entry->bytes };
	return 0;
}

int btfs_of_fd(struct btfs *btfs, int fd, uint32_t *ret_id)
{
	struct bpf_btf_info info = { 0 };
	uint32_t len = sizeof(info);
	struct btfs_entry *entry;
	int r;

	r = kern_info_get(fd, &info, &len);
	if (r < 0)
		return r;
	if (info.btf_size > BTFS_ONE_MAX)
		return -EINVAL;
	*ret_id = info.id;
	if (btfs_lookup(btfs, info.id))
		return 0;
	entry = btfs_add(btfs, info.id, info.btf_size);
	if (!entry)
		return -ENOMEM;
	len = sizeof(info);
	info = (struct bpf_btf_info){ .btf = (uintptr_t)entry->data,
				      .btf_size = (uint32_t)entry->bytes };
	r = kern_info_get(fd, &info, &len);
	if (r < 0)
		btfs_drop(btfs, entry);
	return r;
}

bool btfs_is_kernels(int fd)
{
	struct bpf_btf_info info = { 0 };
	uint32_t len = sizeof(info);

	return kern_info_get(fd, &info, &len) == 0 && info.kernel_btf;
}

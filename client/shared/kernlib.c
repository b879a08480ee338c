/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of the kernel library. Trusts a library's files no more than the objects that are judged
 * with them: names that could leave the library are not entries, and what is unpacked has a bound.
 */
#include "client/shared/kernlib.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "client/shared/out.h"
#include "object/release.h"
#include "proto/own.h"

#define PART_BYTES_MAX (256u << 20) /* a kernel's types are 5 to 10 MB, of a debug build more */
#define ABOUT	       "about.json"
#define LONE_SUFFIX    ".btf"

static const char *const part_files[KERNLIB_PART_CNT] = {
	[KERNLIB_BTF] = "vmlinux.btf.gz",
	[KERNLIB_CONFIG] = "config.gz",
	[KERNLIB_SYMBOLS] = "symbols.gz",
};

int kernlib_version_cmp(const char *a, const char *b)
{
	while (*a || *b) {
		unsigned long x = strtoul(a, (char **)&a, 10), y = strtoul(b, (char **)&b, 10);

		if (x != y)
			return x < y ? -1 : 1;
		a += *a == '.';
		b += *b == '.';
		if ((*a && (*a < '0' || *a > '9')) || (*b && (*b < '0' || *b > '9')))
			break;
	}
	return 0;
}

/* ---- finding entries ---------------------------------------------------------------------- */

static bool has_file(const char *dir, const char *name)
{
	char path[1024];
	struct stat st;

	return snprintf(path, sizeof(path), "%s/%s", dir, name) < (int)sizeof(path) &&
	       stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static void entry_about(struct kernlib_entry *entry)
{
	char path[1024];
	const char *name = NULL, *source = NULL;
	json_t *about;

	if (snprintf(path, sizeof(path), "%s/" ABOUT, entry->place) >= (int)sizeof(path))
		return;
	about = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	if (about && json_unpack(about, "{s?s, s?s}", "name", &name, "source", &source) == 0) {
		/* the directory's name is the release; a version after a blank may be added */
		if (name && !strncmp(name, entry->name, strlen(entry->name)) &&
		    (!name[strlen(entry->name)] || name[strlen(entry->name)] == ' '))
			(void)snprintf(entry->name, sizeof(entry->name), "%s", name);
		(void)snprintf(entry->source, sizeof(entry->source), "%s", source ? source : "");
	}
	json_decref(about);
}

/* False: no entry, whatever it is. */
static bool entry_fill(const char *dir, const char *name, struct kernlib_entry *entry)
{
	size_t len = strlen(name), suffix = strlen(LONE_SUFFIX);

	*entry = (struct kernlib_entry){ 0 };
	if (*name < '0' || *name > '9' || len >= sizeof(entry->name) - 32 ||
	    snprintf(entry->place, sizeof(entry->place), "%s/%s", dir, name) >=
		    (int)sizeof(entry->place))
		return false;
	(void)snprintf(entry->name, sizeof(entry->name), "%s", name);
	if (len > suffix && !strcmp(name + len - suffix, LONE_SUFFIX)) {
		entry->name[len - suffix] = '\0';
		entry->lone = entry->has[KERNLIB_BTF] = has_file(dir, name);
	} else if (has_file(entry->place, ABOUT)) {
		entry_about(entry);
		for (size_t i = 0; i < KERNLIB_PART_CNT; i++)
			entry->has[i] = has_file(entry->place, part_files[i]);
	}
	release_version(entry->name, entry->version, sizeof(entry->version));
	return entry->lone || has_file(entry->place, ABOUT);
}

static int by_version(const void *a, const void *b)
{
	const struct kernlib_entry *x = a, *y = b;
	int r = kernlib_version_cmp(x->version, y->version);

	return r ? r : strcmp(x->name, y->name);
}

static bool lib_has(const struct kernlib *lib, const char *name)
{
	for (size_t i = 0; i < lib->cnt; i++)
		if (!strcmp(lib->entries[i].name, name))
			return true;
	return false;
}

static int add_dir(struct kernlib *lib, const char *dir)
{
	DIR *d = opendir(dir);
	struct kernlib_entry entry, *grown;
	struct dirent *de;
	int r = 0;

	while (d && r >= 0 && (de = readdir(d))) {
		if (!entry_fill(dir, de->d_name, &entry) || lib_has(lib, entry.name))
			continue;
		grown = reallocarray(lib->entries, lib->cnt + 1, sizeof(*grown));
		if (!grown) {
			r = -ENOMEM;
			break;
		}
		lib->entries = grown;
		lib->entries[lib->cnt++] = entry;
	}
	if (d)
		(void)closedir(d);
	return r;
}

int kernlib_own_dir(const char *dir, char *ret_path, size_t path_bytes)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	int n;

	if (dir)
		n = snprintf(ret_path, path_bytes, "%s", dir);
	else if (data && *data == '/')
		n = snprintf(ret_path, path_bytes, "%s/bpfgate/kernels", data);
	else if (home && *home == '/')
		n = snprintf(ret_path, path_bytes, "%s/.local/share/bpfgate/kernels", home);
	else
		return -ENAMETOOLONG;
	return n < 0 || (size_t)n >= path_bytes ? -ENAMETOOLONG : 0;
}

int kernlib_open(const char *dir, struct kernlib *ret_lib)
{
	struct kernlib lib = { 0 };
	char own[512];
	int r = 0;

	if (dir)
		r = add_dir(&lib, dir);
	else if (kernlib_own_dir(NULL, own, sizeof(own)) >= 0)
		r = add_dir(&lib, own);
	if (!dir && r >= 0)
		r = add_dir(&lib, BPFGATE_DATADIR "/kernels");
	if (r < 0) {
		kernlib_done(&lib);
		return r;
	}
	if (lib.cnt)
		qsort(lib.entries, lib.cnt, sizeof(*lib.entries), by_version);
	*ret_lib = lib;
	return 0;
}

void kernlib_done(struct kernlib *lib)
{
	free(lib->entries);
	*lib = (struct kernlib){ 0 };
}

/* "6.12" is a series, "6.12.3" and "6.12-rc1" are kernels. */
static bool text_is_series(const char *text)
{
	const char *dot = strchr(text, '.');

	return dot && strspn(text, "0123456789.") == strlen(text) && !strchr(dot + 1, '.');
}

static bool in_series(const struct kernlib_entry *entry, const char *series)
{
	size_t n = strlen(series);

	return !strncmp(entry->version, series, n) &&
	       (entry->version[n] < '0' || entry->version[n] > '9');
}

const struct kernlib_entry *kernlib_find(const struct kernlib *lib, const char *text)
{
	const struct kernlib_entry *best = NULL;
	bool series = text_is_series(text);

	for (size_t i = 0; i < lib->cnt; i++) {
		const struct kernlib_entry *entry = &lib->entries[i];
		size_t release = strcspn(entry->name, " ");

		if (!strcmp(entry->name, text) ||
		    (strlen(text) == release && !strncmp(entry->name, text, release)))
			return entry;
		if (!strcmp(entry->version, text) || (series && in_series(entry, text)))
			best = entry; /* they are in order */
	}
	return best;
}

/* ---- reading and writing ------------------------------------------------------------------ */

static int read_gz(gzFile file, uint8_t **ret_bytes, size_t *ret_cnt)
{
	OWN_MEM uint8_t *bytes = NULL;
	size_t cnt = 0, room = 0;
	uint8_t *grown;
	int n;

	do {
		if (room - cnt < 2) {
			room = room ? 2 * room : 1 << 20;
			grown = room > PART_BYTES_MAX ? NULL : realloc(bytes, room);
			if (!grown)
				return room > PART_BYTES_MAX ? -E2BIG : -ENOMEM;
			(void)TAKE_PTR(bytes);
			bytes = grown;
		}
		n = gzread(file, bytes + cnt, (unsigned int)(room - cnt - 1));
		if (n < 0)
			return -EBADMSG;
		cnt += (size_t)n;
	} while (n > 0);
	if (!gzeof(file))
		return -EBADMSG;
	bytes[cnt] = '\0';
	*ret_bytes = TAKE_PTR(bytes);
	*ret_cnt = cnt;
	return 0;
}

int kernlib_read(const struct kernlib_entry *entry, enum kernlib_part part, uint8_t **ret_bytes,
		 size_t *ret_cnt)
{
	char path[1024];
	OWN_FD int fd = -1;
	gzFile file;
	int r;

	if (!entry->has[part])
		return -ENOENT;
	if (entry->lone)
		(void)snprintf(path, sizeof(path), "%s", entry->place);
	else
		(void)snprintf(path, sizeof(path), "%s/%s", entry->place, part_files[part]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	file = gzdopen(fd, "r"); /* reads what is not compressed as it is */
	if (!file)
		return -ENOMEM;
	(void)TAKE_FD(fd);
	r = read_gz(file, ret_bytes, ret_cnt);
	(void)gzclose(file);
	return r;
}

static int make_dirs(char *path)
{
	for (char *c = path + 1; *c; c++)
		if (*c == '/') {
			*c = '\0';
			if (mkdir(path, 0755) < 0 && errno != EEXIST)
				return -errno;
			*c = '/';
		}
	return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

/* Under another name first: a reader never sees half of it. */
static int write_gz(const char *path, const void *data, size_t bytes)
{
	char part[1100];
	gzFile file;
	bool good;

	(void)snprintf(part, sizeof(part), "%s.new", path);
	file = gzopen(part, "wb9");
	if (!file)
		return errno ? -errno : -ENOMEM;
	good = bytes <= PART_BYTES_MAX &&
	       (!bytes || gzwrite(file, data, (unsigned int)bytes) == (int)bytes);
	if (gzclose(file) != Z_OK || !good || rename(part, path) < 0) {
		(void)unlink(part);
		return -EIO;
	}
	return 0;
}

static int write_about(const char *place, const char *name, const char *source)
{
	char path[1024], part[1100];
	json_t *about = json_pack("{s:s, s:s, s:s?}", "schema_version", OUT_SCHEMA_VERSION, "name",
				  name, "source", source);
	int r = about ? 0 : -ENOMEM;

	(void)snprintf(path, sizeof(path), "%s/" ABOUT, place);
	(void)snprintf(part, sizeof(part), "%s.new", path);
	if (r >= 0 && (json_dump_file(about, part, JSON_INDENT(2)) < 0 || rename(part, path) < 0))
		r = -EIO;
	json_decref(about);
	return r;
}

int kernlib_write(const char *dir, const char *name, const struct kernlib_parts *parts)
{
	char place[512], path[1024];
	int r;

	if (*name < '0' || *name > '9' || strchr(name, '/') ||
	    strlen(name) >= KERNLIB_NAME_BYTES - 32)
		return -EINVAL;
	if (snprintf(place, sizeof(place), "%s/%.*s", dir, (int)strcspn(name, " "), name) >=
	    (int)sizeof(place))
		return -ENAMETOOLONG;
	r = make_dirs(place);
	for (size_t i = 0; i < KERNLIB_PART_CNT && r >= 0; i++) {
		if (!parts->data[i])
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", place, part_files[i]);
		r = write_gz(path, parts->data[i], parts->bytes[i]);
	}
	/* a configuration alone knows less of the kernel than what is there */
	if (r < 0 || (!parts->data[KERNLIB_BTF] && has_file(place, ABOUT)))
		return r;
	return write_about(place, name, parts->source);
}

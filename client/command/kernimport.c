/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads kernels as distributions ship them. Promises to write nowhere and to run nothing but the
 * unpackers by name; believes no length of a file. What is a kernel is told by its own banner, not
 * by the file's name.
 */
#include "client/command/kernimport.h"

#include <fcntl.h>
#include <gelf.h>
#include <linux/btf.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <zlib.h>

#include "object/release.h"
#include "proto/own.h"

#define FILE_BYTES_MAX ((size_t)2 << 30) /* a vmlinux with debug information */
#define STUB_BYTES     1024 /* Debian's System.map is one line that says where the real one is */
#define TAR_BLOCK      512u

extern char **environ;

/* A file's bytes, or those of memory. */
struct bytes {
	const uint8_t *at;
	size_t cnt;
};

static int import_bytes(struct kernimport *import, struct bytes file, const char *name, int depth);

/* ---- unpacking by other programs ---------------------------------------------------------- */

static int map_fd(int fd, struct bytes *ret)
{
	struct stat st;
	void *at;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size <= 0 || (size_t)st.st_size > FILE_BYTES_MAX)
		return st.st_size ? -E2BIG : -ENODATA;
	at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	*ret = (struct bytes){ at, (size_t)st.st_size };
	return 0;
}

static int memory_with(struct bytes bytes)
{
	OWN_FD int fd = memfd_create("kernel", MFD_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	for (size_t at = 0; at < bytes.cnt; at += (size_t)n) {
		n = write(fd, bytes.at + at, bytes.cnt - at);
		if (n <= 0)
			return -ENOMEM;
	}
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* Runs argv with these bytes as input and returns a mapping of what it wrote, which the caller
 * unmaps. */
static int unpack(char *const argv[], struct bytes in, struct bytes *ret_out)
{
	OWN_FD int from = memory_with(in), to = memfd_create("unpacked", MFD_CLOEXEC);
	posix_spawn_file_actions_t actions;
	int r, status = 0;
	pid_t pid;

	if (from < 0 || to < 0)
		return from < 0 ? from : -ENOMEM;
	if (posix_spawn_file_actions_init(&actions) != 0)
		return -ENOMEM;
	(void)posix_spawn_file_actions_adddup2(&actions, from, STDIN_FILENO);
	(void)posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO);
	/* what follows the image is not part of it, which unpackers complain about */
	(void)posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	r = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (r != 0)
		return r == ENOENT ? -ENOPKG : -r;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	r = map_fd(to, ret_out);
	return r == -ENODATA && WIFEXITED(status) && WEXITSTATUS(status) == 127 ? -ENOPKG : r;
}

/* ---- an image ----------------------------------------------------------------------------- */

static bool has_magic(struct bytes file, size_t at, const char *magic, size_t magic_bytes)
{
	return file.cnt >= at + magic_bytes && !memcmp(file.at + at, magic, magic_bytes);
}

static int keep(struct kernimport *import, enum kernlib_part part, const void *data, size_t bytes)
{
	uint8_t *copy;

	if (import->data[part])
		return 0;
	copy = malloc(bytes + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, data, bytes);
	copy[bytes] = '\0';
	import->data[part] = copy;
	import->bytes[part] = bytes;
	return 0;
}

/* "Linux version RELEASE (builder) ... Debian VERSION-...": the name as the running kernel would
 * have it. */
static void read_banner(struct kernimport *import, struct bytes image)
{
	static const char start[] = "Linux version ", distribution[] = " Debian ";
	const char *at = (const char *)image.at, *end = at + image.cnt, *version;
	char banner[512], release[64];
	bool named = false; /* a configuration's name, which knows less, gives way */
	size_t len;

	while (!named && at && (at = memmem(at, (size_t)(end - at), start, strlen(start)))) {
		at += strlen(start);
		len = strnlen(at, (size_t)(end - at));
		if (len == (size_t)(end - at) || *at < '0' || *at > '9')
			continue;
		(void)snprintf(banner, sizeof(banner), "%.*s",
			       (int)(len < sizeof(banner) ? len : sizeof(banner) - 1), at);
		(void)snprintf(release, sizeof(release), "%.*s", (int)strcspn(banner, " "), banner);
		version = strstr(banner, distribution);
		version = version ? version + strlen(distribution) : "";
		len = strspn(version, "0123456789.");
		if (len && strncmp(release, version, len) != 0)
			(void)snprintf(import->name, sizeof(import->name), "%s (%.*s)", release,
				       (int)len, version);
		else
			(void)snprintf(import->name, sizeof(import->name), "%s", release);
		named = true;
	}
}

/* Names only: a program gets some address, and no verdict hangs on which. */
static int keep_symbols(struct kernimport *import, Elf *elf, Elf_Scn *scn, const GElf_Shdr *shdr)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	OWN_MEM char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	const char *name;
	GElf_Sym sym;

	if (!out)
		return -ENOMEM;
	for (int i = 0; data && gelf_getsym(data, i, &sym); i++) {
		name = elf_strptr(elf, shdr->sh_link, sym.st_name);
		if (name && *name && sym.st_shndx != SHN_UNDEF &&
		    GELF_ST_TYPE(sym.st_info) < STT_SECTION)
			(void)fprintf(out, "%s\n", name);
	}
	if (fclose(out) != 0)
		return -ENOMEM;
	return bytes > STUB_BYTES ? keep(import, KERNLIB_SYMBOLS, text, bytes) : 0;
}

/* System.map and /proc/kallsyms: "ADDRESS TYPE NAME", and a module's in brackets, which may not be
 * there next time. */
static int keep_symbol_lines(struct kernimport *import, struct bytes file)
{
	const char *at = (const char *)file.at, *end = at + file.cnt, *line_end;
	OWN_MEM char *text = malloc(file.cnt + 1);
	char name[512];
	size_t used = 0;

	for (; text && at < end; at = line_end + 1) {
		char line[640];

		line_end = memchr(at, '\n', (size_t)(end - at));
		line_end = line_end ? line_end : end - 1;
		(void)snprintf(line, sizeof(line), "%.*s",
			       (int)(line_end - at > 639 ? 639 : line_end - at), at);
		if (strchr(line, '[') || sscanf(line, "%*s %*s %511s", name) != 1)
			continue;
		used += (size_t)sprintf(text + used, "%s\n", name); /* shorter than its line */
	}
	if (!text)
		return -ENOMEM;
	return used > STUB_BYTES ? keep(import, KERNLIB_SYMBOLS, text, used) : -ENODATA;
}

static int import_elf(struct kernimport *import, struct bytes file)
{
	Elf *elf = elf_version(EV_CURRENT) == EV_NONE
			   ? NULL
			   : elf_memory((char *)(uintptr_t)file.at, file.cnt);
	const char *name;
	GElf_Shdr shdr;
	Elf_Data *data;
	size_t strings = 0;
	int r = elf && elf_getshdrstrndx(elf, &strings) == 0 ? 0 : -EBADMSG;

	for (Elf_Scn *scn = elf ? elf_nextscn(elf, NULL) : NULL; scn && r >= 0;
	     scn = elf_nextscn(elf, scn)) {
		if (!gelf_getshdr(scn, &shdr))
			continue;
		name = elf_strptr(elf, strings, shdr.sh_name);
		data = name && !strcmp(name, ".BTF") ? elf_getdata(scn, NULL) : NULL;
		if (data && data->d_buf)
			r = keep(import, KERNLIB_BTF, data->d_buf, data->d_size);
		else if (shdr.sh_type == SHT_SYMTAB)
			r = keep_symbols(import, elf, scn, &shdr);
	}
	elf_end(elf);
	if (r >= 0 && !import->data[KERNLIB_BTF])
		r = -ENODATA;
	if (r >= 0)
		read_banner(import, file);
	return r;
}

/* The compressed image inside a bzImage: where the boot protocol says, or at the first magic that
 * unpacks to an ELF file. */
static int import_image(struct kernimport *import, struct bytes file, int depth)
{
	static const struct {
		const char *magic;
		size_t magic_bytes;
		char *argv[4];
	} packers[] = {
		{ "\x1f\x8b\x08", 3, { (char *)"gzip", (char *)"-dc", NULL } },
		{ "\xfd"
		  "7zXZ",
		  6,
		  { (char *)"xz", (char *)"-dc", (char *)"--single-stream", NULL } },
		{ "\x28\xb5\x2f\xfd", 4, { (char *)"zstd", (char *)"-dc", NULL } },
		{ "\x02\x21\x4c\x18", 4, { (char *)"lz4", (char *)"-dc", NULL } },
	};
	uint32_t sectors, off, bytes;
	struct bytes payload, out;
	int r;

	if (file.cnt < 0x250)
		return -EBADMSG;
	sectors = file.at[0x1f1] ? file.at[0x1f1] : 4;
	memcpy(&off, file.at + 0x248, sizeof(off));
	memcpy(&bytes, file.at + 0x24c, sizeof(bytes));
	off += (sectors + 1) * 512;
	if (off > file.cnt || bytes > file.cnt - off)
		return -EBADMSG;
	payload = (struct bytes){ file.at + off, bytes };
	for (size_t i = 0; i < ARRAY_CNT(packers); i++) {
		if (!has_magic(payload, 0, packers[i].magic, packers[i].magic_bytes))
			continue;
		r = unpack(packers[i].argv, payload, &out);
		if (r < 0)
			return r;
		r = import_bytes(import, out, "vmlinux", depth + 1);
		(void)munmap((void *)(uintptr_t)out.at, out.cnt);
		return r;
	}
	return -EBADMSG;
}

/* ---- packages ----------------------------------------------------------------------------- */

/* Which members of a package are worth a look; basename without what follows it. */
static bool member_is_wanted(const char *path)
{
	static const char *const wanted[] = { "vmlinuz", "vmlinux", "config", "System.map" };
	const char *name = strrchr(path, '/');
	size_t n;

	name = name ? name + 1 : path;
	for (size_t i = 0; i < ARRAY_CNT(wanted); i++) {
		n = strlen(wanted[i]);
		/* modules' own configuration files have a suffix and lie deeper */
		if (!strncmp(name, wanted[i], n) &&
		    (!name[n] || (name[n] == '-' && name[n + 1] >= '0' && name[n + 1] <= '9')))
			return strstr(path, "/boot/") || strstr(path, "lib/modules/") ||
			       strstr(path, "lib/debug/");
	}
	return false;
}

static uint64_t tar_number(const uint8_t *at)
{
	char text[13] = "";

	memcpy(text, at, 12);
	return strtoull(text, NULL, 8);
}

static int import_tar(struct kernimport *import, struct bytes tar, int depth)
{
	size_t at = 0;
	bool any = false;
	int r = 0;

	while (tar.cnt - at >= TAR_BLOCK && tar.at[at] && r >= 0) {
		const uint8_t *header = tar.at + at;
		uint64_t bytes = tar_number(header + 124);
		char path[101] = "";

		memcpy(path, header, 100);
		at += TAR_BLOCK;
		if (bytes > tar.cnt - at)
			return -EBADMSG;
		if ((header[156] == '0' || !header[156]) && member_is_wanted(path)) {
			r = import_bytes(import, (struct bytes){ tar.at + at, (size_t)bytes }, path,
					 depth + 1);
			any |= r >= 0;
			r = r == -ENODATA || r == -EBADMSG ? 0 : r;
		}
		at += (size_t)((bytes + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK);
		if (at > tar.cnt)
			break;
	}
	return r < 0 ? r : any ? 0 : -ENODATA;
}

/* dpkg-deb reads a package from its input, too. */
static int import_deb(struct kernimport *import, struct bytes file, int depth)
{
	char *const argv[] = { (char *)"dpkg-deb", (char *)"--fsys-tarfile", (char *)"/dev/stdin",
			       NULL };
	struct bytes tar;
	int r = unpack(argv, file, &tar);

	if (r < 0)
		return r;
	r = import_tar(import, tar, depth);
	(void)munmap((void *)(uintptr_t)tar.at, tar.cnt);
	return r;
}

/* ---- by what a file begins with ------------------------------------------------------------ */

/* "boot/config-RELEASE", "lib/modules/RELEASE/config"; else the title: "# Linux/x86 6.12.117 Kernel
 * Configuration". */
static void name_by_config(struct kernimport *import, struct bytes file, const char *path)
{
	static const char title[] = " Kernel Configuration", modules[] = "lib/modules/";
	const char *text = (const char *)file.at,
		   *end = memmem(text, file.cnt, title, strlen(title)), *at;

	if ((at = strstr(path, modules)) && strchr(at + strlen(modules), '/')) {
		at += strlen(modules);
		end = strchr(at, '/');
	} else if ((at = strstr(path, "config-"))) {
		at += strlen("config-");
		end = at + strlen(at);
	} else {
		for (at = end; at && at > text && at[-1] != ' ';)
			at--;
	}
	if (at && *at >= '0' && *at <= '9')
		(void)snprintf(import->name, sizeof(import->name), "%.*s", (int)(end - at), at);
}

static int import_config(struct kernimport *import, struct bytes file, const char *path)
{
	if (!*import->name)
		name_by_config(import, file, path);
	return keep(import, KERNLIB_CONFIG, file.at, file.cnt);
}

static int import_text(struct kernimport *import, struct bytes file, const char *name)
{
	const char *base = strrchr(name, '/');

	base = base ? base + 1 : name;
	if (!strncmp(base, "System.map", strlen("System.map")))
		return keep_symbol_lines(import, file);
	if (memmem(file.at, file.cnt, "\nCONFIG_", strlen("\nCONFIG_")))
		return import_config(import, file, name);
	return -EBADMSG;
}

/* depth: a package holds an image, an image a vmlinux, and there it ends. */
static int import_bytes(struct kernimport *import, struct bytes file, const char *name, int depth)
{
	static const uint16_t btf_magic = BTF_MAGIC;

	if (depth > 3)
		return -EBADMSG;
	if (has_magic(file, 0, "!<arch>\n", 8))
		return import_deb(import, file, depth);
	if (has_magic(file, 0, "\177ELF", 4))
		return import_elf(import, file);
	if (has_magic(file, 0x202, "HdrS", 4))
		return import_image(import, file, depth);
	if (has_magic(file, 0, (const char *)&btf_magic, sizeof(btf_magic)))
		return keep(import, KERNLIB_BTF, file.at, file.cnt);
	return import_text(import, file, name);
}

int kernimport_file(struct kernimport *import, const char *path)
{
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct bytes file;
	int r;

	if (fd < 0)
		return -errno;
	r = map_fd(fd, &file);
	if (r < 0)
		return r;
	r = import_bytes(import, file, path, 0);
	(void)munmap((void *)(uintptr_t)file.at, file.cnt);
	return r;
}

/* ---- this machine ------------------------------------------------------------------------- */

/* The whole of a file whose size is not told, as those of /proc and /sys; also one that is
 * compressed. */
static int keep_stream(struct kernimport *import, enum kernlib_part part, const char *path)
{
	OWN_MEM uint8_t *bytes = NULL;
	size_t cnt = 0, room = (size_t)32 << 20;
	gzFile file = gzopen(path, "re");
	int n;

	if (!file)
		return -ENOENT;
	bytes = malloc(room);
	do {
		n = bytes && cnt < room ? gzread(file, bytes + cnt, (unsigned int)(room - cnt)) : 0;
		cnt += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	(void)gzclose(file);
	if (!bytes || !cnt)
		return -ENODATA;
	return part == KERNLIB_SYMBOLS ? keep_symbol_lines(import, (struct bytes){ bytes, cnt })
				       : keep(import, part, bytes, cnt);
}

int kernimport_running(struct kernimport *import)
{
	char path[256];
	int r;

	release_running(import->name, sizeof(import->name));
	r = keep_stream(import, KERNLIB_BTF, "/sys/kernel/btf/vmlinux");
	(void)keep_stream(import, KERNLIB_SYMBOLS, "/proc/kallsyms");
	if (keep_stream(import, KERNLIB_CONFIG, "/proc/config.gz") < 0) {
		(void)snprintf(path, sizeof(path), "/boot/config-%.*s",
			       (int)strcspn(import->name, " "), import->name);
		(void)keep_stream(import, KERNLIB_CONFIG, path);
	}
	return r < 0 && !import->data[KERNLIB_CONFIG] ? -ENODATA : 0;
}

void kernimport_done(struct kernimport *import)
{
	for (size_t i = 0; i < KERNLIB_PART_CNT; i++)
		free(import->data[i]);
	*import = (struct kernimport){ 0 };
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the path of a pin leads in a process's own view of the file system. Pins are names that the daemon keeps;
 * the directory says which names are the same.
 */
#ifndef BPFGATE_CLIENT_PLACE_H
#define BPFGATE_CLIENT_PLACE_H

#include "proto/codec.h"

#include <sys/types.h>

/*
 * Finds the nearest directory above the path that is there and can be reached. A path that is not plain (relative,
 * with "..", through BPF_F_PATH_FD) gets the text that it has from the root. dir_fd: an open directory of ours, or -1:
 * the working directory; the second for a thread of another process. 0 also when no directory is found; -errno of
 * open(2) otherwise. *ret_place is the caller's to release.
 */
int place_of_self(int dir_fd, const char *path, bool watch, struct codec_place *ret_place);
int place_of_other(pid_t tid, int dir_fd, const char *path, bool watch, struct codec_place *ret_place);

#endif

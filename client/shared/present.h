/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shows the daemon signed objects, so that it knows their programs by digest when they are loaded.
 */
#ifndef BPFGATE_CLIENT_PRESENT_H
#define BPFGATE_CLIENT_PRESENT_H

#include <stdbool.h>

/*
 * Presents one object with its signature: the file `signature`, or when NULL "OBJECT.p7s" if that exists, else
 * what is appended to the object. 0; -ENOKEY when it is not signed and no rule lists its digest; -errno of opening;
 * or what bpfgate_present_object() returns. What the daemon found wrong with it is said on stderr, also when it is
 * some of its programs only; an object that is not signed is not wrong.
 */
int present_object(const char *object, const char *signature);

/*
 * Presents what BPFGATE_OBJECTS names (paths separated by colons). Goes on after a failure, which is said on
 * stderr. Number of objects that could not be presented.
 */
int present_environment(void);

#endif

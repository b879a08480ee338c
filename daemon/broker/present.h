/* SPDX-License-Identifier: Apache-2.0 */
/* Objects that a client shows us: a control frame with one or two sealed memfds. */
#ifndef BPFGATE_DAEMON_PRESENT_H
#define BPFGATE_DAEMON_PRESENT_H

#include "daemon/broker/work/session.h"

/*
 * Takes the object in msg's descriptors. 0: the session is answered later, and takes no other request
 * until then; or -errno, and present_error() has the document to answer with at once.
 */
int present_object(struct session *session, const struct message *msg);

#endif

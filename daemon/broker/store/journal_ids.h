/* SPDX-License-Identifier: Apache-2.0 */
/* Message ids of our journal records; systemd/bpfgate.catalog explains each. They never change. */
#ifndef BPFGATE_DAEMON_JOURNAL_IDS_H
#define BPFGATE_DAEMON_JOURNAL_IDS_H

#define JOURNAL_ID_READY              "a64275b0826a42a496f50643080afd3b" /* started and ready */
#define JOURNAL_ID_POLICY_LOADED      "7b09a62cccd848d89fabf276ad4a85c0" /* a policy set came into force */
#define JOURNAL_ID_POLICY_REJECTED    "721daf372e28442a9e791c90bef2bc63" /* a policy set was wrong; the old one stays */
#define JOURNAL_ID_ALLOWED            "c5c7e416a1044993b0745a80f3f1ba9b" /* a request was allowed */
#define JOURNAL_ID_REFUSED_POLICY     "2e322ccf273b465f89ef79900973a170" /* refused by policy */
#define JOURNAL_ID_REFUSED_VERIFIER   "9f3c0acaa3f14b0faa2a018877c8da17" /* refused by the verifier */
#define JOURNAL_ID_UNDECIDED          "4f41dd0732344084af3096a1c32ae2e6" /* the judge could not decide */
#define JOURNAL_ID_KERNEL_DISAGREES   "5bd9e81d1ec14483a9ec76f6f4b0ef2e" /* the kernel refused what we accepted */
#define JOURNAL_ID_QUOTA              "1add85468a094ff1ada5a3c7310b265e" /* refused: quota */
#define JOURNAL_ID_WORKER_LOST        "2c9c9d6ca1e040f58363ff321c248496" /* a judge or loader died or hung */
#define JOURNAL_ID_THROTTLED          "7315a278655e4b779b0ebca45e39756d" /* a client holds too much */
#define JOURNAL_ID_SHADOW             "94572e6077104bbda91621eb8f6051ce" /* a shadow rule would decide otherwise */
#define JOURNAL_ID_NOT_COVERED        "6ade88d407e944908a7b4b10e1db7dba" /* a live program's rule no longer grants it */

#endif

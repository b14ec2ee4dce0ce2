/* version.h: what uname(2) and /proc/version say. Programs compare the release with what they need
 * of Linux: it names the interface that is followed. The version says what system this is. */
#ifndef PROC_VERSION_H
#define PROC_VERSION_H

#define SYSTEM_NAME    "Linux"
#define SYSTEM_RELEASE "6.1.0-quire"
#define SYSTEM_VERSION "Quire 0.1"
#define SYSTEM_MACHINE "x86_64"

#endif

/* socket_abi.h: Linux's numbers for sockets that none of its headers gives to a kernel. */
#ifndef FS_SOCKET_ABI_H
#define FS_SOCKET_ABI_H

#include "lib/types.h"

#define AF_UNIX 1

enum { SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_SEQPACKET = 5 };
#define SOCK_TYPE_MASK 0xfu

enum { SHUT_RD, SHUT_WR, SHUT_RDWR };

#define MSG_OOB          0x1u
#define MSG_PEEK         0x2u
#define MSG_CTRUNC       0x8u
#define MSG_TRUNC        0x20u
#define MSG_DONTWAIT     0x40u
#define MSG_WAITALL      0x100u
#define MSG_NOSIGNAL     0x4000u
#define MSG_CMSG_CLOEXEC 0x40000000u

#define SCM_RIGHTS 1

/* struct msghdr */
struct message_header {
	vaddr_t name;
	int name_bytes;
	vaddr_t parts;
	uint64_t part_count;
	vaddr_t control;
	uint64_t control_bytes;
	unsigned flags;
};

/* struct cmsghdr */
struct control_header {
	uint64_t bytes; /* with this header */
	int level, type;
};

#endif

/*
 * sysv_msg.c: see sysv.h: message queues (msgget(2), msgop(2)). Who waits for a message is given it
 * by the sender, in the order in which they came: so nobody takes it first. Who waits for room
 * tries again whenever the queue has changed.
 */
#include <linux/msg.h>
#include <asm/msgbuf.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/sysv.h"
#include "proc/thread.h"
#include "sync/wait_queue.h"

struct message {
	struct list_node link; /* (v) */
	int64_t type;          /* (i) */
	size_t bytes;          /* (i) */
	void *text;            /* (i) */
};

/* A call that receives. */
struct receiver {
	struct list_node link; /* (v) next is NULL while it does not wait */
	int64_t wanted;        /* (i) as of msgrcv(2), like these: */
	size_t max;            /* (i) */
	int flags;             /* (i) */
	int pid;               /* (i) */
	int result;            /* (v) -ENOMSG: it has none yet; -E2BIG; 0: it has ... */
	struct message *message;
};

struct msg_queue {
	struct sysv_entry entry;
	unsigned users;                   /* (v) the table, and calls that wait */
	bool removed;                     /* (v) */
	struct list_node messages;        /* (v) */
	struct list_node receivers;       /* (v) those that wait */
	uint64_t bytes, count, bytes_max; /* (v) */
	int64_t sent, received;           /* (v) */
	int sender, receiver;             /* (v) */
	struct wait_queue queue;          /* a message came or went, or the queue is gone */
};

/* (v) */
static struct sysv_table queues = SYSV_TABLE_INIT(queues, MSG_ENTRIES_MAX);

static struct msg_queue *of(struct sysv_entry *entry)
{
	return container_of(entry, struct msg_queue, entry);
}

static struct msg_queue *find_locked(int id)
{
	struct sysv_entry *entry = sysv_find_locked(&queues, id);

	return entry ? of(entry) : NULL;
}

static void free_message(struct message *message)
{
	if (message)
		kfree(message->text);
	kfree(message);
}

/* Nobody has it any more. */
static void destroy(struct msg_queue *queue)
{
	list_for_each_safe (node, &queue->messages)
		free_message(container_of(node, struct message, link));
	kfree(queue);
}

int msg_get(int key, int flags)
{
	struct msg_queue *fresh = kzalloc(sizeof(*fresh));
	struct sysv_entry *entry = NULL;

	if (!fresh)
		return -ENOMEM;
	fresh->users = 1;
	fresh->bytes_max = MSG_QUEUE_BYTES_MAX;
	list_init(&fresh->messages);
	list_init(&fresh->receivers);
	wait_queue_init(&fresh->queue);
	spin_lock(&sysv_lock);
	int id = sysv_choose_locked(&queues, key, flags, &entry);
	if (id == 1) {
		id = sysv_add_locked(&queues, &fresh->entry, key, flags);
		id = id ? id : fresh->entry.id;
		fresh = id < 0 ? fresh : NULL;
	} else if (!id) {
		id = entry->id;
	}
	spin_unlock(&sysv_lock);
	kfree(fresh);
	return id;
}

int msg_remove(int id)
{
	bool last = false;

	spin_lock(&sysv_lock);
	struct msg_queue *queue = find_locked(id);
	if (queue) {
		queue->removed = true;
		sysv_remove_locked(&queues, &queue->entry);
		wait_wake_all(&queue->queue);
		last = --queue->users == 0;
	}
	spin_unlock(&sysv_lock);
	if (last)
		destroy(queue);
	return queue ? 0 : -EINVAL;
}

/* The queue with one user more. */
static struct msg_queue *get(int id)
{
	spin_lock(&sysv_lock);
	struct msg_queue *queue = find_locked(id);
	if (queue)
		queue->users++;
	spin_unlock(&sysv_lock);
	return queue;
}

static void put(struct msg_queue *queue)
{
	spin_lock(&sysv_lock);
	bool last = --queue->users == 0;
	spin_unlock(&sysv_lock);
	if (last)
		destroy(queue);
}

/* ---- who wants what ---- */

static bool is_wanted(const struct message *message, const struct receiver *receiver)
{
	int64_t wanted = receiver->wanted;

	if (!wanted)
		return true;
	if (wanted < 0)
		return wanted == INT64_MIN || message->type <= -wanted;
	return (message->type == wanted) == !(receiver->flags & MSG_EXCEPT);
}

/* The message that is wanted: it is the receiver's, unless it is too large. */
static void give_locked(struct msg_queue *queue, struct receiver *receiver, struct message *message)
{
	if (message->bytes > receiver->max && !(receiver->flags & MSG_NOERROR)) {
		receiver->result = -E2BIG;
		return;
	}
	receiver->result = 0;
	receiver->message = message;
	queue->received = sysv_now();
	queue->receiver = receiver->pid;
}

/* To who has waited for it longest. False: to nobody. */
static bool hand_over_locked(struct msg_queue *queue, struct message *message)
{
	list_for_each_safe (node, &queue->receivers) {
		struct receiver *receiver = container_of(node, struct receiver, link);
		if (!is_wanted(message, receiver))
			continue;
		list_remove(node);
		give_locked(queue, receiver, message);
		if (!receiver->result)
			return true;
	}
	return false;
}

/* ---- sending ---- */

/* -EAGAIN: there is no room. */
static int try_send(struct msg_queue *queue, struct message *message)
{
	int error = 0;

	spin_lock(&sysv_lock);
	if (queue->removed) {
		error = -EIDRM;
	} else if (queue->bytes + message->bytes > queue->bytes_max ||
		   queue->count + 1 > queue->bytes_max) {
		error = -EAGAIN;
	} else {
		if (!hand_over_locked(queue, message)) {
			list_push_back(&queue->messages, &message->link);
			queue->bytes += message->bytes;
			queue->count++;
		}
		queue->sent = sysv_now();
		queue->sender = current_process()->pid;
		wait_wake_all(&queue->queue);
	}
	spin_unlock(&sysv_lock);
	return error;
}

static struct message *make_message(int64_t type, const void *text, size_t bytes)
{
	struct message *message = kzalloc(sizeof(*message));

	if (!message)
		return NULL;
	message->type = type;
	message->bytes = bytes;
	message->text = kmalloc(MAX(bytes, 1u));
	if (!message->text) {
		kfree(message);
		return NULL;
	}
	memcpy(message->text, text, bytes);
	return message;
}

int msg_send(int id, int64_t type, const void *text, size_t bytes, int flags)
{
	struct message *message = make_message(type, text, bytes);

	if (!message)
		return -ENOMEM;
	struct msg_queue *queue = get(id);
	int result = queue ? try_send(queue, message) : -EINVAL;
	if (result == -EAGAIN && !(flags & IPC_NOWAIT)) {
		int error = wait_until(&queue->queue, WAIT_FOREVER,
				       (result = try_send(queue, message)) != -EAGAIN);
		result = error ? error : result;
	}
	if (result)
		free_message(message);
	if (queue)
		put(queue);
	return result;
}

/* ---- receiving ---- */

/* Of those up to a type, the first with the least. */
static struct message *choose_locked(const struct msg_queue *queue, const struct receiver *receiver)
{
	struct message *best = NULL;

	list_for_each (node, &queue->messages) {
		struct message *message = container_of(node, struct message, link);
		if (!is_wanted(message, receiver) || (best && best->type <= message->type))
			continue;
		best = message;
		if (receiver->wanted >= 0)
			break;
	}
	return best;
}

/* What is there, or else it stands among those that wait, unless it must not. */
static void receive_locked(struct msg_queue *queue, struct receiver *receiver)
{
	struct message *message = choose_locked(queue, receiver);

	receiver->result = -ENOMSG;
	if (queue->removed) {
		receiver->result = -EIDRM;
	} else if (message) {
		give_locked(queue, receiver, message);
		if (receiver->result)
			return;
		list_remove(&message->link);
		queue->bytes -= message->bytes;
		queue->count--;
		wait_wake_all(&queue->queue);
	} else if (!(receiver->flags & IPC_NOWAIT)) {
		list_push_back(&queue->receivers, &receiver->link);
	}
}

/* Need it wait no longer? */
static bool is_over(const struct msg_queue *queue, const struct receiver *receiver)
{
	spin_lock(&sysv_lock);
	bool over = !receiver->link.next || queue->removed;
	spin_unlock(&sysv_lock);
	return over;
}

/* The receiver stands in the queue; afterwards it does not. Its result, or -EINTR. */
static int wait_for_message(struct msg_queue *queue, struct receiver *receiver)
{
	int error = wait_until(&queue->queue, WAIT_FOREVER, is_over(queue, receiver));

	spin_lock(&sysv_lock);
	/* A message may have come together with a signal. */
	if (!receiver->link.next) {
		error = receiver->result;
	} else {
		list_remove(&receiver->link);
		error = queue->removed ? -EIDRM : error;
	}
	spin_unlock(&sysv_lock);
	return error;
}

ssize_t msg_receive(int id, int64_t wanted, size_t max, int flags, int64_t *type, void **text)
{
	struct receiver receiver = {
		.wanted = wanted, .max = max, .flags = flags, .pid = current_process()->pid};
	struct msg_queue *queue = get(id);

	if (!queue)
		return -EINVAL;
	spin_lock(&sysv_lock);
	receive_locked(queue, &receiver);
	int result = receiver.result;
	bool waits = receiver.link.next;
	spin_unlock(&sysv_lock);
	if (waits)
		result = wait_for_message(queue, &receiver);
	put(queue);
	if (result)
		return result;
	struct message *message = receiver.message;
	size_t bytes = MIN(message->bytes, max);
	*type = message->type;
	*text = message->text;
	kfree(message);
	return (ssize_t)bytes;
}

/* ---- control ---- */

int msg_set(int id, const struct ipc64_perm *perm, uint64_t queue_bytes)
{
	spin_lock(&sysv_lock);
	struct msg_queue *queue = find_locked(id);
	if (queue) {
		queue->bytes_max = queue_bytes;
		sysv_set_permissions_locked(&queue->entry, perm);
		wait_wake_all(&queue->queue);
	}
	spin_unlock(&sysv_lock);
	return queue ? 0 : -EINVAL;
}

static void stat_locked(const struct msg_queue *queue, struct msqid64_ds *out)
{
	*out = (struct msqid64_ds){
		.msg_stime = queue->sent,
		.msg_rtime = queue->received,
		.msg_ctime = queue->entry.changed,
		.msg_cbytes = queue->bytes,
		.msg_qnum = queue->count,
		.msg_qbytes = queue->bytes_max,
		.msg_lspid = queue->sender,
		.msg_lrpid = queue->receiver,
	};
	sysv_get_permissions_locked(&queue->entry, &out->msg_perm);
}

int msg_stat(int id, bool by_index, struct msqid64_ds *out)
{
	int result;

	spin_lock(&sysv_lock);
	struct sysv_entry *entry = sysv_find_to_stat_locked(&queues, id, by_index, &result);
	if (entry)
		stat_locked(of(entry), out);
	spin_unlock(&sysv_lock);
	return result;
}

int msg_usage(unsigned *count, unsigned *messages, uint64_t *bytes)
{
	*messages = 0;
	*bytes = 0;
	spin_lock(&sysv_lock);
	*count = queues.count;
	list_for_each (node, &queues.entries) {
		const struct msg_queue *queue = of(container_of(node, struct sysv_entry, link));
		*messages += (unsigned)queue->count;
		*bytes += queue->bytes;
	}
	int last = sysv_last_index_locked(&queues);
	spin_unlock(&sysv_lock);
	return last;
}

int msg_next(int *index, struct msqid64_ds *out)
{
	spin_lock(&sysv_lock);
	struct sysv_entry *entry = sysv_next_locked(&queues, *index);
	if (entry) {
		*index = entry->id;
		stat_locked(of(entry), out);
	}
	spin_unlock(&sysv_lock);
	return entry ? 0 : -EINVAL;
}

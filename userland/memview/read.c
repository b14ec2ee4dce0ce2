/* read.c: a snapshot of memory from the files of /proc. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memview.h"

/* ---- files ---- */

/* A file's text, NUL-terminated, in a buffer that grows and is used again for the next one; NULL:
 * it can't be read. */
static char *read_file(const char *path)
{
	static char *buffer;
	static size_t size;
	size_t used = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	for (;;) {
		if (size - used < 2) {
			char *larger = realloc(buffer, size ? 2 * size : 65536);
			if (!larger)
				break;
			buffer = larger;
			size = size ? 2 * size : 65536;
		}
		ssize_t done = read(fd, buffer + used, size - used - 1);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			break;
		used += (size_t)done;
	}
	close(fd);
	if (buffer)
		buffer[used] = '\0';
	return buffer;
}

static char *read_process_file(int pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return read_file(path);
}

/* Room for one more at the end of an array that grows by doubling. */
static void *grow(void *array, size_t count, size_t each)
{
	if (count & (count - 1) || (count && count < 64))
		return array;
	void *larger = realloc(array, (count ? 2 * count : 64) * each);

	if (!larger) {
		perror("memview");
		exit(EXIT_FAILURE);
	}
	return larger;
}

/* ---- physical memory ---- */

static void add_frames(struct memory *memory, char letter, uint64_t count)
{
	static size_t capacity;

	if (memory->frames + count > capacity) {
		capacity = 2 * (memory->frames + count);
		memory->letters = realloc(memory->letters, capacity);
		memory->owner = realloc(memory->owner, capacity);
		if (!memory->letters || !memory->owner) {
			perror("memview");
			exit(EXIT_FAILURE);
		}
	}
	memset(memory->letters + memory->frames, letter, count);
	memset(memory->owner + memory->frames, OWNER_NONE, count);
	memory->frames += count;
	memory->used += letter != '.' ? count : 0;
}

static bool read_memory(struct memory *memory)
{
	char *at = read_file("/proc/framemap");

	if (!at)
		return false;
	memory->frames = memory->used = memory->span_count = 0;
	while (*at) {
		memory->spans = grow(memory->spans, memory->span_count, sizeof(*memory->spans));
		struct span *span = &memory->spans[memory->span_count++];
		*span = (struct span){strtoull(at, &at, 16), 0, memory->frames};
		while (*at == ' ') {
			char letter = at[1];
			add_frames(memory, letter, strtoull(at + 2, &at, 10));
		}
		span->count = memory->frames - span->offset;
		if (*at++ != '\n')
			break;
	}
	return true;
}

/* Where frame number `frame` stands in the arrays; false: it is not RAM. */
static bool find_frame(const struct memory *memory, uint64_t frame, size_t *index)
{
	for (size_t i = 0; i < memory->span_count; i++) {
		const struct span *span = &memory->spans[i];
		if (frame >= span->first && frame - span->first < span->count) {
			*index = span->offset + (size_t)(frame - span->first);
			return true;
		}
	}
	return false;
}

static void own_run(struct memory *memory, const struct run *run, unsigned owner)
{
	size_t index;

	for (uint64_t i = 0; run->frame && i < run->pages; i++) {
		uint64_t frame = run->step < 0 ? run->frame - i : run->frame + i;
		if (!find_frame(memory, frame, &index))
			return;
		uint8_t *now = &memory->owner[index];
		*now = *now == OWNER_NONE || *now == owner ? (uint8_t)owner : OWNER_SHARED;
	}
}

/* ---- an address space ---- */

/* " <letter><pages>[@<frame>[+|-]]" */
static const char *parse_run(const char *at, struct run *run)
{
	char *end;

	*run = (struct run){.letter = at[1]};
	run->pages = strtoull(at + 2, &end, 10);
	if (*end == '@')
		run->frame = strtoull(end + 1, &end, 16);
	if (*end == '+' || *end == '-')
		run->step = *end++ == '-' ? -1 : 1;
	return end;
}

static void copy_name(char to[NAME_BYTES], const char *from, size_t length)
{
	size_t used = 0;

	for (; used < length && used < NAME_BYTES - 1 && from[used]; used++)
		to[used] = isprint((unsigned char)from[used]) ? from[used] : '?';
	to[used] = '\0';
}

/* A line of maps: start-end prot offset device inode name */
static void parse_region(const char *line, size_t length, struct region *region)
{
	int behind = 0;
	unsigned long long start = 0, end = 0;

	memset(region, 0, sizeof(*region));
	sscanf(line, "%llx-%llx %4s %*s %*s %*s%n", &start, &end, region->prot, &behind);
	region->start = start;
	region->end = end;
	while (behind && (size_t)behind < length && line[behind] == ' ')
		behind++;
	if (behind)
		copy_name(region->name, line + behind, length - (size_t)behind);
	if (!region->name[0])
		copy_name(region->name, "anonymous", sizeof("anonymous"));
}

/* /proc/<pid>/pages. `list`: its regions and runs are kept; its frames belong to `owner` anyway. */
static void read_pages(struct snapshot *snapshot, int pid, bool list, unsigned owner)
{
	const char *at = read_process_file(pid, "pages");
	struct run run;

	if (!at)
		return;
	while (*at) {
		size_t length = strcspn(at, "\n");
		if (*at != ' ' && list) {
			snapshot->regions = grow(snapshot->regions, snapshot->region_count,
						 sizeof(*snapshot->regions));
			struct region *region = &snapshot->regions[snapshot->region_count++];
			parse_region(at, length, region);
			region->first_run = snapshot->run_count;
		}
		const char *end = at + length;
		while (*at == ' ' && at < end) {
			const char *next = parse_run(at, &run);
			own_run(&snapshot->memory, &run, owner);
			at = next > at ? next : end;
			if (!list || !snapshot->region_count)
				continue;
			snapshot->runs =
				grow(snapshot->runs, snapshot->run_count, sizeof(*snapshot->runs));
			snapshot->runs[snapshot->run_count++] = run;
			snapshot->regions[snapshot->region_count - 1].run_count++;
		}
		at = *end ? end + 1 : end;
	}
}

/* ---- processes ---- */

static bool read_process(int pid, struct process *process)
{
	const char *text = read_process_file(pid, "stat");
	const char *name = text ? strchr(text, '(') : NULL;
	const char *end = text ? strrchr(text, ')') : NULL;
	unsigned long long mapped = 0, resident = 0;

	if (!name || !end || end < name)
		return false;
	*process = (struct process){.pid = pid};
	copy_name(process->name, name + 1, (size_t)(end - name - 1));
	/* proc(5): state is field 3, vsize 23, rss 24. */
	sscanf(end + 1,
	       " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
	       "%llu %llu",
	       &process->state, &mapped, &resident);
	process->mapped = mapped;
	process->resident = resident * PAGE_BYTES;
	return true;
}

static int compare_pids(const void *a, const void *b)
{
	return ((const struct process *)a)->pid - ((const struct process *)b)->pid;
}

static bool read_processes(struct snapshot *snapshot)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;

	if (!directory)
		return false;
	snapshot->process_count = 0;
	while (snapshot->process_count < PROCESSES_MAX && (entry = readdir(directory))) {
		int pid = atoi(entry->d_name);
		if (pid > 0 && read_process(pid, &snapshot->processes[snapshot->process_count]))
			snapshot->process_count++;
	}
	closedir(directory);
	qsort(snapshot->processes, snapshot->process_count, sizeof(snapshot->processes[0]),
	      compare_pids);
	/* The one that was selected, or the next. */
	snapshot->selected = 0;
	while (snapshot->selected + 1 < snapshot->process_count &&
	       snapshot->processes[snapshot->selected].pid < snapshot->selected_pid)
		snapshot->selected++;
	if (snapshot->process_count)
		snapshot->selected_pid = snapshot->processes[snapshot->selected].pid;
	return true;
}

/* ---- counters ---- */

/* "name  count[ count...]" a line; the counts of CPUs are added up. The first file that is read
 * makes the list. */
static void read_kinds(struct snapshot *snapshot, const char *text, bool all)
{
	size_t index = 0;

	for (const char *line = text; line && *line && index < KINDS_MAX; index++) {
		struct kind *kind = &snapshot->kinds[index];
		size_t length = strcspn(line, "\n"), name = strcspn(line, " \n");
		uint64_t sum = 0;
		char *at = (char *)line + name;
		while (*at == ' ')
			sum += strtoull(at, &at, 10);
		if (all) {
			copy_name(kind->name, line, name);
			kind->all_before = kind->all;
			kind->all = sum;
		} else if (index < snapshot->kind_count) {
			bool same = snapshot->counted_pid == snapshot->selected_pid;
			kind->one_before = same ? kind->one : sum;
			kind->one = sum;
		}
		line += length + (line[length] == '\n');
	}
	if (all)
		snapshot->kind_count = index;
}

static uint64_t count_faults(int pid)
{
	const char *text = read_process_file(pid, "faults");
	uint64_t sum = 0;

	/* The last line is no case of a fault. */
	for (const char *line = text; line && *line && strncmp(line, "fork-entries", 12) != 0;) {
		const char *number = line + strcspn(line, " \n");
		sum += strtoull(number, NULL, 10);
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return sum;
}

bool snapshot_read(struct snapshot *snapshot, bool owners)
{
	if (!read_memory(&snapshot->memory) || !read_processes(snapshot))
		return false;
	snapshot->region_count = snapshot->run_count = 0;
	for (size_t i = 0; i < snapshot->process_count; i++) {
		struct process *process = &snapshot->processes[i];
		process->faults = count_faults(process->pid);
		bool selected = i == snapshot->selected;
		if (selected || owners)
			read_pages(snapshot, process->pid, selected,
				   (unsigned)(i % OWNERS_MAX) + 1);
	}
	read_kinds(snapshot, read_file("/proc/faults"), true);
	read_kinds(snapshot, read_process_file(snapshot->selected_pid, "faults"), false);
	snapshot->counted_pid = snapshot->selected_pid;
	if (!snapshot->number++)
		for (size_t i = 0; i < snapshot->kind_count; i++)
			snapshot->kinds[i].all_before = snapshot->kinds[i].all;
	return true;
}

/* job_file.c: see job_file.h. */
#include "proc/job_file.h"

#include "lib/string.h"

#define STREAMS 3u

/* The length of the record that begins at `at`, without its NUL; false: it has none. */
static bool record_length(const struct job_text *text, size_t at, size_t *length)
{
	*length = strnlen(text->start + at, text->bytes - at);
	return *length < text->bytes - at;
}

bool job_next(struct job_text *left, struct job_text *job)
{
	size_t at = 0, length;

	if (!left->bytes)
		return false;
	while (at < left->bytes && record_length(left, at, &length)) {
		if (length == 1 && left->start[at] == 'J')
			break;
		at += length + 1;
	}
	/* At a J record, at the end, or at a record that lacks its NUL: that one is the job's. */
	bool at_separator = at < left->bytes && record_length(left, at, &length);
	*job = (struct job_text){left->start, at_separator ? at : left->bytes};
	size_t used = at_separator ? at + length + 1 : left->bytes;
	left->start += used;
	left->bytes -= used;
	return true;
}

static size_t count_tag(const struct job_text *text, char tag)
{
	size_t count = 0, length;

	for (size_t at = 0; at < text->bytes && record_length(text, at, &length); at += length + 1)
		count += text->start[at] == tag;
	return count;
}

size_t job_pointer_count(const struct job_text *job)
{
	return count_tag(job, 'A') + count_tag(job, 'E') + 2;
}

/* "columns,rows" */
static bool parse_window(const char *text, struct job_spec *job)
{
	const char *comma = strchr(text, ',');
	uint64_t columns, rows;

	if (!comma || !string_to_u64(text, (size_t)(comma - text), &columns) ||
	    !string_to_u64(comma + 1, strlen(comma + 1), &rows) || columns > UINT16_MAX ||
	    rows > UINT16_MAX)
		return false;
	job->columns = (unsigned)columns;
	job->rows = (unsigned)rows;
	return true;
}

/* One record that is no part of a list. A sentence, or NULL. */
static const char *parse_record(const char *record, struct job_spec *job)
{
	const char *value = record + 1;

	switch (record[0]) {
	case 'P':
		if (job->path)
			return "two programs in one job";
		if (!*value)
			return "the program has no name";
		job->path = value;
		return NULL;
	case 'C':
		if (value[0] != '/')
			return "a working directory that does not begin with /";
		job->directory = value;
		return NULL;
	case 'T':
		if (value[0] < '0' || value[0] >= (char)('0' + STREAMS) || value[1])
			return "a terminal that is none of the streams 0, 1 and 2";
		job->terminals |= 1u << (value[0] - '0');
		return NULL;
	case 'W':
		return parse_window(value, job) ? NULL : "a window that is not \"columns,rows\"";
	default:
		return "a record of unknown kind";
	}
}

const char *job_parse(const struct job_text *text, const char **pointers, struct job_spec *job)
{
	size_t arguments = 0, environment = 0, length;

	*job = (struct job_spec){
		.directory = "/",
		.arguments = pointers,
		.environment = pointers + count_tag(text, 'A') + 1,
	};
	for (size_t at = 0; at < text->bytes; at += length + 1) {
		const char *record = text->start + at;
		if (!record_length(text, at, &length))
			return "the last record is cut off";
		if (record[0] == 'A') {
			job->arguments[arguments++] = record + 1;
		} else if (record[0] == 'E') {
			job->environment[environment++] = record + 1;
		} else {
			const char *wrong = parse_record(record, job);
			if (wrong)
				return wrong;
		}
	}
	job->arguments[arguments] = NULL;
	job->environment[environment] = NULL;
	return job->path ? NULL : "no program";
}

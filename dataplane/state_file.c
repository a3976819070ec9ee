/* SPDX-License-Identifier: BSD-3-Clause */
#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "siphash.h"

#define STATE_MAGIC 0x736c7569u
#define STATE_MOST (4ul << 30)
#define PIECE (1u << 20) /* summed, and written, at once */

/* Against accidents, not against forgery: whoever can write here is root. */
static uint64_t add_sum(uint64_t sum, const void *data, size_t size)
{
	static const uint8_t key[16] = "sluice state";
	const uint64_t sums[2] = { sum, siphash(1, 3, key, data, size) };

	return siphash(1, 3, key, sums, sizeof(sums));
}

static uint64_t sum_of_head(struct state_head head)
{
	uint64_t records = head.sum;

	head.sum = 0;
	return add_sum(records, &head, sizeof(head));
}

static int write_all(int descriptor, const void *data, size_t size, off_t where)
{
	const uint8_t *at = data;

	while (size > 0) {
		ssize_t put = pwrite(descriptor, at, size, where);
		if (put < 0 && errno != EINTR)
			return -errno;
		at += put > 0 ? put : 0;
		where += put > 0 ? put : 0;
		size -= put > 0 ? (size_t)put : 0;
	}
	return 0;
}

void section_begin(struct section *section, int descriptor, off_t at, const struct state_head *head)
{
	*section = (struct section){ .descriptor = descriptor, .head = *head, .at = at };
	section->head.magic = STATE_MAGIC;
	section->head.version = WIRE_VERSION;
}

static int write_piece(struct section *section, size_t size)
{
	struct frame_buffer *frames = &section->frames;
	off_t where = section->at + (off_t)(sizeof(section->head) + section->head.size);
	int ret = write_all(section->descriptor, frames->data + frames->start, size, where);

	section->head.sum = add_sum(section->head.sum, frames->data + frames->start, size);
	section->head.size += size;
	frames->start += size;
	return ret;
}

int section_put(void *context, enum wire_type type, const void *record)
{
	struct section *section = context;
	int ret = frame_put(&section->frames, type, record);

	return ret < 0 || section->frames.end - section->frames.start < PIECE ? ret : write_piece(section, PIECE);
}

/* The head goes last: before it is there the section is not. */
int section_end(struct section *section, off_t *ret_end)
{
	size_t left = section->frames.end - section->frames.start;
	int ret = left > 0 ? write_piece(section, left) : 0;

	section->head.sum = sum_of_head(section->head);
	if (ret == 0)
		ret = write_all(section->descriptor, &section->head, sizeof(section->head), section->at);
	if (ret == 0 && fdatasync(section->descriptor) < 0)
		ret = -errno;
	*ret_end = section->at + (off_t)(sizeof(section->head) + section->head.size);
	section_drop(section);
	return ret;
}

void section_drop(struct section *section)
{
	frame_buffer_finish(&section->frames);
}

static int read_all(int descriptor, uint8_t *data, size_t size)
{
	for (size_t have = 0; have < size;) {
		ssize_t got = read(descriptor, data + have, size - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EBADMSG;
		have += (size_t)got;
	}
	return 0;
}

/* The head at `at`, if it and its records are whole and belong there. */
static bool read_head(const struct state_image *image, size_t at, struct state_head *ret_head)
{
	uint64_t sum = 0;

	if (image->read - at < sizeof(*ret_head))
		return false;
	memcpy(ret_head, image->data + at, sizeof(*ret_head));
	if (ret_head->magic != STATE_MAGIC || ret_head->version != WIRE_VERSION || ret_head->place != image->sections ||
	    (image->sections > 0 && ret_head->serial != image->serial) ||
	    ret_head->size > image->read - at - sizeof(*ret_head))
		return false;
	const uint8_t *records = image->data + at + sizeof(*ret_head);
	for (uint64_t done = 0; done < ret_head->size; done += PIECE)
		sum = add_sum(sum, records + done, ret_head->size - done < PIECE ? ret_head->size - done : PIECE);
	struct state_head summed = *ret_head;
	summed.sum = sum;
	return sum_of_head(summed) == ret_head->sum;
}

static int check_sections(struct state_image *image)
{
	struct state_head head;

	while (read_head(image, image->size, &head)) {
		image->serial = head.serial;
		image->generation = head.generation;
		image->sections++;
		image->size += sizeof(head) + head.size;
	}
	return image->sections > 0 ? 0 : -EBADMSG;
}

int state_image_read(const char *path, struct state_image *ret_image)
{
	struct stat info;
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);

	*ret_image = (struct state_image){ 0 };
	if (descriptor < 0)
		return -errno;
	int ret = fstat(descriptor, &info) < 0 ? -errno : 0;
	if (ret == 0 && (!S_ISREG(info.st_mode) || info.st_size == 0 || (uint64_t)info.st_size > STATE_MOST))
		ret = -EBADMSG;
	if (ret == 0 && (ret_image->data = malloc((size_t)info.st_size)) == NULL)
		ret = -ENOMEM;
	if (ret == 0)
		ret = read_all(descriptor, ret_image->data, (size_t)info.st_size);
	close(descriptor);
	if (ret == 0) {
		ret_image->read = (size_t)info.st_size;
		ret = check_sections(ret_image);
	}
	if (ret < 0)
		free(ret_image->data);
	return ret;
}

bool state_image_next(const struct state_image *image, size_t *at, struct frame_buffer *ret_records)
{
	struct state_head head;

	if (*at >= image->size)
		return false;
	memcpy(&head, image->data + *at, sizeof(head));
	*at += sizeof(head);
	*ret_records = (struct frame_buffer){ .data = image->data, .start = *at, .end = *at + head.size };
	ret_records->room = ret_records->end;
	*at += head.size;
	return true;
}

/* file.c: files of the volume that has the kernel (UEFI 2.10, 13.4 and 13.5). */
#include "loader.h"

/* Some firmware fails, or reads garbage, when asked for more at once. */
#define READ_CHUNK_BYTES MIB

#define PATH_CHARS 64

static EFI_GUID file_system_guid = SIMPLE_FILE_SYSTEM_PROTOCOL;
static EFI_GUID file_info_guid = EFI_FILE_INFO_ID;
static EFI_GUID loaded_image_guid = LOADED_IMAGE_PROTOCOL;

static EFI_STATUS open_path(EFI_FILE_HANDLE folder, const char *path, EFI_FILE_HANDLE *out)
{
	CHAR16 wide[PATH_CHARS];
	unsigned i;

	for (i = 0; path[i] && i < PATH_CHARS - 1; i++)
		wide[i] = (unsigned char)path[i];
	wide[i] = 0;
	return folder->Open(folder, out, wide, EFI_FILE_MODE_READ, 0);
}

/* Open the volume on `handle`, if it is one and has the kernel. */
static EFI_STATUS try_volume(struct loader *loader, EFI_HANDLE handle)
{
	EFI_SIMPLE_FILE_SYSTEM_PROTOCOL *file_system;
	EFI_FILE_HANDLE root, kernel;
	EFI_STATUS status;

	status = loader->services->HandleProtocol(handle, &file_system_guid, (void **)&file_system);
	if (EFI_ERROR(status))
		return status;
	status = file_system->OpenVolume(file_system, &root);
	if (EFI_ERROR(status))
		return status;
	status = open_path(root, KERNEL_PATH, &kernel);
	if (EFI_ERROR(status)) {
		root->Close(root);
		return status;
	}
	kernel->Close(kernel);
	loader->volume = root;
	return EFI_SUCCESS;
}

/* Look at every volume. Of several errors the one that says most: "not found" says least. */
static EFI_STATUS try_all_volumes(struct loader *loader)
{
	EFI_STATUS status, worst = EFI_NOT_FOUND;
	EFI_HANDLE *handles;
	UINTN count;

	status = loader->services->LocateHandleBuffer(ByProtocol, &file_system_guid, NULL, &count,
						      &handles);
	if (EFI_ERROR(status))
		return status;
	for (UINTN i = 0; i < count; i++) {
		status = try_volume(loader, handles[i]);
		if (!EFI_ERROR(status))
			break;
		if (status != EFI_NOT_FOUND)
			worst = status;
	}
	loader->services->FreePool(handles);
	return loader->volume ? EFI_SUCCESS : worst;
}

EFI_STATUS file_find_volume(struct loader *loader)
{
	EFI_LOADED_IMAGE *self;
	EFI_STATUS status;

	status =
		loader->services->HandleProtocol(loader->image, &loaded_image_guid, (void **)&self);
	if (!EFI_ERROR(status) && self->DeviceHandle &&
	    !EFI_ERROR(try_volume(loader, self->DeviceHandle)))
		return EFI_SUCCESS;

	/* Started from a network, or by a shell that does not say from where: look everywhere. */
	status = try_all_volumes(loader);
	if (status == EFI_NOT_FOUND)
		return fail(loader, status, "%s: not found on any volume", KERNEL_PATH);
	if (EFI_ERROR(status))
		return fail(loader, status, "%s: not found, and a volume can't be read: %s",
			    KERNEL_PATH, status_name(status));
	return EFI_SUCCESS;
}

void file_close_volume(struct loader *loader)
{
	if (loader->volume)
		loader->volume->Close(loader->volume);
	loader->volume = NULL;
}

static EFI_STATUS file_size(struct loader *loader, const char *path, uint64_t limit,
			    EFI_FILE_HANDLE file, uint64_t *out)
{
	struct {
		EFI_FILE_INFO info;
		CHAR16 rest_of_name[PATH_CHARS];
	} buffer = {0};
	UINTN bytes = sizeof buffer;
	EFI_STATUS status;

	status = file->GetInfo(file, &file_info_guid, &bytes, &buffer);
	if (EFI_ERROR(status))
		return fail(loader, status, "%s: the firmware does not tell its size: %s", path,
			    status_name(status));
	if (buffer.info.Attribute & EFI_FILE_DIRECTORY)
		return fail(loader, EFI_LOAD_ERROR, "%s: a folder, not a file", path);
	if (buffer.info.FileSize > limit)
		return fail(loader, EFI_LOAD_ERROR, "%s: larger than %llu KiB", path, limit / KIB);
	*out = buffer.info.FileSize;
	return EFI_SUCCESS;
}

static EFI_STATUS read_all(struct loader *loader, const char *path, EFI_FILE_HANDLE file,
			   const struct block *to)
{
	uint64_t done = 0;

	while (done < to->bytes) {
		const uint64_t left = to->bytes - done;
		const UINTN wanted = left < READ_CHUNK_BYTES ? left : READ_CHUNK_BYTES;
		UINTN bytes = wanted;
		EFI_STATUS status = file->Read(file, &bytes, (uint8_t *)block_pointer(to) + done);

		if (EFI_ERROR(status))
			return fail(loader, status, "%s: can't be read at byte %llu of %llu: %s",
				    path, done, to->bytes, status_name(status));
		if (bytes == 0 || bytes > wanted)
			return fail(loader, EFI_END_OF_FILE,
				    "%s: ends after %llu of %llu bytes (short read)", path, done,
				    to->bytes);
		done += bytes;
	}
	return EFI_SUCCESS;
}

static EFI_STATUS read_open_file(struct loader *loader, const char *path, uint64_t limit,
				 EFI_FILE_HANDLE file, struct block *out)
{
	struct block block = {0};
	uint64_t bytes = 0;
	EFI_STATUS status;

	status = file_size(loader, path, limit, file, &bytes);
	if (EFI_ERROR(status))
		return status;
	if (bytes == 0) {
		*out = block;
		return EFI_SUCCESS;
	}
	status = loader_allocate(loader, path, bytes, PAGE_BYTES, PLACE_PREFER_LOW, &block);
	if (EFI_ERROR(status))
		return status;
	status = read_all(loader, path, file, &block);
	if (EFI_ERROR(status))
		return status;
	*out = block;
	return EFI_SUCCESS;
}

EFI_STATUS file_read(struct loader *loader, const char *path, uint64_t limit, struct block *out)
{
	EFI_FILE_HANDLE file;
	EFI_STATUS status;

	status = open_path(loader->volume, path, &file);
	if (status == EFI_NOT_FOUND)
		return fail(loader, status, "%s: not found", path);
	if (EFI_ERROR(status))
		return fail(loader, status, "%s: can't be opened: %s", path, status_name(status));
	status = read_open_file(loader, path, limit, file, out);
	file->Close(file);
	return status;
}

EFI_STATUS file_read_optional(struct loader *loader, const char *path, uint64_t limit,
			      struct block *out)
{
	EFI_FILE_HANDLE file;
	EFI_STATUS status = open_path(loader->volume, path, &file);

	*out = (struct block){0};
	if (status == EFI_NOT_FOUND)
		return EFI_SUCCESS;
	if (!EFI_ERROR(status))
		file->Close(file);
	return file_read(loader, path, limit, out);
}

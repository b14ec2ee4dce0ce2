"""sign.py: a loader for Secure Boot: it knows the hashes of its files, and is signed.

The firmware checks the loader's signature and nothing else. So the hashes of what the loader reads
are in a section of it, .hashes, and the signature covers them (boot/verify.c).
"""

import base64
import binascii
import hashlib
import os
import re
import struct
import subprocess

from .errors import QuireError

# What boot/verify.c declares: struct hashes. The files in its order.
SECTION_NAME = b".hashes\0"
HASHES = struct.Struct("<IIII32s32s32s")
MAGIC, VERSION = 0x48534148, 1
HASHED_FILES = ("quire/kernel.elf", "quire/initrd.cpio", "quire/cmdline.txt")

# Microsoft, PE Format: the offset of the PE header, and in it and its sections.
PE_OFFSET_AT = 0x3C
PE_SECTION_COUNT_AT, PE_OPTIONAL_BYTES_AT, PE_HEADER_BYTES = 6, 20, 24
SECTION = struct.Struct("<8sIIIIIIHHI")

CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.S)
PRIVATE_KEY = re.compile(rb"-----BEGIN (RSA |ENCRYPTED |)PRIVATE KEY-----")
# As every certificate of an RSA key has it: OBJECT IDENTIFIER rsaEncryption (RFC 8017, appendix C).
RSA_ENCRYPTION = bytes.fromhex("06092a864886f70d010101")
# "number:error:code:library:function:reason:file:line"
OPENSSL_ERROR = re.compile(r":error:[^:]*:[^:]*:[^:]*:([^:]+)")


def _sha256(path):
    """Of an absent file, what an empty one has."""
    digest = hashlib.sha256()
    if os.path.exists(path):
        with open(path, "rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    return digest.digest()


def _section_offset(loader):
    """Where .hashes is in the file; ValueError if it is nowhere."""
    (pe,) = struct.unpack_from("<I", loader, PE_OFFSET_AT)
    (count,) = struct.unpack_from("<H", loader, pe + PE_SECTION_COUNT_AT)
    (optional_bytes,) = struct.unpack_from("<H", loader, pe + PE_OPTIONAL_BYTES_AT)
    table = pe + PE_HEADER_BYTES + optional_bytes
    for index in range(count):
        name, _, _, size, offset, *_ = SECTION.unpack_from(loader, table + index * SECTION.size)
        if name == SECTION_NAME and size >= HASHES.size and len(loader) >= offset + size:
            magic, version = struct.unpack_from("<II", loader, offset)
            if (magic, version) == (MAGIC, VERSION):
                return offset
    raise ValueError("no section .hashes")


def with_hashes(loader, folder):
    """The bytes of `loader` with the hashes of its files in the EFI system partition `folder`."""
    hashes = [_sha256(os.path.join(folder, name)) for name in HASHED_FILES]
    try:
        offset = _section_offset(loader)
    except (struct.error, ValueError) as error:
        raise QuireError("this loader has no room for hashes, so signing it would prove nothing"
                         ) from error
    filled = HASHES.pack(MAGIC, VERSION, 1, 0, *hashes)
    return loader[:offset] + filled + loader[offset + HASHES.size:]


def certificate_der(path):
    """The first certificate of a PEM file, in the form that a firmware's setup takes."""
    try:
        with open(path, "rb") as file:
            match = CERTIFICATE.search(file.read())
        if match:
            return base64.b64decode(match[1])
    except (OSError, binascii.Error) as error:
        raise QuireError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    raise QuireError(f"{path}: there is no certificate in it (PEM: -----BEGIN CERTIFICATE-----)")


def _run(program, *arguments):
    done = subprocess.run(["/usr/bin/" + program, *arguments], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, errors="replace")
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["it is silent"]
        reason = OPENSSL_ERROR.search(lines[-1])
        raise QuireError(f"{program} failed: {reason[1] if reason else lines[-1]}")


def _check_key(path):
    """Is a private key in it, as far as one sees? sbsign calls most of what it may be
    "unsupported"."""
    try:
        with open(path, "rb") as file:
            match = PRIVATE_KEY.search(file.read())
    except OSError as error:
        raise QuireError(f"{path}: {error.strerror}") from error
    if not match:
        raise QuireError(f"{path}: there is no private key in it (PEM: "
                         "-----BEGIN PRIVATE KEY-----)")
    if match[1] == b"ENCRYPTED ":
        raise QuireError(f"{path}: is encrypted; this makes one that is not: openssl pkey "
                         f"-in {path} -out plain.key")


def sign_loader(source, target, folder, key, certificate):
    """`target`: the loader `source`, knowing the files in `folder`, signed with the RSA key `key`
    (PEM), which belongs to `certificate` (X.509, PEM)."""
    if RSA_ENCRYPTION not in certificate_der(certificate):
        raise QuireError(f"{certificate}: is not of an RSA key, and firmware knows no others")
    _check_key(key)
    unsigned = target + ".unsigned"
    with open(source, "rb") as file:
        loader = with_hashes(file.read(), folder)
    with open(unsigned, "wb") as file:
        file.write(loader)
    _run("sbsign", "--key", key, "--cert", certificate, "--output", target, unsigned)
    os.unlink(unsigned)
    _run("sbverify", "--cert", certificate, target)

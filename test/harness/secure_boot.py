"""secure_boot.py: keys of our own, and firmware that trusts them and nobody else.

The variables of OVMF are a file: a firmware volume (UEFI Platform Initialization 1.8, volume 3,
3.2.1) that holds one store of authenticated variables, each a header, its name and its data. In a
new one there are none, so those that Secure Boot wants are put at its start: PK, KEK and db, each
with one certificate in an EFI_SIGNATURE_LIST (UEFI 2.10, 32.4.1). With a PK the firmware turns
Secure Boot on by itself.
"""

import os
import shutil
import ssl
import struct
import subprocess
import uuid

from quirelib import qemu

GLOBAL = uuid.UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c")
SECURITY_DATABASE = uuid.UUID("d719b2cb-3d3a-4596-a3bc-dad00e67656f")
CERT_X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")
AUTHENTICATED_STORE = uuid.UUID("aaf32c78-947b-439a-a180-2e144ec37792")
OWNER = uuid.UUID("2b3c1a52-6f5d-4d2e-8b9e-5d1c9c6f0e11")

VOLUME_HEADER_BYTES_AT = 48
STORE = struct.Struct("<16sIBBHI")
VARIABLE = struct.Struct("<HBBIQ16sIII16s")
START_ID, ADDED = 0x55AA, 0x3F
ATTRIBUTES = 0x27  # not volatile, for boot services and afterwards, changed by signed writes only
TIME = struct.pack("<HBBBBBxIhBx", 2020, 1, 1, 0, 0, 0, 0, 0, 0)


def make_key(folder, name, algorithm=("rsa:2048",)):
    """(key, certificate): paths of PEM files, a new key and its own certificate."""
    key, certificate = (os.path.join(folder, f"{name}.{kind}.pem") for kind in ("key", "cert"))
    subprocess.run(["openssl", "req", "-new", "-x509", "-newkey", *algorithm, "-nodes", "-days",
                    "3650", "-subj", f"/CN=Quire test {name}", "-keyout", key, "-out",
                    certificate], check=True, capture_output=True)
    return key, certificate


def _variable(name, vendor, data):
    wide = (name + "\0").encode("utf-16-le")
    header = VARIABLE.pack(START_ID, ADDED, 0, ATTRIBUTES, 0, TIME, 0, len(wide), len(data),
                           vendor.bytes_le)
    whole = header + wide + data
    return whole + b"\xff" * (-len(whole) % 4)


def _signature_list(certificate):
    with open(certificate, encoding="ascii") as file:
        der = ssl.PEM_cert_to_DER_cert(file.read())
    size = 16 + len(der)
    return (CERT_X509.bytes_le + struct.pack("<III", 28 + size, 0, size) + OWNER.bytes_le + der)


def trusting(certificate, path):
    """`path`: variables for firmware "secboot", which trusts `certificate` and nothing else."""
    shutil.copyfile(qemu.PFLASH["4m"][1], path)
    with open(path, "r+b") as file:
        file.seek(VOLUME_HEADER_BYTES_AT)
        (start,) = struct.unpack("<H", file.read(2))
        file.seek(start)
        guid, *_ = STORE.unpack(file.read(STORE.size))
        assert guid == AUTHENTICATED_STORE.bytes_le
        place = file.tell()
        signatures = _signature_list(certificate)
        variables = b"".join(_variable(name, vendor, signatures) for name, vendor in
                             (("PK", GLOBAL), ("KEK", GLOBAL), ("db", SECURITY_DATABASE)))
        assert file.read(len(variables)).strip(b"\xff") == b"", "there are variables already"
        file.seek(place)
        file.write(variables)
    return path

"""test_image.py: the image of a stick: what the tools of others say of it, and what firmware does.
"""

import os
import resource
import shutil
import ssl
import subprocess

import pytest
from harness import Guest, job, secure_boot
from harness.machines import NO_PS2
from harness.monitor import Monitor
from harness.screen import Screen, at_prompt, use_the_shell
from quirelib import gpt, paths, qemu

HELLO = "build/programs/hello.musl"
OFFSET = gpt.FIRST * gpt.SECTOR  # of the volume in the image
FILES = {"EFI/BOOT/BOOTX64.EFI": paths.LOADER, "quire/kernel.elf": paths.KERNEL,
         "quire/initrd.cpio": paths.INITRD}
ENOUGH = 64 << 20
SEABIOS = "/usr/share/seabios/bios-256k.bin"


def made(quire, *words, **options):
    """quire image with `words` works, and says nothing on standard output."""
    done = quire("image", *words, **options)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == b""


def tool(*words):
    """What a tool prints; it must be content."""
    done = subprocess.run(words, capture_output=True, text=True, check=False,
                          env={**os.environ, "MTOOLS_SKIP_CHECK": "0", "TZ": "UTC"})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module", name="plain")
def plain_fixture(tmp_path_factory):
    """An image as a user makes it."""
    path = tmp_path_factory.mktemp("image") / "quire.img"
    subprocess.run([os.path.join(paths.ROOT, "quire"), "image", str(path)], check=True,
                   capture_output=True)
    return path


# ---- the layout, to the eyes of others ----


def assert_clean(image, tmp_path):
    assert "No problems found" in tool("/usr/sbin/sgdisk", "-v", str(image))
    listing = tool("/usr/sbin/sgdisk", "-i", "1", str(image))
    assert "C12A7328-F81F-11D2-BA4B-00A0C93EC93B" in listing and "'Quire'" in listing
    volume = tmp_path / "volume"
    with open(image, "rb") as whole, open(volume, "wb") as part:
        whole.seek(OFFSET)
        shutil.copyfileobj(whole, part)
        part.truncate(part.tell() - gpt.ALIGNMENT * gpt.SECTOR)
    report = tool("/usr/sbin/fsck.fat", "-n", "-v", str(volume))
    assert "32 bit entries" in report and "differences" not in report, report
    volume.unlink()


def test_clean_to_other_tools(plain, tmp_path):
    assert_clean(plain, tmp_path)
    assert plain.stat().st_size == ENOUGH


def test_what_is_on_it(plain, tmp_path):
    volume = f"{plain}@@{OFFSET}"
    names = sorted(tool("mdir", "-/", "-b", "-i", volume, "::").split())
    assert names == ["::/EFI/", "::/EFI/BOOT/", "::/EFI/BOOT/BOOTX64.EFI", "::/quire/",
                     "::/quire/cmdline.txt", "::/quire/initrd.cpio", "::/quire/kernel.elf"]
    for name, source in FILES.items():
        copy = tmp_path / "copy"
        tool("mcopy", "-n", "-o", "-i", volume, f"::{name}", str(copy))
        assert copy.read_bytes() == open(source, "rb").read(), name


def test_no_times_of_added_files(quire, tmp_path):
    images = []
    for seconds in (1, 2):
        note = tmp_path / "note"
        note.write_text("a note\n")
        os.utime(note, (seconds, seconds))
        images.append(tmp_path / f"{seconds}.img")
        made(quire, str(images[-1]), "--add", f"{note}:/note", "--", HELLO)
    assert images[0].read_bytes() == images[1].read_bytes()


def test_two_are_the_same(plain, quire, tmp_path):
    """Whoever makes them, whenever; and with another option they differ, in their names too."""
    again = tmp_path / "again.img"
    made(quire, str(again), "--append", "")
    other = tmp_path / "other.img"
    made(quire, "--append", "log=debug", str(other))
    assert again.read_bytes() == plain.read_bytes()
    guids = [tool("/usr/sbin/sgdisk", "-p", str(image)).split("(GUID): ")[1].split()[0]
             for image in (plain, other)]
    assert guids[0] != guids[1]


@pytest.mark.parametrize("place", [512, ENOUGH - 512], ids=["first", "last"])
def test_either_copy_of_the_table_will_do(plain, tmp_path, place):
    image = tmp_path / "quire.img"
    shutil.copyfile(plain, image)
    with open(image, "r+b") as file:
        file.seek(place)
        file.write(bytes(512))
    assert "'Quire'" in tool("/usr/sbin/sgdisk", "-i", "1", str(image))
    with Guest(image=str(image), medium="xhci") as guest:
        guest.expect(r"\] Quire \d")


def test_on_a_larger_stick(plain, tmp_path):
    """Then the second copy of the table is not at the end, where it should be."""
    image = tmp_path / "quire.img"
    shutil.copyfile(plain, image)
    os.truncate(image, 200 << 20)
    with Guest(image=str(image), medium="xhci") as guest:
        guest.expect(r"\] Quire \d")


def test_a_large_one(quire, tmp_path):
    """Beyond 260 MiB clusters are larger; the file that fills it is sparse here."""
    big = tmp_path / "big"
    big.touch()
    os.truncate(big, 300 << 20)
    image = tmp_path / "large.img"
    made(quire, str(image), "--add", f"{big}:/big")
    assert image.stat().st_size > 300 << 20
    assert_clean(image, tmp_path)


def test_a_folder(quire, tmp_path):
    for words in (["new/"], ["other", "--folder"]):
        target = tmp_path / words[0]
        made(quire, os.path.join(tmp_path, words[0]), *words[1:])
        for name, source in FILES.items():
            assert (target / name).read_bytes() == open(source, "rb").read()
        refused = quire("image", *words[1:], str(target) + "/")
        assert b"not empty; --force writes into it" in refused.stderr
        made(quire, *words[1:], "--force", str(target) + "/")


# ---- wrong uses ----


@pytest.fixture(scope="module", name="keys")
def keys_fixture(tmp_path_factory):
    """Keys, each with its certificate: two that will do, and one that firmware does not know."""
    folder = tmp_path_factory.mktemp("keys")
    return [*(secure_boot.make_key(folder, name) for name in ("one", "two")),
            secure_boot.make_key(folder, "curve", ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"))]


@pytest.mark.parametrize("words, sentence", [
    ([], "image wants a file or a folder: ./quire image quire.img"),
    (["{tmp}/q.img", "no-such-program"], "no-such-program: no such program in PATH, nor here"),
    (["{tmp}/q.img", "{tmp}/text"], "text: is not executable"),
    (["{tmp}/q.img", "--medium", "xhci"], "unknown option --medium"),
    (["{tmp}/none/q.img"], "none: no such folder"),
    (["{tmp}/text/q.img"], "text/q.img: Not a directory"),
    (["{tmp}/" + "x" * 300], "File name too long"),
    (["/dev/null"], "/dev/null: is no ordinary file"),
    (["{tmp}/text"], "text: is there already, and no image of Quire; --force overwrites it"),
    (["{tmp}/text/"], "is no folder"),
    (["{tmp}/q.img", "--sign", "key"], "--sign needs 2 values: KEY CERT"),
    (["{tmp}/q.img", "--sign", "{tmp}/text", "{tmp}/text"], "there is no certificate in it"),
    (["{tmp}/q.img", "--sign", "{tmp}/none", "{tmp}/cert"], "none: No such file or directory"),
    (["{tmp}/q.img", "--sign", "{tmp}", "{tmp}/cert"], "Is a directory"),
    (["{tmp}/q.img", "--sign", "{tmp}/text", "{tmp}/cert"],
     "text: there is no private key in it (PEM: -----BEGIN PRIVATE KEY-----)"),
    (["{tmp}/q.img", "--sign", "{tmp}/locked", "{tmp}/cert"], "locked: is encrypted"),
    (["{tmp}/q.img", "--sign", "{tmp}/other", "{tmp}/cert"],
     "sbsign failed: private key does not match certificate"),
    (["{tmp}/q.img", "--sign", "{tmp}/other", "{tmp}/curve"], "curve: is not of an RSA key"),
    (["{tmp}/q.img", "--add", "{tmp}/none"], "none: No such file or directory"),
    (["{tmp}/q.img", "--append", "a\nb"], "kernel options are words on one line"),
])
def test_wrong_uses(quire, tmp_path, keys, words, sentence):
    (_, certificate), (other, _), (_, curve) = keys
    shutil.copyfile(curve, tmp_path / "curve")
    shutil.copyfile(certificate, tmp_path / "cert")
    shutil.copyfile(other, tmp_path / "other")
    subprocess.run(["openssl", "pkey", "-aes128", "-passout", "pass:x", "-in", other, "-out",
                    tmp_path / "locked"], check=True)
    (tmp_path / "text").write_text("mine\n")
    before = sorted(os.listdir(tmp_path))
    done = quire("image", *(word.format(tmp=tmp_path) for word in words))
    assert done.returncode in (2, 125, 126, 127) and sentence in done.stderr.decode(), done.stderr
    assert b"Traceback" not in done.stderr
    assert sorted(os.listdir(tmp_path)) == before, "something is left"
    assert (tmp_path / "text").read_text() == "mine\n"


def test_what_may_be_overwritten(quire, tmp_path):
    """An image of ours; anything else by --force. A link stays one, and leads to the image."""
    text, link = tmp_path / "text", tmp_path / "link"
    text.write_text("mine\n")
    made(quire, str(text), "--force")
    link.symlink_to(text)
    made(quire, str(link))
    assert link.is_symlink() and text.stat().st_size == ENOUGH
    assert not text.stat().st_mode & 0o111


def test_a_full_disk_leaves_what_was_there(quire, tmp_path):
    """The limit of a file's size stands in for it."""
    image = tmp_path / "q.img"
    made(quire, str(image))
    before = image.read_bytes()
    small = 1 << 20
    done = quire("image", "--append", "log=debug", str(image), preexec_fn=lambda: (
        resource.setrlimit(resource.RLIMIT_FSIZE, (small, small))))
    assert done.returncode == 125 and b"q.img: File too large" in done.stderr, done.stderr
    assert os.listdir(tmp_path) == ["q.img"] and image.read_bytes() == before


def test_a_device_is_never_written(quire, tmp_path):
    """The sentence says what to do. (A node for a disk that is not there.)"""
    node = tmp_path / "sdx"
    try:
        os.mknod(node, 0o660 | 0o060000, os.makedev(8, 240))
    except PermissionError:
        pytest.skip("only root makes device nodes")
    done = quire("image", str(node), "--force")
    assert done.returncode == 125
    assert f"sudo dd if=quire.img of={node} bs=4M conv=fsync" in done.stderr.decode()


# ---- it boots ----


MACHINES = {
    **{medium: {"medium": medium} for medium in qemu.DISKS},
    "xhci, 2 MiB flash": {"medium": "xhci", "firmware": "2m"},
    "xhci, 4 MiB flash": {"medium": "xhci", "firmware": "4m"},
    "ehci, pc": {"medium": "ehci", "machine": "pc"},
}


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES.keys())
def test_it_boots(machine):
    with Guest([job(HELLO)], **machine) as guest:
        (result,) = guest.results()
        assert (result.stdout, result.stderr, result.status) == (b"hello, world\n", b"", 0)


def test_what_a_user_made_boots(plain):
    """To the shell, and nothing is asked of anybody."""
    with Guest(image=str(plain), medium="xhci", append="window=80,24") as guest:
        guest.until("# \x1b[6n")
        guest.type("echo $((6 * 7)); poweroff -f\r")
        guest.until("\r\n42\r\n")
        assert guest.wait() in (0, qemu.STATUS_DONE)


def test_added_files_are_on_it(quire, tmp_path):
    note = tmp_path / "note"
    note.write_text("a note\n")
    image = tmp_path / "q.img"
    made(quire, "--add", f"{note}:/etc/note", str(image), "--append", "window=80,24 mark=here")
    with Guest(image=str(image), medium="sata") as guest:
        assert "mark=here" in guest.expect(r"options: (.*)")[1]
        guest.until("# \x1b[6n")
        guest.type("cat /etc/note\r")
        guest.until("\r\na note\r\n")


def test_a_program_at_boot(quire, tmp_path):
    """It has the console, and nothing of the environment of whoever made the image."""
    image = tmp_path / "q.img"
    words = ("--env", "X=1", "--append", "window=80,24", "--no-packages", "--", "/bin/busybox",
             "sh", "-c", "env; exit 3")
    made(quire, str(image), *words, env={**os.environ, "HOME": "/me", "LANG": "de_DE.UTF-8"})
    with Guest(image=str(image), medium="xhci") as guest:
        guest.until("SHLVL=1\r\n")
        guest.expect(r"job: /bin/busybox exited with status 3")
        assert guest.wait() == qemu.STATUS_DONE
        seen = "\n".join(guest.lines)
    assert "HOME=/root" in seen and "X=1" in seen and "LANG" not in seen


def test_on_a_machine_without_uefi(plain):
    """A BIOS starts the first sector: it says what to do."""
    with Guest(image=str(plain), medium="sata", machine="q35,graphics=off", firmware=SEABIOS
               ) as guest:
        guest.expect(r"Quire boots through UEFI, and this machine has started it the old way")
        guest.expect(r'Choose the entry "UEFI" of this stick\. Press a key\.')
        guest.type("x")
        guest.expect(r"No bootable device")


def test_run_usb(quire):
    done = quire("run", "--usb", "-v", HELLO)
    assert (done.returncode, done.stdout) == (0, b"hello, world\n"), done.stderr.decode()
    assert b"UEFI QEMU QEMU USB HARDDRIVE" in done.stderr
    refused = quire("run", "--usb", "--boot", "pvh", HELLO)
    assert refused.returncode == 2 and b"--usb boots through firmware" in refused.stderr


# ---- Secure Boot ----


class Signed:
    """A signed image, and firmware that trusts its key alone."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.key, self.certificate = secure_boot.make_key(self.folder, "owner")
        self.variables = secure_boot.trusting(self.certificate, os.path.join(folder, "vars.fd"))
        self.image = os.path.join(folder, "signed.img")
        self.make(self.image, "--sign", self.key, self.certificate)

    @staticmethod
    def make(target, *words):
        subprocess.run([os.path.join(paths.ROOT, "quire"), "image", target, *words, "--append",
                        "window=80,24"], check=True, capture_output=True)

    def changed(self, name, change):
        """The path of a copy in which the file `name` has been given to `change`: bytes to bytes,
        or to None to remove it."""
        image = os.path.join(self.folder, f"changed-{os.path.basename(name)}.img")
        part = os.path.join(self.folder, "part")
        shutil.copyfile(self.image, image)
        volume = f"{image}@@{OFFSET}"
        tool("mcopy", "-n", "-o", "-i", volume, f"::{name}", part)
        with open(part, "rb") as file:
            contents = change(file.read())
        tool("mdel", "-i", volume, f"::{name}")
        if contents is not None:
            with open(part, "wb") as file:
                file.write(contents)
            tool("mcopy", "-i", volume, part, f"::{name}")
        return image

    def boots(self, image, medium="xhci", **config):
        return Guest(image=image, medium=medium, firmware="secboot", variables=self.variables,
                     **config)


@pytest.fixture(scope="module", name="signed")
def signed_fixture(tmp_path_factory):
    return Signed(tmp_path_factory.mktemp("signed"))


def with_changed_byte(at):
    def change(contents):
        return contents[:at] + bytes([contents[at] ^ 1]) + contents[at + 1:]
    return change


def test_secure_boot(signed):
    with signed.boots(signed.image, "nvme") as guest:
        guest.until("# \x1b[6n")


def test_secure_boot_typed_at(signed, tmp_path):
    """A stick beside the keyboard, and a screen: what a person has."""
    monitor = Monitor(tmp_path)
    with signed.boots(signed.image, video="VGA", serial=False, machine=NO_PS2, limit=180, extra=(
            *monitor.words, "-device", "usb-kbd,bus=xhci.0")) as guest:
        screen = Screen(guest, monitor, tmp_path)
        screen.until(at_prompt)
        use_the_shell(screen, monitor)


def test_secure_boot_certificate(signed, tmp_path):
    """For the firmware's setup, and the loader's signature belongs to it."""
    volume = f"{signed.image}@@{OFFSET}"
    for name in ("quire/certificate.cer", "EFI/BOOT/BOOTX64.EFI"):
        tool("mcopy", "-n", "-i", volume, f"::{name}", str(tmp_path))
    with open(signed.certificate, encoding="ascii") as file:
        assert (tmp_path / "certificate.cer").read_bytes() == ssl.PEM_cert_to_DER_cert(file.read())
    tool("sbverify", "--cert", signed.certificate, str(tmp_path / "BOOTX64.EFI"))


def test_a_signed_folder(signed, tmp_path):
    target = tmp_path / "stick"
    signed.make(f"{target}/", "--sign", signed.key, signed.certificate)
    tool("sbverify", "--cert", signed.certificate, str(target / "EFI/BOOT/BOOTX64.EFI"))
    assert (target / "quire/certificate.cer").exists()


CHANGES = {
    "kernel": ("quire/kernel.elf", with_changed_byte(-1)),
    "kernel with a byte more": ("quire/kernel.elf", lambda contents: contents + b"\0"),
    "initrd": ("quire/initrd.cpio", with_changed_byte(1000)),
    "options": ("quire/cmdline.txt", with_changed_byte(0)),
    "more options": ("quire/cmdline.txt", lambda contents: b"debugshell " + contents),
    "no options": ("quire/cmdline.txt", lambda contents: None),
}


@pytest.mark.parametrize("name, change", CHANGES.values(), ids=CHANGES.keys())
def test_secure_boot_refuses_changed(signed, name, change):
    path = "\\" + name.replace("/", "\\")
    image = signed.changed(name, change)
    with signed.boots(image) as guest:
        with pytest.raises(AssertionError, match="the boot failed: ") as caught:
            guest.wait()
    sentence = f"{path}: not the file that this loader was signed with (its SHA-256 is another)"
    assert sentence in str(caught.value)
    os.unlink(image)


def test_secure_boot_refuses_a_changed_loader(signed):
    """Whoever changes a hash changes what was signed."""
    image = signed.changed("EFI/BOOT/BOOTX64.EFI", lambda contents: contents.replace(
        (digest := contents[contents.index(b"HASH"):][16:48]), bytes(len(digest))))
    with signed.boots(image) as guest:
        with pytest.raises(AssertionError, match="Access Denied|Security Violation"):
            guest.wait()
    os.unlink(image)


def test_secure_boot_refuses_unsigned(signed, plain):
    with signed.boots(str(plain)) as guest:
        with pytest.raises(AssertionError, match="Access Denied|Security Violation"):
            guest.wait()


def test_secure_boot_refuses_another_key(signed, tmp_path):
    image = str(tmp_path / "other.img")
    signed.make(image, "--sign", *secure_boot.make_key(tmp_path, "stranger"))
    with signed.boots(image) as guest:
        with pytest.raises(AssertionError, match="Access Denied|Security Violation"):
            guest.wait()


def test_secure_boot_refuses_a_loader_without_hashes(signed, tmp_path):
    """Signed by hand, it would start any kernel in its owner's name."""
    loader = str(tmp_path / "BOOTX64.EFI")
    subprocess.run(["sbsign", "--key", signed.key, "--cert", signed.certificate, "--output",
                    loader, paths.LOADER], check=True, capture_output=True)
    with Guest(loader=loader, firmware="secboot", variables=signed.variables) as guest:
        with pytest.raises(AssertionError, match="signed without the hashes of its files"):
            guest.wait()


def test_hashes_count_without_secure_boot_too(signed):
    """The loader knows what it was signed with, whoever starts it."""
    with Guest(image=signed.image, medium="xhci") as guest:
        guest.until("# \x1b[6n")
    image = signed.changed("quire/kernel.elf", with_changed_byte(-1))
    with Guest(image=image, medium="xhci") as guest:
        with pytest.raises(AssertionError, match="not the file that this loader was signed with"):
            guest.wait()
    os.unlink(image)


# ---- an image that is not whole ----


def test_an_image_cut_short(plain, tmp_path):
    """A copy that was stopped: a sentence of the loader's, or the firmware finds nothing."""
    image = tmp_path / "short.img"
    shutil.copyfile(plain, image)
    os.truncate(image, OFFSET + (2 << 20))
    with Guest(image=str(image), medium="xhci") as guest:
        with pytest.raises(AssertionError, match="the boot failed: "):
            guest.wait()

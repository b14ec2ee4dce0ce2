"""paths.py: where things are in the repository."""

import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build")

LOADER = os.path.join(BUILD, "BOOTX64.EFI")
KERNEL = os.path.join(BUILD, "kernel.elf")
KERNEL_TEST = os.path.join(BUILD, "kernel-test.elf")
INITRD = os.path.join(BUILD, "initrd.cpio")
ESP = os.path.join(BUILD, "esp")
RUNS = os.path.join(BUILD, "run")  # one folder a running machine
